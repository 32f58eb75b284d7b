package disguise

import "contactd/classifiers/fold"

// lattice holds for every chunk what it may be, and finds the likeliest way
// through.
type lattice struct {
	options []option
	chosen  []int32 // the option of each chunk
	from    []int32 // where the options of a chunk begin in options
	row     []int32 // the words of the options
}

// option is one reading of a chunk.
type option struct {
	// first and end are its words in lattice.row; none for the chunk as it is.
	first, end int32
	cost       float32
	// trick is what of the cost is for how the words are written.
	trick float32
	// last is the last word, or -1.
	last int32
	lead int32 // the first word
	best float32
	back int32
}

// choose fills the lattice and walks it.
func (r *Reader) choose() {
	r.options, r.from, r.row = r.options[:0], r.from[:0], r.row[:0]
	for _, c := range r.chunks {
		r.from = append(r.from, int32(len(r.options)))
		if c.kind == respelt || c.joined {
			at := int32(len(r.row))
			r.row = append(r.row, c.word)
			r.options = append(r.options, option{first: at, end: at + 1, last: c.word, lead: c.word})
			continue
		}
		if c.kind == plain {
			r.options = append(r.options, option{last: c.word, lead: c.word})
			continue
		}
		r.optionsOf(c)
	}
	r.from = append(r.from, int32(len(r.options)))
	for k := range r.chunks {
		for i := r.from[k]; i < r.from[k+1]; i++ {
			o := &r.options[i]
			o.back, o.best = -1, o.cost+r.linked(-1, o.lead)
			if k == 0 {
				continue
			}
			o.best = 1e9
			for j := r.from[k-1]; j < r.from[k]; j++ {
				p := &r.options[j]
				if cost := p.best + o.cost + r.linked(p.last, o.lead); cost < o.best {
					o.best, o.back = cost, j
				}
			}
		}
	}
}

// linked is what a word costs after another.
func (r *Reader) linked(before, word int32) float32 {
	if word < 0 {
		return 0
	}
	return r.vocabulary.costAfter(before, word)
}

// The cost of a chunk that is left as it is: for not being a word, and for each
// of its letters.
const (
	leftAlone    = 7
	leftLetter   = 2.0
	leftTogether = 3.5
	together     = 9
	leftName     = -4
	leftOdd      = 5
)

func (r *Reader) optionsOf(c chunk) {
	chars := r.characters(c)
	t := r.in.Tokens[c.first]
	letters := 0
	for _, each := range chars {
		if !isJoiner(each) {
			letters++
		}
	}
	cost := float32(leftAlone + leftLetter*float32(letters))
	if letters >= together {
		cost = leftTogether * float32(letters)
	}
	if t.Marks&fold.Capital != 0 && t.Marks&fold.Shouted == 0 {
		cost += leftName
	}
	if c.kind == odd {
		cost += leftOdd
	}
	if c.spelled {
		cost += 10
	}
	r.options = append(r.options, option{last: -1, lead: -1, cost: cost})
	if r.budget--; r.budget < 0 {
		return
	}
	if !c.spelled && letters <= 16 {
		limit := min(10, 1+1.1*float32(letters))
		if c.apart {
			limit = signBetween*float32(len(chars)) + doubles
		}
		r.search.read(chars, limit)
		for _, found := range r.found {
			at := int32(len(r.row))
			r.row = append(r.row, found.word)
			r.options = append(r.options, option{first: at, end: at + 1, cost: found.cost, trick: found.cost, last: found.word, lead: found.word})
		}
	}
	if letters >= 4 || c.spelled {
		words, cost := r.split(chars)
		if len(words) == 0 {
			return
		}
		at := int32(len(r.row))
		r.row = append(r.row, words...)
		first := words[0]
		cost -= r.linked(-1, first)
		if !c.spelled {
			cost += 3 // people do put spaces
		}
		r.options = append(r.options, option{first: at, end: at + int32(len(words)), cost: cost, last: words[len(words)-1], lead: first})
	}
}

// write writes the chosen readings.
func (r *Reader) write(out *fold.Text) {
	if len(r.chunks) == 0 {
		return
	}
	r.chosen = append(r.chosen[:0], make([]int32, len(r.chunks))...)
	chosen := r.chosen
	k := len(r.chunks) - 1
	best := r.from[k]
	for i := r.from[k]; i < r.from[k+1]; i++ {
		if r.options[i].best < r.options[best].best {
			best = i
		}
	}
	for ; k >= 0; k-- {
		chosen[k] = best
		best = r.options[best].back
	}
	for k, c := range r.chunks {
		o := &r.options[chosen[k]]
		tokens := r.in.Tokens[c.first:c.end]
		if o.first == o.end {
			if c.kind != plain {
				r.unread++
			}
			out.Tokens = append(out.Tokens, tokens...)
			continue
		}
		r.changed++
		r.tricks += o.trick
		for n, word := range r.row[o.first:o.end] {
			if word < 0 {
				continue
			}
			from := len(out.Letters)
			out.Letters = append(out.Letters, r.vocabulary.text(int(word))...)
			t := plainToken(tokens[0], tokens[len(tokens)-1], from, len(out.Letters))
			if n > 0 {
				t.Marks &^= fold.AfterStop | fold.AfterEdge
			}
			out.Tokens = append(out.Tokens, t)
		}
	}
}

// plainToken stands for the letters from first to last in a text written anew.
func plainToken(first, last fold.Token, from, to int) fold.Token {
	t := first
	t.From, t.To, t.End, t.ByteEnd = int32(from), int32(to), last.End, last.ByteEnd
	t.Marks = t.Marks&^(fold.Digit|fold.Accented|fold.Lookalike) | fold.Letter | fold.Latin | last.Marks&fold.Colon
	t.Possessor, t.Joint, t.Lead = 0, 0, 0
	return t
}
