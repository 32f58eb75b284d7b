package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"contactd/contact"
)

// textPart reads the body as text of the mail.
func (w *walk) textPart(p part) {
	l := &w.lines
	w.decoder.reset(p.encoding)
	w.raw = w.raw[:0]
	limit, newline := w.limit, []byte{'\n'}
	if p.isHTML() { // pictures inside it are long, and its text comes after them
		limit *= 8
	}
	for first := true; l.body(); first = first && len(bytes.TrimSpace(l.text)) == 0 {
		if first && p.encoding == base64Encoding && !isBase64Line(l.text) {
			w.marks.degraded = true
			w.decoder.reset(identity)
		}
		if w.decoder.encoding == identity && len(l.text) > 10 && l.text[0] == 'b' && w.inlineFile() {
			continue
		}
		if len(w.raw) >= limit {
			w.marks.oversize = true
			continue
		}
		eol := l.eol
		if len(eol) > 0 {
			eol = newline
		}
		w.raw = w.decoder.line(w.raw, l.text, eol)
	}
	w.raw = w.decoder.end(w.raw)
	w.marks.degraded = w.marks.degraded || w.decoder.degraded
	if w.decoder.encoding == identity {
		if decoded, found := undeclared(w.raw); found {
			w.raw, w.marks.degraded = append(w.raw[:0], decoded...), true
		}
	}
	if len(w.raw) > limit {
		w.marks.oversize = true
		w.raw = w.raw[:limit]
	}
	w.addText(p, w.raw)
}

// isBase64Line reports whether nothing in the line speaks against base64.
func isBase64Line(text []byte) bool {
	for _, c := range bytes.TrimSpace(text) {
		if base64Digit(c) == 64 && c != '=' {
			return false
		}
	}
	return true
}

// inlineFile stores a uuencoded file that begins at the current line.
func (w *walk) inlineFile() bool {
	l := &w.lines
	rest, ok := bytes.CutPrefix(l.text, []byte("begin "))
	if !ok || l.mid || len(rest) > 300 || len(rest) < 5 || bytes.IndexByte(rest, ' ') < 3 {
		return false
	}
	for _, c := range rest[:bytes.IndexByte(rest, ' ')] {
		if c < '0' || c > '7' {
			return false
		}
	}
	l.text, l.eol = bytes.Clone(l.text), bytes.Clone(l.eol)
	next := l.peek(80)
	if end := bytes.IndexAny(next, "\r\n"); end < 0 || !isUULine(next[:end]) {
		return false
	}
	if w.parts++; w.parts > maxParts {
		w.stopped, w.marks.degraded, w.marks.oversize = true, true, true
		return false
	}
	name := w.words.fileName(l.text[6+bytes.IndexByte(rest, ' ')+1:])
	before := w.decoder
	w.store(part{name: name, encoding: uuEncoding}, bodyUU, 0)
	w.decoder = before
	return true
}

// addText turns the decoded bytes of a text part into text.
func (w *walk) addText(p part, raw []byte) {
	if len(w.text) >= maxTextParts*w.limit {
		w.marks.oversize = true
		return
	}
	declared := lookupCharset(p.charset)
	html := p.isHTML() || looksLikeHTML(raw)
	if html && declared == nil {
		declared = lookupCharset(metaCharset(raw))
	}
	text := decodeText(raw, declared, w.words.fallback)
	before := len(w.text)
	start := w.separate()
	switch {
	case html:
		w.htmlParts++
		w.addHTML(text)
	case p.typ == "text/enriched" || p.typ == "text/richtext":
		w.text = appendClean(w.text, stripTags(text))
	case p.flowed:
		w.text = appendFlowed(w.text, text, p.delSp)
	default:
		w.text = appendClean(w.text, text)
	}
	if len(w.text)-start > w.limit {
		w.marks.oversize = true
		w.text = cutText(w.text, start+w.limit)
	}
	w.text = trimFrom(w.text, start)
	if len(w.text) == start {
		w.text = w.text[:before]
	}
	if bytes.Contains(w.text[min(start, len(w.text)):], []byte("-----BEGIN PGP MESSAGE-----")) {
		w.marks.encrypted = true
	}
}

