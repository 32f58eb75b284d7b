package mail

import (
	"bytes"
)

// header is the header of a mail or of a part, unfolded. Its slices live until
// the next read into it.
type header struct {
	buf    []byte
	fields []field
	// stray is text that stood in the header and is no field.
	stray []byte
	// degraded says that something was malformed or beyond the limits.
	degraded bool
}

// field is a header field as places in header.buf. A field beyond the limits
// has an empty name.
type field struct{ name, colon, value, end int }

func (h *header) reset() {
	*h = header{buf: h.buf[:0], fields: h.fields[:0], stray: h.stray[:0]}
}

// read reads fields up to the empty line, a boundary, or the first line of a
// body that no empty line announces.
func (h *header) read(l *lines) {
	h.reset()
	dropping := false // the current field is beyond the limits
	bareCR := false   // the line before ended with CR alone
	for first := true; l.next(); first = false {
		if l.level >= 0 {
			l.back()
			return
		}
		line := l.text
		if first {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			if isEnvelopeLine(line) {
				h.skipRest(l)
				continue
			}
		}
		if isBlank(line) && (len(line) == 0 || len(l.eol) > 0) {
			if len(line) > 0 && len(h.fields) > 0 && knownFieldFollows(l) {
				continue // a fold with nothing in it
			}
			return
		}
		switch colon := fieldName(line); {
		case line[0] == ' ' || line[0] == '\t':
			if len(h.fields) == 0 && !dropping {
				h.addStray(line)
				break
			}
			if !dropping {
				h.extend(line, true)
			}
		case colon > 0:
			dropping = !h.add(line, colon)
		case bareCR:
			h.degraded = true
			if !dropping {
				h.extend(line, true)
			}
		case h.continuesSubject(l):
			h.degraded = true
			h.extend(line, true)
		case h.isGarbage(l, &line):
			h.addStray(line)
			dropping = true
		default:
			h.degraded = h.degraded || len(h.fields) > 0
			l.back()
			return
		}
		h.readRest(l, dropping)
		bareCR = len(l.eol) == 1 && l.eol[0] == '\r'
	}
}

// readRest takes the remaining pieces of a line too long for the buffer.
func (h *header) readRest(l *lines, dropping bool) {
	for l.mid && l.next() {
		if !dropping {
			h.extend(l.text, false)
		}
	}
}

func (h *header) skipRest(l *lines) {
	for l.mid && l.next() {
		continue
	}
}

// add starts a field and reports whether it is kept.
func (h *header) add(line []byte, colon int) bool {
	name := bytes.TrimRight(line[:colon], " \t")
	if len(h.buf) > maxHeaderBytes || len(h.fields) >= maxHeaderFields {
		h.degraded = true
		if !isNeeded(name) || h.has(name) {
			return false
		}
	}
	f := field{name: len(h.buf)}
	h.buf = append(h.buf, name...)
	f.colon = len(h.buf)
	f.value = f.colon
	h.appendValue(bytes.TrimLeft(line[colon+1:], " \t"), f.value)
	f.end = len(h.buf)
	h.fields = append(h.fields, f)
	return true
}

// extend adds a folded line or a further piece to the last field.
func (h *header) extend(line []byte, folded bool) {
	if len(h.fields) == 0 {
		return
	}
	last := &h.fields[len(h.fields)-1]
	if folded {
		line = bytes.TrimLeft(line, " \t")
		if last.end > last.value && len(line) > 0 {
			h.buf = append(h.buf, ' ')
		}
	}
	h.appendValue(line, last.value)
	last.end = len(h.buf)
}

// appendValue adds to the value that started at start, within the limits.
func (h *header) appendValue(value []byte, start int) {
	room := maxHeaderBytes - len(h.buf)
	if own := maxFieldBytes - (len(h.buf) - start); own > room && room < maxFieldBytes {
		room = own
	}
	if len(value) > room {
		h.degraded = true
		value = value[:max(room, 0)]
	}
	if bytes.IndexByte(value, 0) < 0 && bytes.IndexByte(value, '\r') < 0 {
		h.buf = append(h.buf, value...)
		return
	}
	h.degraded = true
	for _, c := range value {
		switch c {
		case 0:
		case '\r':
			h.buf = append(h.buf, ' ')
		default:
			h.buf = append(h.buf, c)
		}
	}
}

