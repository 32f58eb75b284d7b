package disguise

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// Styles are the disguises that Write knows, in order.
func Styles() []string {
	var names []string
	for _, s := range append(styles(), mixed()) {
		names = append(names, s.name)
	}
	return names
}

// Write writes a text in a disguise. The same text, style and seed give the
// same disguise.
func Write(text, style string, seed uint64) (string, error) {
	all := append(styles(), mixed())
	i := slices.IndexFunc(all, func(s writing) bool { return s.name == style })
	if i < 0 {
		return "", fmt.Errorf("no disguise %q; want one of %s", style, strings.Join(Styles(), ", "))
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(style + text))
	s := all[i]
	w := writer{rand.New(rand.NewPCG(seed, hash.Sum64()))}
	if s.text != nil {
		return s.text(w, text), nil
	}
	words := strings.Fields(text)
	for i, word := range words {
		if s.share >= 1 || w.Float64() < s.share {
			words[i] = s.word(w, word)
		}
	}
	return strings.Join(words, " "), nil
}

// writing is one way of disguise: of words, a share of them, or of a text.
type writing struct {
	name  string
	share float64
	word  func(w writer, word string) string
	text  func(w writer, text string) string
}

type writer struct{ *rand.Rand }

// styles are what people do, as seen in messages and told of elsewhere.
func styles() []writing {
	leet, signs, lookalikes, accents, sounds, respoken := leet(), signs(), lookalikes(), accents(), sounds(), respoken()
	shorts := shorts()
	return []writing{
		{name: "leet", share: 0.7, word: func(w writer, word string) string { return w.replace(word, 0.8, leet) }},
		{name: "light_leet", share: 0.4, word: func(w writer, word string) string { return w.replace(word, 0.4, leet) }},
		{name: "signs", share: 0.6, word: func(w writer, word string) string { return w.replace(word, 0.6, signs) }},
		{name: "stars", share: 0.5, word: writer.stars},
		{name: "dots_between", share: 0.5, word: func(_ writer, word string) string { return strings.Join(strings.Split(word, ""), ".") }},
		{name: "dots_for_spaces", text: func(_ writer, text string) string { return strings.Join(strings.Fields(text), ".") }},
		{name: "spaced_out", text: func(_ writer, text string) string { return spaced(text, " ", "   ") }},
		{name: "spaced_evenly", text: func(_ writer, text string) string { return spaced(text, " ", " ") }},
		{name: "broken", share: 0.5, word: func(w writer, word string) string { return w.broken(word, []string{".", "-", "_"}) }},
		{name: "broken_by_spaces", share: 0.3, word: func(w writer, word string) string { return w.broken(word, []string{" "}) }},
		{name: "over_lines", share: 0.5, word: func(w writer, word string) string { return w.broken(word, []string{"\n"}) }},
		{name: "run_together", text: func(_ writer, text string) string { return strings.Join(strings.Fields(text), "") }},
		{name: "partly_together", text: writer.partlyTogether},
		{name: "homoglyphs", share: 1, word: func(w writer, word string) string { return w.replace(word, 0.7, lookalikes) }},
		{name: "accents", share: 0.8, word: func(w writer, word string) string { return w.replace(word, 0.6, accents) }},
		{name: "fullwidth", share: 1, word: func(_ writer, word string) string { return strings.Map(wide, word) }},
		{name: "zero_width", share: 1, word: func(w writer, word string) string { return w.broken(word, []string{"\u200b", "\u200d", "\u2060"}) }},
		{name: "no_vowels", share: 0.9, word: func(_ writer, word string) string { return withoutVowels(word) }},
		{name: "few_vowels", share: 0.5, word: func(_ writer, word string) string { return withoutVowels(word) }},
		{name: "doubled", share: 0.6, word: writer.doubled},
		{name: "swapped", share: 0.6, word: writer.swapped},
		{name: "dropped", share: 0.5, word: writer.dropped},
		{name: "phonetic", share: 0.9, word: func(_ writer, word string) string { return asHeard(word, sounds) }},
		{name: "teen", share: 0.9, word: func(w writer, word string) string { return w.teen(word, shorts) }},
		{name: "dictated", text: func(_ writer, text string) string { return respoken.Replace(strings.ToLower(text)) }},
		{name: "reversed", text: func(_ writer, text string) string { return backwards(text) }},
		{name: "words_reversed", share: 1, word: func(_ writer, word string) string { return backwards(word) }},
		{name: "pig_latin", share: 1, word: func(_ writer, word string) string { return pigLatin(word) }},
		{name: "shouted", share: 1, word: func(_ writer, word string) string { return strings.ToUpper(word) }},
	}
}

