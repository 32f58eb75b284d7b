package mail

import (
	"bytes"
	"strings"
)

// words decodes the encoded words (RFC 2047) of header values. Words that
// split a character between them are joined before they are decoded.
type words struct{ fallback *charset }

// maxCharsetName bounds the search for the end of a charset's name.
const maxCharsetName = 64

// decode returns value as one line of valid UTF-8.
func (w words) decode(value []byte) string {
	if !bytes.Contains(value, []byte("=?")) {
		return oneLine(decodeText(value, nil, w.fallback))
	}
	d := wordDecoder{words: w, out: make([]byte, 0, len(value)), end: -1}
	for at := 0; at < len(value); {
		at = d.next(value, at)
	}
	d.flush()
	return oneLine(d.out)
}

// wordDecoder decodes one header value.
type wordDecoder struct {
	words   words
	out     []byte
	raw     []byte // decoded bytes of the words not written yet
	base64  decoder
	charset string // their charset
	end     int    // where the next end mark is, if that is known
}

// next decodes one word, or plain text up to a word, and returns how far it
// came.
func (d *wordDecoder) next(value []byte, at int) int {
	start := bytes.Index(value[at:], []byte("=?"))
	if start < 0 {
		return d.plain(value[at:], len(value))
	}
	start += at
	word, text, ok := cutWordHead(value, start+2)
	if !ok {
		return d.plain(value[at:start+2], start+2)
	}
	if d.end < text {
		end := bytes.Index(value[text:], []byte("?="))
		if end < 0 { // then no later word ends either
			return d.plain(value[at:], len(value))
		}
		d.end = text + end
	}
	if inner := bytes.Index(value[text:d.end], []byte("=?")); inner >= 0 {
		return d.plain(value[at:text+inner], text+inner) // this word never ended
	}
	word.text = value[text:d.end]
	if between := value[at:start]; len(d.raw) == 0 || len(bytes.TrimSpace(between)) > 0 {
		d.plain(between, start)
	}
	if !strings.EqualFold(d.charset, word.charset) {
		d.flush()
		d.charset = word.charset
	}
	d.add(word)
	return d.end + 2
}

// add decodes a word behind those not written yet. Some programs cut base64
// into words wherever there are 75 characters, in the middle of its groups of
// four: a word that is no whole number of groups goes on with the last one.
func (d *wordDecoder) add(word encodedWord) {
	if !word.base64 || len(word.text)%4 == 0 || d.base64.padded {
		d.endBase64()
	}
	if !word.base64 {
		d.raw = appendQ(d.raw, word.text)
		return
	}
	d.base64.encoding = base64Encoding
	d.raw = d.base64.line(d.raw, word.text, nil)
}

func (d *wordDecoder) endBase64() {
	d.raw = d.base64.end(d.raw)
	d.base64 = decoder{}
}

// plain writes text that is no encoded word.
func (d *wordDecoder) plain(text []byte, at int) int {
	d.flush()
	d.out = append(d.out, decodeText(text, nil, d.words.fallback)...)
	return at
}

func (d *wordDecoder) flush() {
	d.endBase64()
	if len(d.raw) > 0 {
		d.out = append(d.out, decodeText(d.raw, lookupCharset(d.charset), d.words.fallback)...)
		d.raw = d.raw[:0]
	}
}

type encodedWord struct {
	charset string
	base64  bool
	text    []byte
}

// cutWordHead reads "charset?B?" at at and returns where the text begins.
func cutWordHead(value []byte, at int) (word encodedWord, text int, ok bool) {
	s := value[at:]
	q := bytes.IndexByte(s[:min(len(s), maxCharsetName)], '?')
	if q < 0 || q+2 >= len(s) || s[q+2] != '?' {
		return word, 0, false
	}
	word.charset = string(s[:q])
	word.base64 = s[q+1]|0x20 == 'b'
	return word, at + q + 3, word.base64 || s[q+1]|0x20 == 'q'
}

// appendQ decodes the Q encoding.
func appendQ(raw, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '_':
			raw = append(raw, ' ')
		case c == '=' && i+2 < len(text) && unhex(text[i+1]) >= 0 && unhex(text[i+2]) >= 0:
			raw = append(raw, byte(unhex(text[i+1])<<4|unhex(text[i+2])))
			i += 2
		default:
			raw = append(raw, c)
		}
	}
	return raw
}

// oneLine makes text safe for one line: valid UTF-8, control characters
// replaced by spaces, nothing that changes the direction of writing, trimmed.
func oneLine(text []byte) string {
	text = bytes.TrimSpace(text)
	plain := true
	for _, c := range text {
		if c < ' ' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return string(text)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r >= 0x7f && r <= 0x9f || r == '\u2028' || r == '\u2029':
			return ' '
		case r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, string(validUTF8(text))))
}
