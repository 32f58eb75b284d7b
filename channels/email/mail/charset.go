package mail

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// charset is how bytes become text. A nil charset is one that nobody knows.
type charset struct {
	encoding encoding.Encoding
	// single says that every byte is a character, so that bytes which are
	// valid UTF-8 beyond ASCII are almost surely UTF-8 mislabelled.
	single bool
	// escapes says that ASCII bytes may stand for other characters.
	escapes bool
	utf8    bool
	utf7    bool
	wide    bool // UTF-16 or UTF-32
}

// lookupCharset finds a charset by any name seen in mail; nil for unknown
// names and for us-ascii, which mails claim when they do not know.
func lookupCharset(name string) *charset {
	name = strings.ToLower(strings.Trim(name, " \t\"'=;,"))
	if end := strings.IndexAny(name, "* \t(;,\"'"); end >= 0 { // a language (RFC 2231), a comment
		name = name[:end]
	}
	switch name {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown", "default_charset":
		return nil
	case "utf-8", "utf8":
		return &charset{utf8: true}
	case "utf-7", "unicode-1-1-utf-7", "x-utf-7", "utf7":
		return &charset{utf7: true, escapes: true}
	case "utf-16", "utf16", "unicode", "ucs-2", "iso-10646-ucs-2":
		return &charset{wide: true}
	case "utf-32", "utf32":
		return &charset{wide: true, encoding: utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)}
	case "utf-32be":
		return &charset{wide: true, encoding: utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)}
	case "utf-32le":
		return &charset{wide: true, encoding: utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)}
	case "utf-16le":
		return &charset{wide: true, encoding: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}
	case "utf-16be":
		return &charset{wide: true, encoding: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}
	}
	found := findEncoding(name)
	switch found {
	case nil:
		return nil
	case simplifiedchinese.GBK: // whoever says so may write all of the larger set
		found = simplifiedchinese.GB18030
	}
	_, single := found.(*charmap.Charmap)
	escapes := strings.HasPrefix(name, "iso-2022") || strings.HasPrefix(name, "hz") || name == "csiso2022jp"
	return &charset{encoding: found, single: single, escapes: escapes}
}

// findEncoding asks the registries, then repairs names that mailers invent.
func findEncoding(name string) encoding.Encoding {
	if len(name) > 40 {
		return nil
	}
	repaired := strings.TrimPrefix(strings.ReplaceAll(name, "_", "-"), "x-")
	number := strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(repaired, "cp"), "ibm"), "-")
	if number == "932" || number == "ms932" {
		number = "31j"
	}
	tries := [...]string{name, repaired, "windows-" + number, "ibm" + number, "cp" + number}
	for i, try := range tries {
		if i >= 2 && number == repaired {
			break
		}
		if found, err := htmlindex.Get(try); err == nil && found != encoding.Replacement {
			return found
		}
		if found, err := ianaindex.MIME.Encoding(try); err == nil && found != nil {
			return found
		}
	}
	switch {
	case strings.HasPrefix(repaired, "iso8859-"), strings.HasPrefix(repaired, "iso-8859"):
		digits := strings.TrimPrefix(strings.TrimPrefix(repaired, "iso8859-"), "iso-8859")
		digits, _, _ = strings.Cut(strings.TrimLeft(digits, "-"), "-")
		if found, err := htmlindex.Get("iso-8859-" + digits); err == nil {
			return found
		}
	case strings.HasPrefix(repaired, "latin"):
		if found, err := htmlindex.Get("latin" + strings.TrimLeft(repaired[5:], "-")); err == nil {
			return found
		}
	}
	return nil
}

// decodeText turns raw into UTF-8 by the rule: what is valid UTF-8 is UTF-8 unless a
// multi-byte charset was declared that also reads it; a declared charset comes
// next, then fallback. The result may share raw's memory.
func decodeText(raw []byte, declared, fallback *charset) []byte {
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		return validUTF8(raw[3:])
	case bytes.HasPrefix(raw, []byte("\xff\xfe")) && isWide(raw), bytes.HasPrefix(raw, []byte("\xfe\xff")) && isWide(raw):
		return decodeWith(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), raw)
	}
	valid := utf8.Valid(raw)
	if (declared == nil || declared.utf8) && bytes.Contains(raw, []byte("\x1b$B")) && isASCII(raw) { // nothing else holds this
		return decodeWith(japanese.ISO2022JP, raw)
	}
	switch {
	case declared == nil:
		if valid {
			return raw
		}
		return fallback.guess(raw)
	case declared.utf8 && !valid && !hasUTF8(raw): // not one character speaks for it
		return fallback.guess(raw)
	case declared.utf8:
		return validUTF8(raw)
	case declared.utf7:
		if valid && !isASCII(raw) {
			return raw
		}
		return validUTF8(decodeUTF7(raw))
	case declared.wide:
		return decodeWide(raw, declared, valid)
	case valid && (declared.single || !declared.escapes && isASCII(raw)):
		return raw
	}
	out := decodeWith(declared.encoding, raw)
	if valid && !isASCII(raw) && bytes.Contains(out, []byte(replacement)) {
		return raw
	}
	return out
}

// guess reads what is not UTF-8 and does not say what it is.
func (c *charset) guess(raw []byte) []byte {
	if c.isWestern() && isChinese(raw) {
		return decodeWith(simplifiedchinese.GB18030, raw)
	}
	return decodeWith(c.encoding, raw)
}

const replacement = "\uFFFD"

// decodeWide reads UTF-16 or UTF-32, unless it is plainly neither. Without a
// byte order mark the place of the zero bytes tells the order.
func decodeWide(raw []byte, declared *charset, valid bool) []byte {
	if valid && bytes.IndexByte(raw, 0) < 0 && isMostlyASCII(raw) {
		return raw
	}
	if declared.encoding != nil {
		return decodeWith(declared.encoding, raw)
	}
	even, odd := 0, 0
	for i, c := range raw[:min(len(raw), 512)] {
		if c == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	order := unicode.BigEndian
	if odd > even {
		order = unicode.LittleEndian
	}
	return decodeWith(unicode.UTF16(order, unicode.UseBOM), raw)
}

// isWide tells UTF-16 from a text that happens to begin with its mark.
func isWide(raw []byte) bool { return len(raw)%2 == 0 || bytes.IndexByte(raw, 0) >= 0 }

func isMostlyASCII(raw []byte) bool {
	letters := 0
	for _, c := range raw {
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t' {
			letters++
		}
	}
	return letters*10 >= len(raw)*9
}

func decodeWith(e encoding.Encoding, raw []byte) []byte {
	if e == nil {
		return validUTF8(raw)
	}
	out, err := e.NewDecoder().Bytes(raw)
	if err != nil {
		out = append(out, validUTF8(raw[min(len(raw), len(out)):])...)
	}
	return validUTF8(out)
}

func validUTF8(raw []byte) []byte {
	if utf8.Valid(raw) {
		return raw
	}
	return bytes.ToValidUTF8(raw, []byte(replacement))
}

// hasUTF8 reports whether raw holds a character of several bytes, or ends in the
// beginning of one.
func hasUTF8(raw []byte) bool {
	for i := 0; i < len(raw); {
		if raw[i] < utf8.RuneSelf {
			i++
			continue
		}
		_, size := utf8.DecodeRune(raw[i:])
		if size > 1 || i+1 < len(raw) && !utf8.FullRune(raw[i:]) {
			return true
		}
		i += size
	}
	return false
}

func isASCII(raw []byte) bool {
	for _, c := range raw {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
