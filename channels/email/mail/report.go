package mail

import (
	"bytes"
	"strings"

	"contactd/contact"
)

// Report is what a delivery report or read receipt says about a mail that was
// sent. Believe it only when OriginalID is an id that was issued here.
type Report struct {
	// Kind is contact.Bounce or contact.Receipt, or contact.Person when the
	// mail is no report.
	Kind contact.Automatic
	// Recipients are those reported on, in the order of the report.
	Recipients []Recipient
	// OriginalID is the Message-ID of the mail reported on, without brackets,
	// or empty; ReplyID what its ReplyHeader says, and EnvelopeID what its
	// envelope was called (RFC 3461, ENVID).
	OriginalID string
	ReplyID    string `json:",omitempty"`
	EnvelopeID string `json:",omitempty"`
}

// Recipient is what became of a mail for one recipient.
type Recipient struct {
	// Address is the final recipient, Original what the sender wrote, if that
	// is told too.
	Address  string
	Original string `json:",omitempty"`
	// Action is failed, delayed, delivered, relayed or expanded; for a read
	// receipt, the disposition, such as "displayed".
	Action string
	// Status is the code of RFC 3463, such as "5.1.1".
	Status string
}

const maxReportBytes = 256 << 10

func reportKind(reportType string) contact.Automatic {
	switch reportType {
	case "delivery-status":
		return contact.Bounce
	case "disposition-notification":
		return contact.Receipt
	}
	return contact.Person
}

// statusPart reads message/delivery-status and
// message/disposition-notification: blocks of fields.
func (w *walk) statusPart(p part) {
	reports := w.inReport && w.messages == 0 // and is not a forward of a report
	if reports && w.report.Kind == contact.Person {
		w.report.Kind = contact.Bounce
		if p.typ == "message/disposition-notification" {
			w.report.Kind = contact.Receipt
		}
	}
	raw := w.reported(p)
	if reports {
		w.report.read(raw, w.words)
	}
	w.keepFallback(raw)
}

// reported decodes a part of a report into w.raw.
func (w *walk) reported(p part) []byte {
	w.decoder.reset(p.encoding)
	w.raw = w.raw[:0]
	for w.lines.body() {
		if len(w.raw) < maxReportBytes {
			w.raw = w.decoder.line(w.raw, w.lines.text, []byte{'\n'})
		}
	}
	w.raw = w.decoder.end(w.raw)
	return w.raw
}

// read takes the recipients from the blocks of a report.
func (r *Report) read(raw []byte, words words) {
	var current Recipient
	flush := func() {
		if current.Address == "" {
			current.Address, current.Original = current.Original, ""
		}
		if current != (Recipient{}) && len(r.Recipients) < maxAddresses {
			r.Recipients = append(r.Recipients, current)
		}
		current = Recipient{}
	}
	for line := range bytes.Lines(raw) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 {
			flush()
			continue
		}
		colon := fieldName(line)
		if colon < 0 {
			continue
		}
		value := bytes.TrimSpace(line[colon+1:])
		switch lower(bytes.TrimSpace(line[:colon])) {
		case "final-recipient":
			current.Address = typedAddress(value, words)
		case "original-recipient":
			current.Original = typedAddress(value, words)
		case "action":
			current.Action = firstWord(value)
		case "status":
			current.Status = firstWord(value)
		case "disposition":
			_, kind, _ := bytes.Cut(value, []byte(";"))
			action, _, _ := strings.Cut(firstWord(kind), "/")
			current.Action = action
		case "original-envelope-id":
			r.EnvelopeID = string(validUTF8(value[:min(len(value), maxID)]))
		case "original-message-id":
			if id := firstID(value); id != "" && r.OriginalID == "" {
				r.OriginalID = id
			}
		}
	}
	flush()
}

// typedAddress reads "rfc822; someone@example.org".
func typedAddress(value []byte, words words) string {
	kind, after, ok := bytes.Cut(value, []byte(";"))
	switch {
	case !ok:
	case equalWord(bytes.TrimSpace(kind), "utf-8"): // RFC 6533
		value = []byte(withoutEscapes(string(after)))
	default:
		value = after
	}
	return cleanAddress(words, value)
}

// noteOriginal takes the ids of the mail that a report is about from its header.
func (w *walk) noteOriginal() {
	if w.inReport && w.messages == 0 && w.report.OriginalID == "" {
		w.report.OriginalID, w.report.ReplyID = firstID(w.inner.get("Message-ID")), firstID(w.inner.get(ReplyHeader))
	}
}

// originalHeaders reads the header of the mail that a report is about.
func (w *walk) originalHeaders(p part) {
	if p.encoding != identity {
		raw := bytes.Clone(w.reported(p))
		w.nested(raw, func() { w.originalHeaders(part{}) })
		return
	}
	w.inner.read(&w.lines)
	w.noteOriginal()
	start := w.separate()
	w.forwardHeader()
	w.text = trimFrom(w.text, start)
	if len(w.text) == start {
		w.text = bytes.TrimRight(w.text, "\n")
		return
	}
	w.quote(start)
}

// findOriginal looks in the text of a bounce without a report for an id that
// was issued here: of the mail that came back, or anywhere when its text names
// no mail's id.
func (r *Report) findOriginal(text string, tokens Tokens, h *header) {
	if r.OriginalID != "" || len(tokens.keys) == 0 || r.Kind == contact.Person && !isNullPath(h) && !h.present("X-Failed-Recipients") {
		return
	}
	text = text[:min(len(text), maxReferenceLen)]
	named := messageIDs(text)
	if len(named) == 0 {
		named = appendIDs(nil, []byte(text))
	}
	for _, id := range named {
		if _, ok := tokens.fromID(id); ok {
			r.OriginalID = id
			return
		}
	}
}

// messageIDs returns the ids in those fields of a header that name the mail
// itself.
func messageIDs(text string) []string {
	var list []string
	for at := 0; at < len(text); at = lineEnd(text, at) {
		line := strings.TrimLeft(text[at:], " \t>")
		for _, name := range [...]string{"Message-ID:", ReplyHeader + ":"} {
			if len(line) > len(name) && strings.EqualFold(line[:len(name)], name) {
				id, _, _ := strings.Cut(strings.TrimLeft(line[len(name):], " \t\n>"), "\n")
				list = appendIDs(list, []byte(id))
			}
		}
	}
	return list
}