// looksLikeHTML tells HTML that was sent as plain text.
func looksLikeHTML(raw []byte) bool {
	start := bytes.TrimSpace(raw[:min(len(raw), 64)])
	return len(start) >= 6 && start[0] == '<' && (equalFold(start[:5], "<html") || len(start) >= 14 && equalFold(start[:14], "<!doctype html"))
}

// metaCharset finds the charset that an HTML page names for itself.
func metaCharset(raw []byte) string {
	start := bytes.ToLower(raw[:min(len(raw), 1024)])
	_, after, ok := bytes.Cut(start, []byte("charset="))
	if !ok {
		return ""
	}
	after = bytes.TrimLeft(after, "\"' ")
	if end := bytes.IndexAny(after, "\"' />;"); end >= 0 {
		after = after[:end]
	}
	return string(after)
}

// trimFrom cuts white space off the end of text and empty lines off the piece
// that begins at start.
func trimFrom(text []byte, start int) []byte {
	end := len(text)
	for end > start && (text[end-1] <= ' ') {
		end--
	}
	from := start
	for i := start; i < end; i++ {
		if text[i] == '\n' {
			from = i + 1
		} else if text[i] > ' ' {
			break
		}
	}
	if from > start {
		n := copy(text[start:], text[from:end])
		end = start + n
	}
	return text[:end]
}

// store streams the body into the blobs and lists it.
func (w *walk) store(p part, kind bodyKind, tee int) {
	w.decoder.reset(p.encoding)
	w.body = body{w: w, kind: kind, tee: tee, out: w.body.buf[:0], buf: w.body.buf}
	var blob contact.Blob
	var err error
	if w.blobs == nil {
		blob, err = measure(&w.body)
	} else {
		blob, err = w.blobs.Store(w.ctx, &w.body)
	}
	if err == nil && !w.body.done { // a store that stopped early has not kept all
		_, err = io.Copy(io.Discard, &w.body)
	}
	w.marks.degraded = w.marks.degraded || w.decoder.degraded
	if err != nil {
		w.err = err
		return
	}
	w.attachments = append(w.attachments, contact.Attachment{Blob: blob, Name: p.name, Claimed: p.claimed, Inline: p.inline})
}

// measure says what a blob would be, for a reader without a place to keep it.
func measure(r io.Reader) (contact.Blob, error) {
	digest := sha256.New()
	size, err := io.Copy(digest, r)
	return contact.Blob{SHA256: hex.EncodeToString(digest.Sum(nil)), Size: size}, err
}

// bodyKind says where a body ends besides at a boundary.
type bodyKind uint8

const (
	bodyPart bodyKind = iota
	bodyUU            // after the line "end", or before a line that is no uuencoding
)

// body gives the decoded bytes of the part that the walk is in.
type body struct {
	w    *walk
	kind bodyKind
	tee  int    // how many bytes to copy into w.raw
	out  []byte // decoded and not given out yet
	buf  []byte
	done bool
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(b.out) == 0 && !b.fill() {
			break
		}
		c := copy(p[n:], b.out)
		n += c
		b.out = b.out[c:]
	}
	switch {
	case n > 0 || len(p) == 0:
		return n, nil
	case b.w.lines.err != nil:
		return 0, b.w.lines.err
	}
	return 0, io.EOF
}

// fill decodes further lines; false means that the body has ended.
func (b *body) fill() bool {
	l, d := &b.w.lines, &b.w.decoder
	b.buf = b.buf[:0]
	for !b.done && len(b.buf) == 0 {
		switch {
		case !l.body():
			b.done = true
			b.buf = d.end(b.buf)
		case b.kind == bodyUU && bytes.Equal(bytes.TrimSpace(l.text), []byte("end")):
			b.done = true
		case b.kind == bodyUU && !isUULine(l.text):
			if len(bytes.TrimSpace(l.text)) > 0 {
				d.degraded = true
				l.back()
				b.done = true
			}
		case b.kind == bodyUU:
			b.buf = appendUU(b.buf, l.text)
		default:
			b.buf = d.line(b.buf, l.text, l.eol)
		}
	}
	b.out = b.buf
	if room := b.tee - len(b.w.raw); room > 0 {
		b.w.raw = append(b.w.raw, b.out[:min(room, len(b.out))]...)
	}
	return len(b.out) > 0
}