func mixed() writing { return writing{name: "mixed", text: writer.mixed} }

// replace writes a share of the letters that a table has as others.
func (w writer) replace(word string, share float64, table map[rune]string) string {
	var out strings.Builder
	for _, c := range word {
		others := []rune(table[unicode.ToLower(c)])
		if len(others) == 0 || w.Float64() >= share {
			out.WriteRune(c)
			continue
		}
		out.WriteRune(others[w.IntN(len(others))])
	}
	return out.String()
}

func leet() map[rune]string {
	return map[rune]string{'a': "44@", 'e': "3", 'i': "11!", 'o': "0", 's': "5$", 't': "7", 'b': "8", 'g': "9", 'l': "1"}
}

func signs() map[rune]string {
	return map[rune]string{'a': "@", 'e': "€", 'i': "!|", 's': "$", 't': "+", 'l': "|", 'c': "("}
}

func lookalikes() map[rune]string {
	return map[rune]string{'a': "аɑ", 'c': "сϲ", 'e': "еє", 'h': "һ", 'i': "іι", 'j': "ј", 'k': "к", 'm': "м", 'n': "п", 'o': "оο", 'p': "рρ", 's': "ѕ", 't': "т", 'u': "υ", 'v': "ν", 'w': "ԝω", 'x': "х", 'y': "уү"}
}

func accents() map[rune]string {
	return map[rune]string{'a': "áäàãå", 'e': "éëêè", 'i': "íïî", 'o': "óöøô", 'u': "úüû", 'n': "ñń", 'c': "çć", 's': "šś", 'y': "ýÿ", 'z': "ž", 'd': "đ", 'l': "ł"}
}

// stars puts a star for one or two letters within a word, vowels first.
func (w writer) stars(word string) string {
	letters := []rune(word)
	if len(letters) < 3 {
		return word
	}
	sign := []rune("***#_-.")[w.IntN(7)]
	for n := range 1 + w.IntN(2) {
		k := 1 + w.IntN(len(letters)-2)
		for range 3 {
			if n == 0 && !strings.ContainsRune("aeiou", letters[k]) {
				k = 1 + w.IntN(len(letters)-2)
			}
		}
		letters[k] = sign
	}
	return string(letters)
}

func spaced(text, between, words string) string {
	all := strings.Fields(text)
	for i, word := range all {
		all[i] = strings.Join(strings.Split(word, ""), between)
	}
	return strings.Join(all, words)
}

// broken puts a sign within a word.
func (w writer) broken(word string, signs []string) string {
	letters := []rune(word)
	if len(letters) < 4 {
		return word
	}
	k := 1 + w.IntN(len(letters)-2)
	return string(letters[:k]) + signs[w.IntN(len(signs))] + string(letters[k:])
}

func (w writer) partlyTogether(text string) string {
	var out strings.Builder
	for i, word := range strings.Fields(text) {
		if i > 0 && w.Float64() < 0.5 {
			out.WriteByte(' ')
		}
		out.WriteString(word)
	}
	return out.String()
}

func wide(c rune) rune {
	if '!' <= c && c <= '~' {
		return c - '!' + '！'
	}
	return c
}

func withoutVowels(word string) string {
	letters := []rune(word)
	if len(letters) < 2 {
		return word
	}
	out := letters[:1]
	for _, c := range letters[1:] {
		if !strings.ContainsRune("aeiouAEIOU", c) {
			out = append(out, c)
		}
	}
	return string(out)
}

func (w writer) doubled(word string) string {
	letters := []rune(word)
	k := w.IntN(len(letters))
	return string(letters[:k]) + strings.Repeat(string(letters[k]), 2+w.IntN(4)) + string(letters[k+1:])
}

func (w writer) swapped(word string) string {
	letters := []rune(word)
	if len(letters) < 4 {
		return word
	}
	k := 1 + w.IntN(len(letters)-2)
	letters[k], letters[k+1] = letters[k+1], letters[k]
	return string(letters)
}

