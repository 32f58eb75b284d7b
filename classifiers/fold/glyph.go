package fold

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// appendFolded appends what a character beyond ASCII is read as. No letters
// with marks set means that it separates words; no marks at all means that it
// is invisible.
func appendFolded(letters []byte, r rune) ([]byte, Mark) {
	if c := imitated(r); c != 0 {
		return append(letters, c), Letter | Lookalike
	}
	if c := styled(r); c != 0 {
		return append(letters, c), Letter | Latin
	}
	switch {
	case r == utf8.RuneError, unicode.IsSpace(r):
		return letters, separates
	case isInvisible(r):
		return letters, 0
	}
	if special := unmarked(r); special != "" {
		return append(letters, special...), Letter | Latin | Accented
	}
	var buffer [4]byte
	size := utf8.EncodeRune(buffer[:], r)
	decomposed := norm.NFKD.Properties(buffer[:size]).Decomposition()
	if decomposed == nil {
		return appendPlain(letters, unicode.ToLower(r))
	}
	marks := separates
	for i := 0; i < len(decomposed); {
		part, n := utf8.DecodeRune(decomposed[i:])
		i += n
		switch {
		case unicode.Is(unicode.Mn, part):
			marks |= Accented
		default:
			var more Mark
			letters, more = appendPlain(letters, unicode.ToLower(part))
			marks |= more
		}
	}
	if unicode.Is(unicode.Latin, r) {
		return letters, marks
	}
	return letters, marks &^ Accented // a fullwidth or styled letter, or no Latin one
}

// appendPlain appends a character that has nothing left to decompose.
func appendPlain(letters []byte, r rune) ([]byte, Mark) {
	switch {
	case 'a' <= r && r <= 'z':
		return append(letters, byte(r)), Letter | Latin
	case '0' <= r && r <= '9':
		return append(letters, byte(r)), Digit
	case unicode.Is(unicode.Latin, r):
		return utf8.AppendRune(letters, r), Letter | Latin | Accented
	case unicode.IsLetter(r), unicode.Is(unicode.Mc, r):
		if c := imitated(r); c != 0 { // a decomposed Cyrillic or Greek letter
			return append(letters, c), Letter | Lookalike
		}
		return utf8.AppendRune(letters, r), Letter | Foreign
	case unicode.IsDigit(r):
		return utf8.AppendRune(letters, r), Digit
	}
	return letters, separates
}

// isInvisible reports whether r shows nothing by itself: zero-width and format
// characters, combining marks, fillers.
func isInvisible(r rune) bool {
	switch r {
	case '\u115F', '\u1160', '\u3164', '\uFFA0', '\u2800', '\uFFFC':
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf)
}

// styled reads letters in shapes for which Unicode states no decomposition:
// regional indicators, dark squares and circles, small capitals.
func styled(r rune) byte {
	switch {
	case 0x1F1E6 <= r && r <= 0x1F1FF:
		return 'a' + byte(r-0x1F1E6)
	case 0x1F150 <= r && r <= 0x1F169:
		return 'a' + byte(r-0x1F150)
	case 0x1F170 <= r && r <= 0x1F189:
		return 'a' + byte(r-0x1F170)
	}
	switch r {
	case 'ᴀ':
		return 'a'
	case 'ʙ':
		return 'b'
	case 'ᴄ':
		return 'c'
	case 'ᴅ':
		return 'd'
	case 'ᴇ':
		return 'e'
	case 'ꜰ':
		return 'f'
	case 'ɢ':
		return 'g'
	case 'ʜ':
		return 'h'
	case 'ɪ':
		return 'i'
	case 'ᴊ':
		return 'j'
	case 'ᴋ':
		return 'k'
	case 'ʟ':
		return 'l'
	case 'ᴍ':
		return 'm'
	case 'ɴ':
		return 'n'
	case 'ᴏ':
		return 'o'
	case 'ᴘ':
		return 'p'
	case 'ʀ':
		return 'r'
	case 'ꜱ':
		return 's'
	case 'ᴛ':
		return 't'
	case 'ᴜ':
		return 'u'
	case 'ᴠ':
		return 'v'
	case 'ᴡ':
		return 'w'
	case 'ʏ':
		return 'y'
	case 'ᴢ':
		return 'z'
	}
	return 0
}

// unmarked reads Latin letters whose stroke or joining is no accent to Unicode.
func unmarked(r rune) string {
	switch r {
	case 'ł', 'Ł':
		return "l"
	case 'ø', 'Ø':
		return "o"
	case 'đ', 'Đ', 'ð', 'Ð':
		return "d"
	case 'ħ', 'Ħ':
		return "h"
	case 'ı':
		return "i"
	case 'ß', 'ẞ':
		return "ss"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'þ', 'Þ':
		return "th"
	case 'ə', 'Ə':
		return "e"
	case 'ŧ', 'Ŧ':
		return "t"
	}
	return ""
}

// imitated is the Latin letter that a letter of another script looks like, or
// 0. Only shapes that pass for the letter in a common typeface are listed.
func imitated(r rune) byte {
	switch r {
	case 'а', 'А', 'α', 'Α', 'ɑ':
		return 'a'
	case 'В', 'Β', 'β', 'Ь', 'ь':
		return 'b'
	case 'с', 'С', 'ϲ', 'Ϲ':
		return 'c'
	case 'ԁ', 'Ԁ', 'ɗ':
		return 'd'
	case 'е', 'Е', 'ё', 'Ё', 'є', 'Ε', 'ε', 'Є':
		return 'e'
	case 'ɡ', 'ց':
		return 'g'
	case 'һ', 'Н', 'н', 'Η', 'հ', 'Һ':
		return 'h'
	case 'і', 'І', 'ї', 'Ї', 'ι', 'Ι', 'ӏ', 'Ӏ':
		return 'i'
	case 'ј', 'Ј':
		return 'j'
	case 'к', 'К', 'κ', 'Κ':
		return 'k'
	case 'м', 'М', 'Μ':
		return 'm'
	case 'η', 'Ν', 'ո', 'п':
		return 'n'
	case 'о', 'О', 'ο', 'Ο', 'օ', 'σ':
		return 'o'
	case 'р', 'Р', 'ρ', 'Ρ':
		return 'p'
	case 'ԛ', 'Ԛ':
		return 'q'
	case 'г':
		return 'r'
	case 'ѕ', 'Ѕ':
		return 's'
	case 'т', 'Т', 'τ', 'Τ':
		return 't'
	case 'υ', 'ս', 'и':
		return 'u'
	case 'ν', 'ѵ':
		return 'v'
	case 'ԝ', 'Ԝ', 'ω', 'ѡ':
		return 'w'
	case 'х', 'Х', 'χ', 'Χ':
		return 'x'
	case 'у', 'У', 'γ', 'Υ', 'ү':
		return 'y'
	case 'Ζ':
		return 'z'
	}
	return 0
}
