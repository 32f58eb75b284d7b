package mail

import (
	"bytes"
	"context"
	"io"

	"contactd/channels"
	"contactd/contact"
)

// walk reads one mail. It is used again for the next one, so that a typical
// mail costs few allocations.
type walk struct {
	ctx   context.Context
	words words
	limit int // bytes of one text part
	blobs channels.Blobs

	lines   lines
	decoder decoder
	root    header // of the mail
	inner   header // of the part or message being entered
	raw     []byte // bytes of the text part being read
	body    body   // bytes of the attachment being stored

	// text grows part by part; quoted are the pieces of it that others wrote.
	text   []byte
	quoted []span
	// fallback is text from places that mail programs do not show; it is used
	// when there is no other.
	fallback []byte
	// files is what the attached texts say, each under its name; they stand
	// behind the text. heading is how long the name of the first is.
	files    []byte
	heading  int
	html     htmlText
	compared wordSet

	attachments []contact.Attachment
	calendars   int
	properties  int // of calendars
	parts       int
	htmlParts   int // text parts that came from HTML
	messages    int // mails inside the mail around the current place
	inReport    bool
	stopped     bool
	marks       marks
	report      Report
	err         error // of the reader underneath or the blobs: ends the walk
}

// span is a piece of walk.text.
type span struct{ start, end int }

// marks are the flags found on the way.
type marks struct{ degraded, oversize, hidden, tnef, encrypted bool }

func (w *walk) reset(ctx context.Context, raw io.Reader) {
	w.ctx = ctx
	w.lines.reset(raw)
	w.text, w.quoted, w.fallback, w.files = w.text[:0], w.quoted[:0], w.fallback[:0], w.files[:0]
	w.attachments = nil
	w.calendars, w.properties, w.parts, w.htmlParts = 0, 0, 0, 0
	w.messages, w.inReport = 0, false
	w.stopped, w.marks, w.report, w.err = false, marks{}, Report{}, nil
}

// mail reads the whole mail: header into root, the rest into text and
// attachments.
func (w *walk) mail() {
	if w.startsWithHeader() {
		w.root.read(&w.lines)
	}
	w.marks.degraded = w.marks.degraded || w.root.degraded
	p := w.words.describe(&w.root, "text/plain")
	if len(w.root.stray) > 0 {
		w.fallback = append(w.fallback, w.root.stray...)
	}
	w.inReport = p.typ == "message/delivery-status" || p.typ == "message/disposition-notification" || isNullPath(&w.root)
	w.part(p, 0)
	if w.err == nil {
		w.err = w.lines.err
	}
}

// startsWithHeader passes over empty lines before the header and reports
// whether a header follows: after an empty line, anything but a field is text.
func (w *walk) startsWithHeader() bool {
	w.root.reset()
	empty := false
	for w.lines.next() {
		text := w.lines.text
		if len(bytes.TrimSpace(text)) > 0 {
			w.lines.back()
			return !empty || fieldName(text) > 0 || isEnvelopeLine(text)
		}
		empty = true
	}
	return false
}

