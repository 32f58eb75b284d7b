// Package mask replaces what identifies people in a text by stand-ins that keep
// the meaning, such as "⟪NAME 1⟫", so that a text may leave the force.
//
// It goes by form (addresses, numbers, links, handles, plates), by common first
// names and by what the caller knows of the people. It guarantees nothing: a
// rare name in small letters, a nickname, a place without a number, a job or a
// story that only one person can have stays readable. A person must read what
// is to be given away.
package mask

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed names.txt
var commonNames string

// Masker gives the same words the same stand-in for as long as it is used. It
// is for one goroutine.
type Masker struct {
	first map[string]bool // common first names, lower case
	given map[string]string
	count map[string]int
}

// New makes a masker that has given no stand-in yet.
func New() *Masker {
	m := &Masker{first: map[string]bool{}, given: map[string]string{}, count: map[string]int{}}
	for name := range strings.FieldsSeq(commonNames) {
		m.first[name] = true
	}
	return m
}

// Known finds words that are known to identify people. Nil finds none.
type Known struct{ form *regexp.Regexp }

// longestName is that of an address, in letters; longer words that begin alike
// would make an expression that cannot be compiled.
const longestName = 254

// KnownOf makes a Known of names and addresses, of which each word counts that
// is longer than two letters, and of numbers, which count as they are.
func KnownOf(names, numbers []string) *Known {
	var forms []string
	for _, name := range names {
		for _, word := range strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;<>()\"", r) }) {
			word = strings.TrimPrefix(norm.NFC.String(strings.ToValidUTF8(word, "\uFFFD")), "@")
			if n := utf8.RuneCountInString(word); n > 2 && n <= longestName {
				forms = append(forms, typed(word))
			}
		}
	}
	for _, number := range numbers {
		if number != "" && len(number) <= longestName {
			forms = append(forms, regexp.QuoteMeta(strings.ToValidUTF8(number, "\uFFFD")))
		}
	}
	if len(forms) == 0 {
		return nil
	}
	form := regexp.MustCompile(`(?i)` + strings.Join(forms, "|"))
	form.Longest() // of "Rob Robson" both words count
	return &Known{form}
}

// typed is an expression for a word with whatever apostrophe, and with accents or
// without, as keyboards differ.
func typed(word string) string {
	with, _ := plainly(word)
	either := strings.NewReplacer("'", "['’]", "’", "['’]").Replace(regexp.QuoteMeta(with))
	if without, _ := plainly(norm.NFD.String(either)); without != either {
		return either + "|" + without
	}
	return either
}

// Stretch is a piece of a text to be masked, in bytes, To exclusive.
type Stretch struct {
	From, To int
	Kind     string
}

// Find gives what is to be masked in a text, in order, without overlap.
func (m *Masker) Find(text string, known *Known) []Stretch {
	var found []Stretch
	plain, back := plainly(text)
	for _, each := range forms() {
		for _, at := range each.form.FindAllStringSubmatchIndex(plain, -1) {
			from, to := at[0], at[1]
			if len(at) > 2 && at[2] >= 0 {
				from, to = at[2], at[3]
			}
			switch each.kind {
			case "NAME":
				to = from + undone(plain[from:to])
			case "ADDRESS":
				from = to - len(unhappened(plain[from:to]))
			}
			if from < to && !services[plain[from:to]] {
				found = append(found, Stretch{from, to, each.kind})
			}
		}
	}
	if known != nil {
		for _, at := range known.form.FindAllStringIndex(plain, -1) {
			if isEdge(plain, at[0], at[1]) {
				found = append(found, Stretch{at[0], at[1], "NAME"})
			}
		}
	}
	found = apart(append(found, m.names(plain)...))
	for i := range found {
		found[i].From, found[i].To = back(found[i].From), back(found[i].To)
	}
	return found
}

// StandIn is what takes the place of words of a kind: the same for the same.
func (m *Masker) StandIn(kind, words string) string {
	key := kind + " " + strings.ToLower(words)
	if m.given[key] == "" {
		m.count[kind]++
		m.given[key] = fmt.Sprintf("⟪%s %d⟫", kind, m.count[kind])
	}
	return m.given[key]
}

// Text is a text with stand-ins.
func (m *Masker) Text(text string, known *Known) string {
	var masked strings.Builder
	last := 0
	for _, each := range m.Find(text, known) {
		masked.WriteString(text[last:each.From])
		masked.WriteString(m.StandIn(each.Kind, text[each.From:each.To]))
		last = each.To
	}
	masked.WriteString(text[last:])
	return masked.String()
}

var word = regexp.MustCompile(`\p{L}[\p{L}\p{M}'’-]*`)

// names finds common first names, and what follows one with a capital letter.
// A first name that is a word too counts with a capital letter alone.
func (m *Masker) names(text string) []Stretch {
	var found []Stretch
	words := word.FindAllStringIndex(text, -1)
	for i, at := range words {
		one := text[at[0]:at[1]]
		bare := one
		for _, possessive := range []string{"'s", "’s", "'S", "’S"} {
			bare = strings.TrimSuffix(bare, possessive)
		}
		plain := unaccented(strings.ToLower(bare))
		capital := unicode.IsUpper([]rune(one)[0])
		if !m.first[plain] && !(capital && m.first["+"+plain]) {
			continue
		}
		end := at[0] + len(bare)
		if capital && len(bare) == len(one) {
			end = surname(text, words[i:])
		}
		found = append(found, Stretch{at[0], end, "NAME"})
	}
	return found
}

// surname is where a name ends of which the first of some words is the first
// name: with the next if that has a capital letter, and particles before it.
func surname(text string, words [][]int) (end int) {
	for i := 1; i < len(words); i++ {
		if gap := text[words[i-1][1]:words[i][0]]; strings.TrimSpace(gap) != "" || strings.Contains(gap, "\n") {
			break
		}
		one := text[words[i][0]:words[i][1]]
		if r, _ := utf8.DecodeRuneInString(one); unicode.IsUpper(r) && !isDeed(one) {
			return words[i][1]
		}
		if !isParticle(one) {
			break
		}
	}
	return words[0][1]
}

// isParticle tells what may stand between a first name and the rest.
func isParticle(word string) bool { return strings.Contains("|"+particle+"|", "|"+word+"|") }

// unaccented is a word as those write it who have no accents on their keyboard.
func unaccented(word string) string {
	var plain strings.Builder
	for _, r := range norm.NFD.String(word) {
		switch {
		case r == 'ł':
			plain.WriteByte('l')
		case !unicode.Is(unicode.Mn, r):
			plain.WriteRune(r)
		}
	}
	return plain.String()
}

// isEdge reports whether a stretch begins and ends where words do.
func isEdge(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return !unicode.IsLetter(before) && !unicode.IsLetter(after)
}

// apart puts stretches in order and leaves of each what no earlier one has.
func apart(found []Stretch) []Stretch {
	slices.SortStableFunc(found, func(a, b Stretch) int {
		if a.From != b.From {
			return a.From - b.From
		}
		return b.To - a.To
	})
	kept, end := found[:0], 0
	for _, each := range found {
		if each.From = max(each.From, end); each.To > each.From {
			kept, end = append(kept, each), each.To
		}
	}
	return kept
}
