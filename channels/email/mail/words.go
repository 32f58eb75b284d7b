package mail

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// words decodes the encoded words (RFC 2047) of header values. Words that
// split a character between them are joined before they are decoded.
type words struct{ fallback *charset }

// maxCharsetName bounds the search for the end of a charset's name.
const maxCharsetName = 64

// decode returns value as one line of valid UTF-8.
func (w words) decode(value []byte) string {
	if bytes.Index(value, []byte("=?")) < 0 {
		return oneLine(decodeText(value, nil, w.fallback))
	}
	out := make([]byte, 0, len(value))
	var raw []byte     // decoded bytes of the words so far
	var charset string // their charset
	flush := func() {
		if len(raw) > 0 {
			out = append(out, decodeText(raw, lookupCharset(charset), w.fallback)...)
			raw = raw[:0]
		}
	}
	noEnd := false
	for len(value) > 0 {
		start := bytes.Index(value, []byte("=?"))
		if start < 0 || noEnd {
			flush()
			out = append(out, decodeText(value, nil, w.fallback)...)
			break
		}
		word, rest, ok := cutWord(value[start+2:], &noEnd)
		if !ok {
			flush()
			out = append(out, decodeText(value[:start+2], nil, w.fallback)...)
			value = value[start+2:]
			continue
		}
		if between := value[:start]; len(raw) == 0 || len(bytes.TrimSpace(between)) > 0 {
			flush()
			out = append(out, decodeText(between, nil, w.fallback)...)
		}
		if !strings.EqualFold(charset, word.charset) {
			flush()
			charset = word.charset
		}
		raw = word.appendBytes(raw)
		value = rest
	}
	flush()
	return oneLine(out)
}

type encodedWord struct {
	charset string
	base64  bool
	text    []byte
}

// cutWord reads charset?B?text?= at the start of s. noEnd is set when s holds
// no end mark at all, so that nobody searches again.
func cutWord(s []byte, noEnd *bool) (word encodedWord, rest []byte, ok bool) {
	q := bytes.IndexByte(s[:min(len(s), maxCharsetName)], '?')
	if q < 0 || q+2 >= len(s) || s[q+2] != '?' {
		return word, s, false
	}
	word.charset = string(s[:q])
	switch s[q+1] {
	case 'b', 'B':
		word.base64 = true
	case 'q', 'Q':
	default:
		return word, s, false
	}
	s = s[q+3:]
	end := bytes.Index(s, []byte("?="))
	if end < 0 {
		*noEnd = true
		return word, s, false
	}
	word.text = s[:end]
	return word, s[end+2:], true
}

func (w encodedWord) appendBytes(raw []byte) []byte {
	if w.base64 {
		d := decoder{encoding: base64Encoding}
		raw = d.line(raw, w.text, nil)
		return d.end(raw)
	}
	for i := 0; i < len(w.text); i++ {
		c := w.text[i]
		switch {
		case c == '_':
			raw = append(raw, ' ')
		case c == '=' && i+2 < len(w.text) && unhex(w.text[i+1]) >= 0 && unhex(w.text[i+2]) >= 0:
			raw = append(raw, byte(unhex(w.text[i+1])<<4|unhex(w.text[i+2])))
			i += 2
		default:
			raw = append(raw, c)
		}
	}
	return raw
}

// oneLine makes text safe for one line: valid UTF-8, control characters
// replaced by spaces, trimmed.
func oneLine(text []byte) string {
	clean := true
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			clean = false
			break
		}
	}
	text = bytes.TrimSpace(text)
	if clean && utf8.Valid(text) {
		return string(text)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, string(validUTF8(text))))
}
