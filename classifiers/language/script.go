package language

import (
	"slices"
	"strings"
	"unicode"
)

// script is a script with the language that it most likely is.
type script struct {
	letters *unicode.RangeTable
	tag     string
	// among are other languages of the script; the first that shows counts.
	among []sign
}

// sign is a language by what only it has of a script.
type sign struct {
	tag string
	// letters are its own; words stand, with spaces around, in many of its texts.
	letters, words string
	// never are letters that it does not have.
	never string
}

// scripts are those of the languages most spoken in England and Wales.
func scripts() []script {
	return []script{
		{unicode.Arabic, "ar", []sign{
			{tag: "ckb", letters: "ەێۆڵڕ"},
			{tag: "ps", letters: "ټډړښځڅېۍګڼ"},
			{tag: "ur", letters: "ٹڈڑںےھہ"},
			{tag: "fa", letters: "گچپژکی"},
		}},
		{unicode.Cyrillic, "ru", []sign{
			{tag: "uk", letters: "іїєґ"},
			{tag: "bg", words: bulgarian, never: "ыэёјљњџђћѓќ"},
		}},
		{unicode.Bengali, "bn", nil},
		{unicode.Gurmukhi, "pa", nil},
		{unicode.Gujarati, "gu", nil},
		{unicode.Devanagari, "hi", nil},
		{unicode.Tamil, "ta", nil},
		{unicode.Hangul, "ko", nil},
		{unicode.Hiragana, "ja", nil},
		{unicode.Han, "zh", nil},
		{unicode.Greek, "el", nil},
		{unicode.Hebrew, "he", nil},
		{unicode.Ethiopic, "am", nil},
		{unicode.Thai, "th", nil},
		{unicode.Malayalam, "ml", nil},
		{unicode.Sinhala, "si", nil},
		{unicode.Telugu, "te", nil},
		{unicode.Kannada, "kn", nil},
		{unicode.Georgian, "ka", nil},
		{unicode.Armenian, "hy", nil},
		{unicode.Khmer, "km", nil},
		{unicode.Myanmar, "my", nil},
	}
}

// bulgarian are words that Russian has not.
const bulgarian = " съм се си ме го ги му са е тя аз тук няма моля здравейте сега беше къде какво със във кръв вън човек някой "

// language is that of a text in the script.
func (s script) language(text string) string {
	for _, each := range s.among {
		if !strings.ContainsAny(text, each.never) && (strings.ContainsAny(text, each.letters) || each.says(text)) {
			return each.tag
		}
	}
	return s.tag
}

// says reports whether a word of the language stands in a text.
func (s sign) says(text string) bool {
	if s.words == "" {
		return false
	}
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if strings.Contains(s.words, " "+word+" ") {
			return true
		}
	}
	return false
}

// byScript returns the language of a text of which at least a third is in a
// script that is not Latin, or nothing, and whether the script is one that is
// not listed. Single letters of another script in a Latin word are a disguise
// and no language.
func (c *Classifier) byScript(text string) (tag string, unlisted bool) {
	known := c.scripts
	counts := make([]int, len(known))
	letters, seen, others := 0, 0, 0
	for _, r := range text {
		if seen++; seen > maxCharacters {
			break
		}
		if r < 0x250 || !unicode.IsLetter(r) {
			if unicode.IsLetter(r) {
				letters++
			}
			continue
		}
		letters++
		i := slices.IndexFunc(known, func(s script) bool { return unicode.Is(s.letters, r) })
		switch {
		case i >= 0:
			counts[i]++
		case !unicode.In(r, unicode.Latin, unicode.Common):
			others++
		}
	}
	for i, n := range counts {
		if n > 2 && 3*n > letters && !mixed(text, known[i].letters) {
			return known[i].language(text), false
		}
	}
	return "", others > 2 && 3*others > letters
}

// mixed reports whether letters of the script stand within Latin words more
// often than apart from them.
func mixed(text string, letters *unicode.RangeTable) bool {
	pure, both := 0, 0
	for word := range strings.FieldsSeq(text) {
		script := strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(letters, r) })
		latin := strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
		switch {
		case script && latin:
			both++
		case script:
			pure++
		}
	}
	return both > pure
}
