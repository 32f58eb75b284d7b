package mail

import (
	"bytes"
	"encoding/base64"
	"unicode"
	"unicode/utf8"
)

// minUndeclared is how much base64 no person types by accident, in bytes.
const minUndeclared = 40

// undeclared decodes a last paragraph of text that is base64 without saying so:
// gateways lose the field that does, or put a notice before the text. Other
// text comes back as it is.
func undeclared(text []byte) (decoded []byte, found bool) {
	text = bytes.TrimRight(text, " \t\r\n")
	start, size := len(text), 0
	for start > 0 {
		line := bytes.LastIndexByte(text[:start-1], '\n') + 1
		content := bytes.TrimSpace(text[line:start])
		if len(content) == 0 || !isBase64Line(content) {
			break
		}
		start, size = line, size+len(content)
	}
	if size < minUndeclared || size%4 != 0 {
		return text, false
	}
	packed := make([]byte, 0, size)
	for piece := range bytes.FieldsSeq(text[start:]) {
		packed = append(packed, piece...)
	}
	out, err := base64.StdEncoding.AppendDecode(bytes.Clone(text[:start]), packed)
	if err != nil || !isReadable(out[start:]) {
		return text, false
	}
	return out, true
}

// isReadable reports whether text is valid UTF-8, of several words and without
// control characters.
func isReadable(text []byte) bool {
	return utf8.Valid(text) && bytes.ContainsAny(text, " \n") && !bytes.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
	})
}
