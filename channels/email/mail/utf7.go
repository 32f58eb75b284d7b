package mail

import (
	"unicode/utf16"
	"unicode/utf8"
)

// decodeUTF7 reads UTF-7 (RFC 2152): runs of base64-coded UTF-16 between + and
// the first byte that is no base64 digit. Broken runs give U+FFFD.
func decodeUTF7(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '+' {
			out = append(out, raw[i])
			i++
			continue
		}
		i++
		if i < len(raw) && raw[i] == '-' {
			out = append(out, '+')
			i++
			continue
		}
		out, i = decodeUTF7Run(out, raw, i)
	}
	return out
}

func decodeUTF7Run(out, raw []byte, i int) ([]byte, int) {
	var bits uint32
	var held int
	var high rune // a surrogate that waits for its second half
	start := i
	for ; i < len(raw); i++ {
		v := base64Digit(raw[i])
		if v == 64 || raw[i] == '-' || raw[i] == '_' {
			break
		}
		bits, held = bits<<6|uint32(v), held+6
		if held < 16 {
			continue
		}
		held -= 16
		unit := rune(bits >> held & 0xffff)
		bits &= 1<<held - 1
		switch {
		case high != 0 && utf16.IsSurrogate(unit):
			out = utf8.AppendRune(out, utf16.DecodeRune(high, unit))
			high = 0
		case utf16.IsSurrogate(unit):
			high = unit
		default:
			if high != 0 {
				out = utf8.AppendRune(out, utf8.RuneError)
				high = 0
			}
			out = utf8.AppendRune(out, unit)
		}
	}
	if high != 0 {
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	if i == start { // a plus sign that begins nothing
		return append(out, '+'), i
	}
	if i < len(raw) && raw[i] == '-' {
		i++
	}
	return out, i
}
