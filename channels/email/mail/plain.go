package mail

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// appendClean appends text with LF as its only line end and without control
// characters; NUL bytes, which some systems put between letters, vanish.
func appendClean(dst, text []byte) []byte {
	for len(text) > 0 {
		i := nextControl(text)
		dst = append(dst, text[:i]...)
		if i == len(text) {
			return dst
		}
		switch c := text[i]; c {
		case '\r':
			if i+1 == len(text) || text[i+1] != '\n' {
				dst = append(dst, '\n')
			}
		case '\f', '\v':
			dst = append(dst, '\n')
		}
		text = text[i+1:]
	}
	return dst
}

// nextControl returns the place of the first byte that appendClean changes. It
// looks at eight bytes at once, as most text has none.
func nextControl(text []byte) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for i := 0; i < len(text); {
		if i+8 <= len(text) {
			word := binary.LittleEndian.Uint64(text[i:])
			del := word ^ each*0x7f
			if ((word-each*' ')&^word|(del-each)&^del)&high == 0 {
				i += 8
				continue
			}
		}
		for end := min(i+8, len(text)); i < end; i++ {
			if c := text[i]; c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				return i
			}
		}
	}
	return len(text)
}

// cutText returns at most n bytes of text, never part of a character.
func cutText(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// trimBlank cuts off what shows nothing: white space and characters without
// width.
func trimBlank(text []byte) []byte {
	return bytes.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || r >= '\u200b' && r <= '\u200d' || r == '\u2060' || r == '\ufeff' || r == '\u00ad' || r == '\u034f'
	})
}

// appendFlowed appends text of format=flowed (RFC 3676): lines that end in a
// space go on in the next one, if it is quoted as deeply.
func appendFlowed(dst, text []byte, delSp bool) []byte {
	joined := false
	before := 0
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		depth := 0
		for depth < len(line) && line[depth] == '>' {
			depth++
		}
		content := line[depth:]
		if len(content) > 0 && content[0] == ' ' {
			content = content[1:]
		}
		signature := string(content) == "-- "
		if joined && (depth != before || signature) {
			dst = append(dst, '\n')
			joined = false
		}
		if !joined && depth > 0 {
			for range min(depth, maxQuoteMarks) {
				dst = append(dst, '>')
			}
			dst = append(dst, ' ')
		}
		before = depth
		joined = len(content) > 0 && content[len(content)-1] == ' ' && !signature
		if joined && delSp {
			content = content[:len(content)-1]
		}
		dst = appendClean(dst, content)
		if !joined {
			dst = append(dst, '\n')
		}
	}
	return dst
}

// maxQuoteMarks is how many quote marks a line of text shows at most.
const maxQuoteMarks = 8
