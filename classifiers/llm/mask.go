package llm

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"contactd/contact"
)

// forms are what identifies a person by its form, the most telling first. A
// group, if there is one, is what is masked.
var forms = []struct {
	kind string
	form *regexp.Regexp
}{
	{"LINK", regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>"]+`)},
	{"EMAIL", regexp.MustCompile(`(?i)[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`)},
	{"HANDLE", regexp.MustCompile(`@[\p{L}\p{N}_.]{2,}`)},
	{"PLACE", regexp.MustCompile(`/{0,3}\b[\p{Ll}]{3,}\.[\p{Ll}]{3,}\.[\p{Ll}]{3,}\b`)}, // what3words
	{"PLACE", regexp.MustCompile(`-?\b\d{1,2}\.\d{3,}\s*,\s*-?\d{1,3}\.\d{3,}\b`)},
	{"PLACE", regexp.MustCompile(`\b[HJNST][A-HJ-Z]\s?\d{2,5}\s?\d{2,5}\b`)}, // national grid
	// National insurance numbers, then plates of 2001 and of 1983.
	{"NUMBER", regexp.MustCompile(`(?i)\b[A-CEGHJ-PR-TW-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]\b`)},
	{"PLATE", regexp.MustCompile(`(?i)\b[A-Z]{2}\d{2}\s?[A-Z]{3}\b`)},
	{"PLATE", regexp.MustCompile(`\b[A-Z]\d{1,3}\s?[A-Z]{3}\b`)},
	{"POSTCODE", regexp.MustCompile(`(?i)\b(?:GIR\s?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPS-UW]|[A-HK-Y]\d[ABEHMNPRV-Y])\s?\d[ABD-HJLNP-UW-Z]{2})\b`)},
	{"DATE", regexp.MustCompile(`(?i)\b(?:dob|d\.o\.b\.?|born(?: on)?|date of birth)[:\s]+([\d]{1,2}[./ -](?:\d{1,2}|[a-z]{3,9})[./ -]\d{2,4})`)},
	{"ADDRESS", regexp.MustCompile(`(?i)\b(?:(?:flat|apartment|apt|unit|room)\s+\w{1,4}[,\s]+)?(?:(?:no\.?|number)\s*)?\d{1,4}[a-z]?,?\s+(?:[\p{L}'’.-]+\s+){1,4}?(?:street|st|road|rd|lane|ln|avenue|ave|av|close|cl|drive|dr|way|court|ct|crescent|cres|place|pl|terrace|terr|gardens|gdns|grove|hill|park|square|sq|walk|row|mews|rise|view|parade|green|estate|house|heights|towers?|buildings?)\b`)},
	{"ADDRESS", regexp.MustCompile(`\b(?:\p{Lu}[\p{L}'’.-]*\s+){1,3}(?:Street|St|Road|Rd|Lane|Avenue|Ave|Close|Drive|Court|Crescent|Terrace|Gardens|Grove|Square|Mews|Parade)\b`)},
	{"ADDRESS", regexp.MustCompile(`(?i)\b(?:flat|apartment|apt)\s+\d{1,4}[a-z]?\b`)},
	{"PHONE", regexp.MustCompile(`(?:\+|\b00)\d[\d\s().-]{7,18}\d\b|\(?\b0\d[\d\s().-]{7,14}\d\b`)},
	{"NUMBER", regexp.MustCompile(`\b\d(?:[ -]?\d){7,}\b`)},
	{"NAME", regexp.MustCompile(`\b(?i:mr|mrs|ms|miss|mx|dr|prof|pc|sgt|insp)\.?\s+(\p{L}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’-]+)?)`)},
	{"NAME", regexp.MustCompile(`(?:[Mm]y name(?: is|'s|’s)|[Ii] am called|[Nn]amed|[Cc]alled|[Nn]ame:|[Ss]igned,?)\s+(\p{Lu}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’-]+){0,2})`)},
	{"NAME", regexp.MustCompile(`(?i)\bmy name(?: is|'s|’s)\s+(\p{L}[\p{L}'’-]+(?:\s+\p{L}[\p{L}'’-]+)?)`)},
	{"NAME", regexp.MustCompile(`(?m)^(?:[Kk]ind regards|[Rr]egards|[Tt]hanks|[Tt]hank you|[Yy]ours \p{Ll}+|[Bb]est wishes|[Cc]heers),?\s*\n+\s*(\p{Lu}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’-]+){0,2})`)},
}

//go:embed names.txt
var commonNames string

// firstNames are common first names, lower case.
func firstNames() map[string]bool {
	names := map[string]bool{}
	for name := range strings.FieldsSeq(commonNames) {
		names[name] = true
	}
	return names
}

// masker replaces what identifies people by stand-ins that keep the meaning:
// the same words give the same stand-in throughout a message.
type masker struct {
	on    bool
	first map[string]bool
	known *regexp.Regexp // what the channel knows of the people, or nil
	given map[string]string
	count map[string]int
}

// finding is a stretch to be masked, in bytes.
type finding struct {
	from, to int
	kind     string
}

func newMasker(message contact.Message, on bool) *masker {
	m := &masker{on: on, given: map[string]string{}, count: map[string]int{}}
	if !on {
		return m
	}
	m.first = firstNames()
	var known []string
	for _, person := range append([]contact.Sender{message.Sender}, message.Recipients...) {
		for _, word := range strings.FieldsFunc(person.Name+" "+person.Address, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;<>()\"", r) }) {
			if utf8.RuneCountInString(word) > 2 {
				known = append(known, regexp.QuoteMeta(word))
			}
		}
	}
	for _, each := range append(append([]string(nil), message.Phones...), message.Emails...) {
		if each != "" {
			known = append(known, regexp.QuoteMeta(each))
		}
	}
	if len(known) > 0 {
		m.known = regexp.MustCompile(`(?i)` + strings.Join(known, "|"))
	}
	return m
}

