package mail

import (
	"bytes"
	"encoding/base64"
)

// transfer is a Content-Transfer-Encoding.
type transfer uint8

const (
	identity transfer = iota // 7bit, 8bit, binary and whatever is unknown
	quotedPrintable
	base64Encoding
	uuEncoding
)

func parseEncoding(value []byte) transfer {
	if i := bytes.IndexAny(value, "; \t("); i >= 0 {
		value = value[:i]
	}
	switch lower(bytes.Trim(value, "\"'")) {
	case "quoted-printable", "quoted", "quotedprintable", "quoted_printable", "quoted-printible", "x-quoted-printable", "qp":
		return quotedPrintable
	case "base64", "base-64", "x-base64":
		return base64Encoding
	case "x-uuencode", "uuencode", "x-uue", "uue":
		return uuEncoding
	}
	return identity
}

// decoder turns the lines of a part into its bytes, keeping only a few bytes
// between lines. The end of the last line belongs to the boundary after it and
// is not part of the bytes.
type decoder struct {
	encoding transfer
	// degraded says that the encoding was broken; what could be read was kept.
	degraded bool

	eol    []byte // line end that is given out when another line follows
	state  int    // of quoted-printable, inside =HH, and of uuencode
	high   byte   // first H of =HH
	quad   uint32 // base64 digits not given out yet
	digits int
	padded bool // base64 has ended
}

func (d *decoder) reset(e transfer) { *d = decoder{encoding: e, eol: d.eol[:0]} }

// line appends the bytes of one line, or piece of a line, to dst.
func (d *decoder) line(dst, text, eol []byte) []byte {
	switch d.encoding {
	case base64Encoding:
		return d.base64(dst, text)
	case quotedPrintable:
		return d.quotedPrintable(dst, text, eol)
	case uuEncoding:
		return d.uu(dst, text)
	default:
		dst = d.flushEOL(dst)
		d.holdEOL(eol)
		return append(dst, text...)
	}
}

// end appends what an unfinished encoding still holds.
func (d *decoder) end(dst []byte) []byte {
	switch {
	case d.encoding == base64Encoding && d.digits > 0:
		d.degraded = true
		return d.flushQuad(dst)
	case d.encoding == quotedPrintable && d.state == 2:
		d.degraded = true
		return append(dst, '=', d.high)
	}
	return dst
}

func (d *decoder) holdEOL(eol []byte) { d.eol = append(d.eol[:0], eol...) }

func (d *decoder) flushEOL(dst []byte) []byte {
	dst = append(dst, d.eol...)
	d.eol = d.eol[:0]
	return dst
}

func (d *decoder) quotedPrintable(dst, text, eol []byte) []byte {
	dst = d.flushEOL(dst)
	if len(eol) > 0 {
		text = bytes.TrimRight(text, " \t")
	}
	for len(text) > 0 {
		c := text[0]
		switch d.state {
		case 0:
			i := bytes.IndexByte(text, '=')
			if i < 0 {
				dst = append(dst, text...)
				text = nil
				continue
			}
			dst = append(dst, text[:i]...)
			text = text[i+1:]
			d.state = 1
		case 1:
			if unhex(c) < 0 {
				d.degraded, d.state = true, 0
				dst = append(dst, '=')
				continue
			}
			d.high, d.state, text = c, 2, text[1:]
		default:
			d.state = 0
			if unhex(c) < 0 {
				d.degraded = true
				dst = append(dst, '=', d.high)
				continue
			}
			dst = append(dst, byte(unhex(d.high)<<4|unhex(c)))
			text = text[1:]
		}
	}
	if len(eol) == 0 {
		return dst
	}
	if d.state == 2 {
		d.degraded = true
		dst = append(dst, '=', d.high)
	}
	if d.state != 1 { // a lone = at the end joins the lines
		d.holdEOL(eol)
	}
	d.state = 0
	return dst
}

func (d *decoder) base64(dst, text []byte) []byte {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return dst
	}
	if d.digits == 0 && len(text)%4 == 0 {
		if out, ok := decodeWhole(dst, text); ok {
			d.padded = text[len(text)-1] == '='
			return out
		}
	}
	if d.padded {
		// After the end come footers of lists and scanners, not data.
		d.degraded = true
		return dst
	}
	for _, c := range text {
		v := base64Digit(c)
		switch {
		case v < 64:
			d.quad = d.quad<<6 | uint32(v)
			if d.digits++; d.digits == 4 {
				dst = append(dst, byte(d.quad>>16), byte(d.quad>>8), byte(d.quad))
				d.quad, d.digits = 0, 0
			}
		case c == '=':
			d.padded = d.padded || d.digits > 0
			dst = d.flushQuad(dst)
		case c != ' ' && c != '\t' && c != '\r':
			d.degraded = true
		}
	}
	return dst
}

// decodeWhole decodes a line that holds whole groups of four; dst is as before
// when it cannot.
func decodeWhole(dst, text []byte) ([]byte, bool) {
	n := len(dst)
	need := base64.StdEncoding.DecodedLen(len(text))
	dst = append(dst, make([]byte, need)...)
	got, err := base64.StdEncoding.Decode(dst[n:], text)
	if err != nil {
		return dst[:n], false
	}
	return dst[:n+got], true
}

func (d *decoder) flushQuad(dst []byte) []byte {
	switch d.digits {
	case 2:
		dst = append(dst, byte(d.quad>>4))
	case 3:
		dst = append(dst, byte(d.quad>>10), byte(d.quad>>2))
	}
	d.quad, d.digits = 0, 0
	return dst
}

// uu decodes a line between "begin" and "end"; other lines give nothing.
func (d *decoder) uu(dst, text []byte) []byte {
	switch {
	case d.state == 0:
		if bytes.HasPrefix(text, []byte("begin ")) {
			d.state = 1
		}
		return dst
	case d.state == 2:
		return dst
	case bytes.Equal(bytes.TrimSpace(text), []byte("end")):
		d.state = 2
		return dst
	}
	return appendUU(dst, text)
}

// appendUU decodes one uuencoded line; missing digits read as zero.
func appendUU(dst, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	n := int(text[0]-' ') & 0x3f
	text = text[1:]
	digit := func(i int) byte {
		if i < len(text) {
			return (text[i] - ' ') & 0x3f
		}
		return 0
	}
	for i := 0; n > 0; i += 4 {
		a, b, c, d := digit(i), digit(i+1), digit(i+2), digit(i+3)
		group := [3]byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | d}
		dst = append(dst, group[:min(n, 3)]...)
		n -= 3
	}
	return dst
}

// isUULine reports whether text can be a full line of uuencoded data.
func isUULine(text []byte) bool {
	if len(text) == 0 || text[0] < ' ' || text[0] > '`' {
		return false
	}
	n := int(text[0]-' ') & 0x3f
	digits := (n + 2) / 3 * 4
	// Trailing spaces get lost on the way, and some encoders add a check digit.
	if len(text)-1 > digits+2 || len(text)-1 < digits-digits/2 {
		return false
	}
	for _, c := range text {
		if c < ' ' || c > '`' {
			return false
		}
	}
	return true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// base64Digit returns the value of a base64 digit, or 64.
func base64Digit(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c - 'A'
	case 'a' <= c && c <= 'z':
		return c - 'a' + 26
	case '0' <= c && c <= '9':
		return c - '0' + 52
	case c == '+' || c == '-': // - and _ belong to the URL alphabet
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return 64
}
