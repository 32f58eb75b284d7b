package mail

import "golang.org/x/text/encoding/charmap"

// isWestern tells the charsets of which two letters beyond ASCII hardly ever
// stand together, so that pairs of them mean something else.
func (c *charset) isWestern() bool {
	return c.encoding == charmap.Windows1252 || c.encoding == charmap.ISO8859_1 || c.encoding == charmap.ISO8859_15
}

// isChinese reports whether text in no declared charset is GB2312, GBK or
// GB18030, what mail programs of China write: nearly all that is not ASCII comes
// in pairs, most of them of the few thousand characters that everybody uses.
func isChinese(raw []byte) bool {
	var pairs, usual, common, late, broken int
	var first uint16
	varied := false // the common ones are not all the same, as in a line of signs
	for i := 0; i+1 < len(raw); i++ {
		lead, trail := raw[i], raw[i+1]
		switch {
		case lead < 0x80:
			continue
		case isDigit(trail) && i+3 < len(raw) && raw[i+2] > 0x80 && isDigit(raw[i+3]): // four bytes, of GB18030
			pairs++
			i += 3
			continue
		case lead == 0x80 || lead == 0xff || trail < 0x40 || trail == 0x7f || trail == 0xff:
			broken++
			continue
		}
		pairs++
		i++
		switch {
		case trail < 0xa1: // of GBK
		case lead >= 0xb0 && lead <= 0xd7:
			both := uint16(lead)<<8 | uint16(trail)
			varied = varied || common > 0 && both != first
			first = both
			usual, common = usual+1, common+1
			if lead > 0xc8 {
				late++
			}
		case lead == 0xa1 || lead == 0xa3 || lead > 0xd7 && lead < 0xf8: // marks, and rarer characters
			usual++
		}
	}
	// Korean looks the same, but has nothing late in the order of the characters.
	return varied && broken*20 <= pairs && usual*10 >= pairs*8 && common*2 >= usual && (common < 10 || late*10 >= common)
}
