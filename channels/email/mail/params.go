package mail

import (
	"bytes"
	"sort"
)

// param is one parameter of a structured field, RFC 2231 pieces joined.
type param struct {
	name  string
	value []byte
}

// piece is a section of an RFC 2231 parameter: name*2*=...
type piece struct {
	name     string
	section  int
	extended bool
	value    []byte
}

// params splits "token; name=value; ..." into the lower-case token and at most
// maxParameters parameters, decoded to UTF-8. It forgives missing semicolons,
// missing quotes and spaces in values. degraded says that some were left out.
func (w words) params(value []byte) (token string, list []param, degraded bool) {
	value = bytes.TrimLeft(value, " \t;")
	end := bytes.IndexAny(value, "; \t")
	if end < 0 {
		end = len(value)
	}
	token = intern(bytes.Trim(value[:end], "\"'"))
	value = value[end:]
	var pieces []piece
	for n := 0; ; n++ {
		var name string
		var raw []byte
		name, raw, value = nextParam(value)
		if name == "" {
			break
		}
		if n >= maxParameters {
			degraded = true
			break
		}
		if star := indexStar(name); star >= 0 {
			pieces = append(pieces, newPiece(name, star, raw))
			continue
		}
		list = append(list, param{name, raw})
	}
	if len(pieces) > 0 {
		list = append(w.join(pieces), list...)
	}
	return token, list, degraded
}

// nextParam cuts the next name=value off s; an empty name means there is none.
func nextParam(s []byte) (name string, value, rest []byte) {
	for {
		s = bytes.TrimLeft(s, "; \t\r\n")
		if len(s) == 0 {
			return "", nil, nil
		}
		i := bytes.IndexAny(s, "=;")
		if i >= 0 && s[i] == '=' && i > 0 {
			name = intern(bytes.TrimSpace(s[:i]))
			if space := lastSpace(name); space >= 0 { // "inline filename=x"
				name = name[space+1:]
			}
			value, rest = paramValue(s[i+1:])
			if name != "" {
				return name, value, rest
			}
			s = rest
			continue
		}
		if i < 0 {
			return "", nil, nil
		}
		s = s[i+1:]
	}
}

func lastSpace(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ' ' || s[i] == '\t' {
			return i
		}
	}
	return -1
}

func paramValue(s []byte) (value, rest []byte) {
	s = bytes.TrimLeft(s, " \t")
	if len(s) == 0 || s[0] != '"' {
		end := bytes.IndexByte(s, ';')
		if end < 0 {
			end = len(s)
		}
		value := bytes.TrimSpace(s[:end])
		// Another parameter may follow without a semicolon.
		if eq := bytes.IndexByte(value, '='); eq > 0 && !bytes.HasPrefix(value, []byte("=?")) {
			if space := bytes.LastIndexAny(value[:eq], " \t"); space > 0 {
				return bytes.TrimSpace(value[:space]), s[space:]
			}
		}
		return value, s[end:]
	}
	s = s[1:]
	end := bytes.IndexAny(s, "\"\\")
	if end >= 0 && s[end] == '"' {
		return s[:end], s[end+1:]
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			value = append(value, s[i])
		case s[i] == '"':
			return value, s[i+1:]
		default:
			value = append(value, s[i])
		}
	}
	return value, nil
}

func indexStar(name string) int {
	for i := 0; i < len(name); i++ {
		if name[i] == '*' {
			return i
		}
	}
	return -1
}

func newPiece(name string, star int, value []byte) piece {
	p := piece{name: name[:star], value: value}
	rest := name[star+1:]
	if rest == "" {
		p.extended = true
		return p
	}
	if rest[len(rest)-1] == '*' {
		p.extended, rest = true, rest[:len(rest)-1]
	}
	for i := 0; i < len(rest) && i < 6; i++ {
		if rest[i] >= '0' && rest[i] <= '9' {
			p.section = p.section*10 + int(rest[i]-'0')
		}
	}
	return p
}

// join puts pieces together in the order of their numbers and decodes them.
func (w words) join(pieces []piece) []param {
	sort.SliceStable(pieces, func(i, j int) bool {
		if pieces[i].name != pieces[j].name {
			return pieces[i].name < pieces[j].name
		}
		return pieces[i].section < pieces[j].section
	})
	var list []param
	for i := 0; i < len(pieces); {
		var raw []byte
		var set *charset
		name := pieces[i].name
		declared := false
		for first := true; i < len(pieces) && pieces[i].name == name; i++ {
			value := pieces[i].value
			if first && pieces[i].extended {
				if label, rest, ok := cutLanguage(value); ok {
					set, value, declared = lookupCharset(string(label)), rest, true
				}
			}
			first = false
			if pieces[i].extended {
				value = unescapePercent(value)
			}
			raw = append(raw, value...)
		}
		if declared || !bytes.Contains(raw, []byte("=?")) {
			raw = decodeText(raw, set, w.fallback)
		}
		list = append(list, param{name, raw})
	}
	return list
}

// cutLanguage cuts charset'language' off an extended value.
func cutLanguage(value []byte) (label, rest []byte, ok bool) {
	first := bytes.IndexByte(value, '\'')
	if first < 0 || first > maxCharsetName {
		return nil, value, false
	}
	second := bytes.IndexByte(value[first+1:], '\'')
	if second < 0 {
		return nil, value, false
	}
	return value[:first], value[first+second+2:], true
}

func unescapePercent(value []byte) []byte {
	if bytes.IndexByte(value, '%') < 0 {
		return value
	}
	out := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] == '%' && i+2 < len(value) && unhex(value[i+1]) >= 0 && unhex(value[i+2]) >= 0 {
			out = append(out, byte(unhex(value[i+1])<<4|unhex(value[i+2])))
			i += 2
			continue
		}
		out = append(out, value[i])
	}
	return out
}

// intern returns the lower case of b, without allocating for the words that
// nearly every mail holds.
func intern(b []byte) string {
	var low [40]byte
	if len(b) <= len(low) {
		n := copy(low[:], b)
		for i := range n {
			if c := low[i]; 'A' <= c && c <= 'Z' {
				low[i] = c + 'a' - 'A'
			}
		}
		switch string(low[:n]) {
		case "text/plain":
			return "text/plain"
		case "text/html":
			return "text/html"
		case "multipart/alternative":
			return "multipart/alternative"
		case "multipart/mixed":
			return "multipart/mixed"
		case "multipart/related":
			return "multipart/related"
		case "charset":
			return "charset"
		case "boundary":
			return "boundary"
		case "format":
			return "format"
		case "name":
			return "name"
		case "filename":
			return "filename"
		case "attachment":
			return "attachment"
		case "inline":
			return "inline"
		}
		return string(low[:n])
	}
	return string(bytes.ToLower(b))
}