// part reads the body that p describes and everything in it.
func (w *walk) part(p part, depth int) {
	if w.parts++; w.parts > maxParts {
		w.stopped, w.marks.degraded, w.marks.oversize = true, true, true
	}
	if w.stopped || w.err != nil {
		return
	}
	w.marks.degraded = w.marks.degraded || p.degraded
	w.marks.encrypted = w.marks.encrypted || p.isEncrypted()
	w.marks.tnef = w.marks.tnef || p.isTNEF()
	container := hasPrefix(p.typ, "multipart/")
	switch {
	case container && depth < maxDepth:
		w.multipart(p, depth)
	case container:
		w.marks.degraded, w.marks.oversize = true, true
		w.textPart(part{typ: "text/plain", charset: p.charset, encoding: identity})
	case p.typ == "message/rfc822" || p.typ == "message/global" || p.typ == "message/news":
		w.message(p, depth)
	case p.typ == "message/delivery-status" || p.typ == "message/global-delivery-status" || p.typ == "message/disposition-notification":
		w.statusPart(p)
	case p.typ == "text/rfc822-headers" || p.typ == "message/global-headers":
		w.originalHeaders(p)
	case p.isCalendar():
		w.calendarPart(p)
	case p.typ == "application/pkcs7-mime" || p.typ == "application/x-pkcs7-mime":
		w.signedPart(p, depth)
	case p.isText() && !p.attachment && p.name == "" && !p.isTNEF():
		w.textPart(p)
	default:
		w.attachment(p)
	}
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

// multipart reads the parts between boundaries.
func (w *walk) multipart(p part, depth int) {
	l := &w.lines
	if p.boundary == nil {
		w.marks.degraded = true
	}
	level := l.push(p.boundary)
	defer l.pop(level)
	if !w.preamble(level) {
		w.noBoundary(p, depth)
		return
	}
	childType := "text/plain"
	if p.typ == "multipart/digest" {
		childType = "message/rfc822"
	}
	choice := choice{active: p.typ == "multipart/alternative", start: len(w.text), spans: len(w.quoted)}
	if p.typ == "multipart/report" && w.messages == 0 {
		w.inReport = true
		w.report.Kind = reportKind(p.report)
	}
	for w.err == nil && !w.stopped && l.next() {
		if l.level != level {
			l.back() // the boundary of a multipart around this one
			break
		}
		if l.closing {
			w.choose(&choice)
			w.epilogue()
			continue
		}
		w.inner.read(l)
		w.marks.degraded = w.marks.degraded || w.inner.degraded
		child := w.words.describe(&w.inner, childType)
		w.keepStray()
		from := w.mark()
		w.part(child, depth+1)
		choice.add(w, from)
		w.drain()
	}
	w.choose(&choice)
}

// drain passes over what a part left unread.
func (w *walk) drain() {
	for !w.stopped && w.lines.body() {
		continue
	}
}

// preamble reads up to the first boundary and reports whether there is one. A
// line that looks like a boundary and is followed by the header of a part
// replaces a declared boundary that has not been seen.
func (w *walk) preamble(level int) bool {
	l := &w.lines
	w.raw = w.raw[:0]
	for l.next() {
		if l.level >= 0 {
			own := l.level == level
			l.back()
			if own {
				w.keepFallback(w.raw)
			}
			return own
		}
		if boundary := w.guessBoundary(); boundary != nil {
			w.marks.degraded = true
			l.open[level] = boundary
			l.level, l.closing = level, false
			l.back()
			return true
		}
		if len(w.raw) < w.limit {
			w.raw = append(append(w.raw, l.text...), l.eol...)
		}
	}
	return false
}

// guessBoundary returns the boundary that the current line seems to be.
func (w *walk) guessBoundary() []byte {
	l := &w.lines
	if len(l.text) < 4 || len(l.text) > 200 || l.mid || l.text[0] != '-' || l.text[1] != '-' {
		return nil
	}
	l.text, l.eol = bytes.Clone(l.text), bytes.Clone(l.eol)
	if next := l.peek(8); len(next) == 8 && equalFold(next, "Content-") {
		return bytes.TrimRight(l.text[2:], " \t")
	}
	return nil
}

// noBoundary takes the bytes in raw, which no boundary divided, as text; or as
// parts, if the multipart was encoded as a whole, which no standard allows.
func (w *walk) noBoundary(p part, depth int) {
	if isBlank(bytes.TrimSpace(w.raw)) {
		return
	}
	w.marks.degraded = true
	if p.encoding == identity {
		w.addText(part{typ: "text/plain", charset: p.charset}, w.raw)
		return
	}
	w.decoder.reset(p.encoding)
	var decoded []byte
	for line := range bytes.Lines(w.raw) {
		decoded = w.decoder.line(decoded, bytes.TrimRight(line, "\r\n"), []byte{'\n'})
	}
	decoded = w.decoder.end(decoded)
	p.encoding = identity
	w.nested(decoded, func() { w.part(p, depth+1) })
}

// epilogue passes over what follows the closing boundary, up to a boundary.
func (w *walk) epilogue() {
	w.raw = w.raw[:0]
	for w.lines.body() {
		if len(w.raw) < w.limit {
			w.raw = append(append(w.raw, w.lines.text...), w.lines.eol...)
		}
	}
	w.keepFallback(w.raw)
}

// keepFallback keeps text that is shown only if there is no other.
func (w *walk) keepFallback(raw []byte) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || len(w.fallback)+len(raw) > w.limit {
		return
	}
	if len(w.fallback) > 0 {
		w.fallback = append(w.fallback, '\n')
	}
	w.fallback = append(w.fallback, decodeText(raw, nil, w.words.fallback)...)
}

func (w *walk) keepStray() {
	if len(w.inner.stray) > 0 {
		w.keepFallback(w.inner.stray)
	}
}

// message reads a mail inside the mail: a forward, or the original that a
// report is about. What it says is quoted.
func (w *walk) message(p part, depth int) {
	if depth >= maxDepth {
		w.marks.degraded, w.marks.oversize = true, true
		w.textPart(part{typ: "text/plain"})
		return
	}
	if p.encoding != identity || p.byName {
		w.encodedMessage(p, depth)
		return
	}
	w.inner.read(&w.lines)
	w.marks.degraded = w.marks.degraded || w.inner.degraded
	w.keepStray()
	w.noteOriginal()
	child := w.words.describe(&w.inner, "text/plain")
	start := w.separate()
	w.forwardHeader()
	w.messages++
	w.part(child, depth+1)
	w.messages--
	w.text = trimFrom(w.text, start)
	w.quote(start)
}

// encodedMessage reads a forward that came as a file, or was encoded, which the
// standard forbids and some gateways do: it is kept as a file and read from its
// first bytes.
func (w *walk) encodedMessage(p part, depth int) {
	w.marks.degraded = w.marks.degraded || !p.byName
	inside := bytes.Clone(w.attachmentTee(p, w.limit))
	p.encoding, p.byName = identity, false
	w.nested(inside, func() { w.message(p, depth+1) })
}

// nested runs read over bytes that were decoded out of the mail.
func (w *walk) nested(raw []byte, read func()) {
	if w.err != nil {
		return
	}
	outer := w.lines
	w.lines = lines{r: newBuffer()}
	w.lines.reset(bytes.NewReader(raw))
	read()
	outer.visited += w.lines.visited
	w.lines = outer
}

// forwardHeader shows who wrote a forwarded mail, when, and about what.
func (w *walk) forwardHeader() {
	for _, name := range [...]string{"From", "Date", "To", "Subject"} {
		if value := w.inner.get(name); value != nil {
			w.text = append(append(w.text, name...), ": "...)
			w.text = append(append(w.text, w.words.decode(value)...), '\n')
		}
	}
	w.text = bytes.TrimSuffix(w.text, []byte("\n"))
}

// separate begins a new paragraph of the text and returns where.
func (w *walk) separate() int {
	if len(w.text) > 0 {
		w.text = append(w.text, "\n\n"...)
	}
	return len(w.text)
}

// quote marks everything from start as written by others.
func (w *walk) quote(start int) {
	for len(w.quoted) > 0 && w.quoted[len(w.quoted)-1].start >= start {
		w.quoted = w.quoted[:len(w.quoted)-1]
	}
	if start < len(w.text) {
		w.quoted = append(w.quoted, span{start, len(w.text)})
	}
}