func (h *header) addStray(line []byte) {
	h.degraded = true
	if len(h.stray) < maxFieldBytes {
		h.stray = append(append(h.stray, line...), '\n')
	}
}

// continuesSubject reports whether the line is the rest of a subject that was
// broken without folding: no field itself, and followed by one.
func (h *header) continuesSubject(l *lines) bool {
	if len(h.fields) == 0 || !bytes.EqualFold(h.name(len(h.fields)-1), []byte("Subject")) {
		return false
	}
	return !l.mid && knownFieldFollows(l)
}

// isGarbage reports whether the line is no field but the header goes on after
// it. Looking ahead moves the line, so it is copied back.
func (h *header) isGarbage(l *lines, line *[]byte) bool {
	*line = l.text
	return !l.mid && knownFieldFollows(l)
}

// knownFieldFollows looks at the line after the current one. The current line
// is kept valid by copying it.
func knownFieldFollows(l *lines) bool {
	l.text = bytes.Clone(l.text)
	l.eol = bytes.Clone(l.eol)
	next := l.peek(64)
	l.visited += int64(len(next))
	colon := fieldName(next)
	return colon > 0 && isKnownField(bytes.TrimRight(next[:colon], " \t"))
}

func (h *header) name(i int) []byte { return h.buf[h.fields[i].name:h.fields[i].colon] }

func (h *header) value(i int) []byte {
	return bytes.TrimRight(h.buf[h.fields[i].value:h.fields[i].end], " \t")
}

func (h *header) is(i int, name string) bool {
	f := h.fields[i]
	return f.colon-f.name == len(name) && equalFold(h.buf[f.name:f.colon], name)
}

func (h *header) has(name []byte) bool {
	for i := range h.fields {
		if bytes.EqualFold(h.name(i), name) {
			return true
		}
	}
	return false
}

// get returns the first non-empty value of the named field, or nil.
func (h *header) get(name string) []byte {
	for i := range h.fields {
		if h.is(i, name) {
			if value := h.value(i); len(value) > 0 {
				return value
			}
		}
	}
	return nil
}

// present reports whether the field is there, even empty.
func (h *header) present(name string) bool {
	for i := range h.fields {
		if h.is(i, name) {
			return true
		}
	}
	return false
}

// fieldName returns the place of the colon after a field name, or -1. Spaces
// before the colon are tolerated, inside the name they are not.
func fieldName(line []byte) int {
	i := 0
	for i < len(line) && line[i] > ' ' && line[i] < 0x7f && line[i] != ':' {
		i++
	}
	if i == 0 {
		return -1
	}
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	if i < len(line) && line[i] == ':' {
		return i
	}
	return -1
}

// isBlank tells lines that show nothing.
func isBlank(line []byte) bool { return len(bytes.TrimRight(line, " \t\x00")) == 0 }

// isEnvelopeLine tells the "From " line that mbox files put before a mail.
func isEnvelopeLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))
}

// isNeeded tells the fields that are kept whatever the size of the header.
func isNeeded(name []byte) bool {
	switch lower(name) {
	case "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
		"content-type", "content-transfer-encoding", "content-disposition", "return-path", "auto-submitted",
		"precedence", "list-id", "delivered-to", "authentication-results":
		return true
	}
	return false
}

// isKnownField tells names that begin a header field rather than a sentence.
func isKnownField(name []byte) bool {
	if isNeeded(name) {
		return true
	}
	n := lower(name)
	for _, prefix := range [...]string{"x-", "content-", "list-", "resent-", "arc-", "dkim-", "domainkey-", "received", "mime-version", "user-agent", "thread-", "bcc", "importance", "envelope-to"} {
		if len(n) >= len(prefix) && n[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}

// lower returns the ASCII lower case of a short name; longer ones come back
// cut, which no known name is.
func lower(name []byte) string {
	return string(bytes.ToLower(name[:min(len(name), 64)]))
}

// equalFold compares ASCII without regard to case; want may be in any case.
func equalFold(b []byte, want string) bool {
	for i := range b {
		x, y := b[i], want[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}