func (w writer) dropped(word string) string {
	letters := []rune(word)
	if len(letters) < 4 {
		return word
	}
	k := 1 + w.IntN(len(letters)-1)
	return string(letters[:k]) + string(letters[k+1:])
}

// asHeard writes sounds as a child hears them.
func asHeard(word string, pairs *strings.Replacer) string {
	return pairs.Replace(strings.ToLower(word))
}

func sounds() *strings.Replacer {
	return strings.NewReplacer(
		"tion", "shun", "ough", "uff", "ight", "ite", "knif", "nif", "kn", "n", "wh", "w", "ph", "f", "ck", "k", "th", "f", "er ", "a ",
		"ea", "ee", "ou", "ow", "ai", "ay", "oor", "or", "ee", "ea", "qu", "kw", "x", "ks", "ce", "se", "ci", "si", "c", "k", "ie", "y",
		"tch", "ch", "dge", "j", "gh", "", "mb", "m", "ss", "s", "ll", "l", "tt", "t", "pp", "p", "oo", "u",
	)
}

// teen writes words as they are sent by phone.
func (w writer) teen(word string, shorts map[string]string) string {
	lower := strings.ToLower(word)
	bare := strings.TrimRight(lower, ".,!?")
	if short, ok := shorts[bare]; ok {
		return short
	}
	switch {
	case strings.HasSuffix(bare, "ing") && len(bare) > 5:
		return bare[:len(bare)-1]
	case strings.HasSuffix(bare, "er") && len(bare) > 4:
		return bare[:len(bare)-2] + "a"
	case strings.Contains(bare, "ate"):
		return strings.Replace(bare, "ate", "8", 1)
	case strings.HasPrefix(bare, "th") && len(bare) > 3:
		return "d" + bare[2:]
	case strings.HasSuffix(bare, "th"):
		return bare[:len(bare)-2] + "f"
	}
	return lower
}

func shorts() map[string]string {
	return map[string]string{
		"you": "u", "your": "ur", "youre": "ur", "are": "r", "to": "2", "too": "2", "for": "4", "before": "b4", "tonight": "2nite", "today": "2day",
		"tomorrow": "2moz", "someone": "sum1", "anyone": "ne1", "everyone": "evry1", "no-one": "no1", "please": "plz", "help": "hlp", "with": "wiv",
		"what": "wot", "when": "wen", "because": "cuz", "about": "abt", "just": "jus", "now": "rn", "people": "ppl", "be": "b", "see": "c",
		"and": "n", "the": "da", "that": "dat", "have": "av", "has": "haz", "his": "hiz", "is": "iz", "my": "ma", "going": "gona", "from": "frm",
		"cant": "cnt", "can't": "cnt", "dont": "dnt", "don't": "dnt", "want": "wna", "house": "hse", "round": "rnd", "back": "bk", "there": "der",
		"they": "dey", "this": "dis", "of": "ov", "get": "gt", "been": "bin", "know": "no", "was": "woz", "says": "sez", "said": "sed", "street": "st",
		"knife": "nife", "phone": "fone", "brother": "bruv", "something": "summat", "might": "mite", "night": "nite", "right": "rite", "killed": "kild",
	}
}

// respoken is how a telephone writes down what it is told.
func respoken() *strings.Replacer {
	return strings.NewReplacer(
		". ", " full stop ", ", ", " comma ", "? ", " question mark ", "! ", " exclamation mark ", "\n", " new line ", "'", "",
		" i ", " eye ", " to ", " two ", " for ", " four ", " no ", " know ", " there ", " their ", " by ", " buy ", " hear ", " here ", " one ", " won ", " has ", " as ",
	)
}

func backwards(text string) string {
	letters := []rune(text)
	slices.Reverse(letters)
	return string(letters)
}

func pigLatin(word string) string {
	k := strings.IndexAny(word, "aeiouAEIOU")
	if k < 0 {
		return word
	}
	return strings.ToLower(word[k:] + word[:k] + "ay")
}

// mixed writes each word in a way of its own.
func (w writer) mixed(text string) string {
	words, styles := strings.Fields(text), styles()
	for i, word := range words {
		for range 2 {
			if s := styles[w.IntN(len(styles))]; s.word != nil && s.name != "words_reversed" && s.name != "pig_latin" {
				words[i] = s.word(w, word)
				break
			}
		}
	}
	return strings.Join(words, " ")
}
