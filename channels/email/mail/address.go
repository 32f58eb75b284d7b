package mail

import (
	"bytes"
	"strings"

	"contactd/contact"
)

// addresses reads an address list, appending at most limit entries to list.
// It takes what people and broken programs write: names without quotes,
// brackets that do not close, semicolons, groups, comments, spaces.
func (w words) addresses(list []contact.Sender, value []byte, limit int) []contact.Sender {
	pendingName := "" // "Smith, John <j@x>" without quotes
	for len(value) > 0 && len(list) < limit {
		var entry mailbox
		entry, value = nextMailbox(value)
		name, address := w.mailbox(entry)
		switch {
		case address == "" && name == "":
		case address == "" && entry.end == ',' && len(pendingName) < maxPendingName:
			pendingName = joinName(pendingName, name)
			continue
		default:
			list = append(list, contact.Sender{Address: address, Name: joinName(pendingName, name)})
		}
		pendingName = ""
	}
	if pendingName != "" && len(list) < limit {
		list = append(list, contact.Sender{Name: pendingName})
	}
	return list
}

// maxPendingName is how much of a name with commas is put together.
const maxPendingName = 200

func joinName(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + ", " + b
}

// mailbox is one entry of an address list, still encoded.
type mailbox struct {
	phrase  []byte // outside brackets, quotes removed
	angle   []byte // inside <>
	comment []byte
	end     byte // the separator behind it, or 0
}

// nextMailbox cuts one entry off s in one pass.
func nextMailbox(s []byte) (m mailbox, rest []byte) {
	var room [64]byte
	m.phrase, m.angle = room[:0:32], room[32:32]
	depth := 0
	inAngle, inQuote, hasAngle, hasAt := false, false, false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		hasAt = hasAt || c == '@' && !inQuote && depth == 0
		switch {
		case inQuote:
			switch {
			case c == '\\' && i+1 < len(s):
				i++
				m.add(s[i], inAngle)
			case c == '"':
				inQuote = false
				if inAngle {
					m.add(c, true)
				}
			default:
				m.add(c, inAngle)
			}
		case depth > 0:
			switch c {
			case '\\':
				i++
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth > 0 && i < len(s) {
				m.comment = append(m.comment, s[i])
			}
		case c == '"':
			inQuote = bytes.IndexByte(s[i+1:], '"') >= 0
			if inQuote && inAngle { // a quoted local part keeps its quotes
				m.add(c, true)
			}
		case c == '(':
			depth = 1
		case c == '=' && !inAngle && encodedWordEnd(s[i:]) > 0: // with a comma in it
			end := i + encodedWordEnd(s[i:])
			m.phrase = append(m.phrase, s[i:end]...)
			i = end - 1
		case inAngle:
			switch c {
			case '>':
				inAngle = false
			case ',', ';':
				if hasAt { // the bracket was never closed
					m.end = c
					return m, s[i+1:]
				}
				m.add(c, true)
			default:
				m.add(c, true)
			}
		case c == '<' && !hasAngle:
			inAngle, hasAngle = true, true
		case c == ',' || c == ';':
			m.end = c
			return m, s[i+1:]
		case c == ':' && !hasAngle && !hasAt && !equalWord(bytes.TrimSpace(m.phrase), "mailto"):
			m = mailbox{} // the name of a group
		default:
			m.add(c, false)
		}
	}
	return m, nil
}

// maxEncodedWord is longer than programs write them (RFC 2047: 75).
const maxEncodedWord = 200

// encodedWordEnd returns where the encoded word ends that s begins with; 0 when
// it does not.
func encodedWordEnd(s []byte) int {
	if len(s) < 2 || s[1] != '?' {
		return 0
	}
	s = s[:min(len(s), maxEncodedWord)]
	_, text, ok := cutWordHead(s, 2)
	if !ok {
		return 0
	}
	length := bytes.Index(s[text:], []byte("?="))
	if length < 0 || bytes.ContainsAny(s[text:text+length], "<>@") {
		return 0
	}
	return text + length + 2
}

func (m *mailbox) add(c byte, inAngle bool) {
	if inAngle {
		m.angle = append(m.angle, c)
	} else {
		m.phrase = append(m.phrase, c)
	}
}

// mailbox decodes an entry into a name and an address.
func (w words) mailbox(m mailbox) (name, address string) {
	if len(bytes.TrimSpace(m.angle)) > 0 {
		address = cleanAddress(w, m.angle)
		name = w.decode(m.phrase)
		if name == "" {
			name = w.decode(m.comment)
		}
		if address == "" {
			name = joinName(name, w.decode(m.angle))
		}
		return strings.Trim(name, "'\" "), address
	}
	if bytes.IndexByte(m.phrase, '@') < 0 {
		return strings.Trim(w.decode(m.phrase), "'\" "), ""
	}
	// Without brackets the word with the @ is the address, the rest the name.
	fields := bytes.Fields(m.phrase)
	var rest [][]byte
	for _, f := range fields {
		if address == "" && bytes.IndexByte(f, '@') >= 0 {
			address = cleanAddress(w, f)
			continue
		}
		rest = append(rest, f)
	}
	name = w.decode(bytes.Join(rest, []byte(" ")))
	if name == "" {
		name = w.decode(m.comment)
	}
	return strings.Trim(name, "'\" "), address
}

// maxAddress is longer than any deliverable address (RFC 5321: 256).
const maxAddress = 320

// cleanAddress returns the address in raw, Canonical, or "". Outside ASCII an
// address is UTF-8 (RFC 6532): where it is not, it shows that it cannot be read.
func cleanAddress(w words, raw []byte) string {
	address := w.decode(validUTF8(raw))
	if colon := strings.IndexByte(address, ':'); colon >= 0 && (address[0] == '@' || strings.EqualFold(address[:colon], "mailto")) {
		address = address[colon+1:] // a source route, or a link
	}
	address = strings.Trim(address, "<>[]'.,; ")
	at := strings.LastIndexByte(address, '@')
	if at > 0 && address[at-1] != '"' || at == 1 { // the quotes are not those of a local part
		address = strings.Trim(address, "\" ")
		at = strings.LastIndexByte(address, '@')
	}
	if at < 1 {
		return ""
	}
	local, domain := address[:at], strings.ReplaceAll(address[at+1:], " ", "")
	if end := strings.IndexAny(domain, "<>\",;()"); end >= 0 {
		domain = domain[:end]
	}
	if len(local)+len(domain) < maxAddress {
		domain = canonicalDomain(domain)
	}
	if domain == "" || len(local)+len(domain) >= maxAddress {
		return ""
	}
	return local + "@" + domain
}
