package mail

import "bytes"

// attachment stores the body as a file.
func (w *walk) attachment(p part) {
	switch {
	case p.isText() && !p.attachment:
		// A named text is shown and kept.
		text := w.attachmentTee(p, w.limit)
		w.addText(p, text)
	case p.isText(), p.typ == "text/csv", p.typ == "text/markdown", p.typ == "text/x-log":
		w.attachedText(p)
	case hasPrefix(p.typ, "text/"):
		// Some mailers send the body itself as a file.
		text := w.tee(p, min(w.limit, 64<<10))
		if len(w.fallback) == 0 {
			w.fallbackText(p, text)
		}
	default:
		w.store(p, bodyPart, 0)
	}
}

// attachedText stores a file and keeps what it says for the end of the text: a
// note, an exported chat, the words of a picture message, or the mail itself
// that a gateway has put behind its own notice.
func (w *walk) attachedText(p part) {
	room := max(w.limit-len(w.files), 0)
	raw := w.attachmentTee(p, room)
	if w.err != nil {
		return
	}
	text, quoted := w.text, w.quoted
	w.text, w.quoted = w.files, nil
	start := w.separate()
	if p.name != "" {
		w.text = append(append(w.text, p.name...), ':')
	}
	named := len(w.text)
	if start == 0 {
		w.heading = named
	}
	if isPlainly(raw, lookupCharset(p.charset)) {
		w.addText(p, raw)
	}
	if len(w.text) == named { // it says nothing
		w.text = bytes.TrimRight(w.text[:start], "\n")
	}
	w.files, w.text, w.quoted = w.text, text, quoted
}

// isPlainly tells text from other bytes under the name of a text, of which about
// a tenth are control characters. Zeros do not count, they vanish.
func isPlainly(raw []byte, declared *charset) bool {
	if declared != nil && declared.wide || bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff")) {
		return true
	}
	controls := 0
	for _, c := range raw {
		if c > 0 && c < '\t' || c > '\r' && c < ' ' && c != '\x1b' {
			controls++
		}
	}
	return controls*40 <= len(raw)
}

// fallbackText keeps the text of a file for a mail without any other text.
func (w *walk) fallbackText(p part, raw []byte) {
	text := decodeText(raw, lookupCharset(p.charset), w.words.fallback)
	if p.isHTML() || p.typ == "text/x-amp-html" {
		text, _ = w.html.convert(nil, nil, text)
	}
	w.fallback = append(w.fallback, bytes.TrimSpace(text)...)
}

// attachmentTee stores the body and also returns its first limit bytes, which
// are read; a flag tells of the others.
func (w *walk) attachmentTee(p part, limit int) []byte {
	raw := w.tee(p, limit)
	if w.err == nil && w.attachments[len(w.attachments)-1].Size > int64(limit) {
		w.marks.oversize = true
	}
	return raw
}

// tee is attachmentTee of what is read only when there is no other text.
func (w *walk) tee(p part, limit int) []byte {
	w.raw = w.raw[:0]
	w.store(p, bodyPart, limit)
	return w.raw
}