// apply fills in what is shown of a piece.
func (m *masker) apply(p *piece) {
	if !m.on {
		p.shown = p.original
		return
	}
	var found []finding
	for _, each := range forms {
		for _, at := range each.form.FindAllStringSubmatchIndex(p.original, -1) {
			from, to := at[0], at[1]
			if len(at) > 2 && at[2] >= 0 {
				from, to = at[2], at[3]
			}
			found = append(found, finding{from, to, each.kind})
		}
	}
	if m.known != nil {
		for _, at := range m.known.FindAllStringIndex(p.original, -1) {
			if bounded := isEdge(p.original, at[0], at[1]); bounded {
				found = append(found, finding{at[0], at[1], "NAME"})
			}
		}
	}
	found = sortMasks(append(found, m.names(p.original)...))
	var shown strings.Builder
	last := 0
	for _, each := range found {
		shown.WriteString(p.original[last:each.from])
		from := shown.Len()
		shown.WriteString(m.standIn(each.kind, p.original[each.from:each.to]))
		p.masks = append(p.masks, mask{each.from, each.to, from, shown.Len()})
		last = each.to
	}
	shown.WriteString(p.original[last:])
	p.shown = shown.String()
}

// standIn is the same for the same words.
func (m *masker) standIn(kind, words string) string {
	key := kind + " " + strings.ToLower(words)
	if m.given[key] == "" {
		m.count[kind]++
		m.given[key] = fmt.Sprintf("⟪%s %d⟫", kind, m.count[kind])
	}
	return m.given[key]
}

var word = regexp.MustCompile(`\p{L}[\p{L}'’-]*`)

// names finds common first names, and what follows one with a capital letter.
// A first name that is a word too counts with a capital letter alone.
func (m *masker) names(text string) []finding {
	var found []finding
	words := word.FindAllStringIndex(text, -1)
	for i, at := range words {
		one := text[at[0]:at[1]]
		plain := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(one), "'s"), "’s")
		capital := unicode.IsUpper([]rune(one)[0])
		if !m.first[plain] && !(capital && m.first["+"+plain]) {
			continue
		}
		end := at[0] + len(plain)
		if len(plain) == len(one) && i+1 < len(words) {
			next := words[i+1]
			if r, _ := utf8.DecodeRuneInString(text[next[0]:]); capital && unicode.IsUpper(r) && strings.TrimSpace(text[at[1]:next[0]]) == "" && !strings.Contains(text[at[1]:next[0]], "\n") {
				end = next[1]
			}
		}
		found = append(found, finding{at[0], min(end, len(text)), "NAME"})
	}
	return found
}

// isEdge reports whether a stretch begins and ends where words do.
func isEdge(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return !unicode.IsLetter(before) && !unicode.IsLetter(after)
}
