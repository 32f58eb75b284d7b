package rules

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// The lengths, in letters, from which words and stems are also known by their
// slips; shorter ones have too many neighbours that are words themselves.
const (
	minSlip     = 7
	minSlipStem = 8
)

// lexicon gathers every word of the phrases with its symbols, its spellings
// and its slips.
func (c *compiler) lexicon() {
	words, stems := map[string][]symbol{}, map[string][]symbol{}
	for s, members := range c.members {
		for _, member := range members {
			if stem, ok := strings.CutSuffix(member, "*"); ok {
				stems[stem] = append(stems[stem], symbol(s))
			} else {
				words[member] = append(words[member], symbol(s))
			}
		}
	}
	known := map[string]tongue{}
	for points := other; points > noTongue; points-- { // English has the last word
		for _, word := range c.languages[points] {
			known[word] = points
		}
	}
	for word := range c.abroad {
		if !c.home[word] && known[word] == noTongue {
			known[word] = other
		}
	}
	c.book.lexicon.numbers = c.book.senses.of(words[anyNumber])
	c.book.edge = c.book.senses.of(words[edge])
	c.addSlips(words, stems, known)
	c.addStems(stems)
	c.addWords(words, stems, known)
}

// addSlips adds what one writes by a slip of the finger, unless it is a word.
func (c *compiler) addSlips(words, stems map[string][]symbol, known map[string]tongue) {
	add := func(to map[string][]symbol, word string, symbols []symbol) {
		for _, slip := range slips(word) {
			_, isWord := words[slip]
			_, isStem := stems[slip]
			if !isWord && !isStem && known[slip] == noTongue {
				to[slip] = append(to[slip], symbols...)
			}
		}
	}
	slipped, slippedStems := map[string][]symbol{}, map[string][]symbol{}
	for _, word := range slices.Sorted(maps.Keys(words)) {
		if len(word) >= minSlip && !c.onlyAbroad(word) {
			add(slipped, word, words[word])
		}
	}
	for _, stem := range slices.Sorted(maps.Keys(stems)) {
		if len(stem) >= minSlipStem && !c.onlyAbroad(stem+"*") {
			add(slippedStems, stem, stems[stem])
		}
	}
	maps.Copy(words, slipped)
	maps.Copy(stems, slippedStems)
}

// onlyAbroad reports whether a word, or a stem with a star, stands in no phrase
// in English. Such have no slips: those may be English words.
func (c *compiler) onlyAbroad(word string) bool { return c.abroad[word] && !c.home[word] }

// addStems stores every stem with the symbols of the shorter stems in it.
func (c *compiler) addStems(stems map[string][]symbol) {
	l := &c.book.lexicon
	l.stems = make([][]stem, 1)
	for text := range stems {
		points := english
		if c.onlyAbroad(text + "*") {
			points = other
		}
		group := &l.starts[startOf([]byte(text))]
		if *group == 0 {
			*group = uint16(len(l.stems))
			l.stems = append(l.stems, nil)
		}
		l.stems[*group] = append(l.stems[*group], stem{text, meaning{c.book.senses.of(stemmed(nil, text, stems)), points}})
	}
	for _, group := range l.stems {
		slices.SortFunc(group, func(a, b stem) int { return cmp.Compare(len(b.text), len(a.text)) })
	}
}

// stemmed adds to symbols those of every stem that word begins with.
func stemmed(symbols []symbol, word string, stems map[string][]symbol) []symbol {
	for n := minStem; n <= len(word); n++ {
		symbols = append(symbols, stems[word[:n]]...)
	}
	slices.Sort(symbols)
	return slices.Compact(symbols)
}

// addWords stores every word with its symbols and those of its stems, and its
// other spellings with the same.
func (c *compiler) addWords(words, stems map[string][]symbol, known map[string]tongue) {
	all := map[string][]symbol{}
	for word, symbols := range words {
		all[word] = stemmed(symbols, word, stems)
	}
	for word := range known {
		all[word] = stemmed(words[word], word, stems)
	}
	spelled := map[string][]symbol{}
	for word, others := range c.spelling {
		for _, spelling := range others {
			symbols := slices.Concat(spelled[spelling], stemmed(words[spelling], spelling, stems), stemmed(words[word], word, stems))
			slices.Sort(symbols)
			spelled[spelling] = slices.Compact(symbols)
		}
	}
	maps.Copy(all, spelled)
	meanings := make(map[string]meaning, len(all))
	for word, symbols := range all {
		meanings[word] = meaning{c.book.senses.of(symbols), cmp.Or(known[word], english)}
	}
	c.book.lexicon.words = newWords(meanings)
}
