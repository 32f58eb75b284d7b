package disguise

import "slices"

// What a letter and a figure cost that belong to no word.
const (
	strayLetter = 14
	strayFigure = 5
)

// unreached is the cost of what no words lead to.
const unreached = 1e9

// splitting finds the likeliest row of words that letters without spaces are.
type splitting struct {
	*search
	letters []byte
	// reach is the cheapest row of words up to each letter.
	reach []reached
	// now and next are the beginnings of words that end before a letter and
	// behind it.
	now, next []begun
}

// reached is the last word of a row of words, -1 for a letter that belongs to
// none, and where it begins.
type reached struct {
	cost float32
	from int32
	word int32
}

// begun is a beginning of a word.
type begun struct {
	node int32
	cost float32
}

// split reads letters without spaces as words, and returns them with what they
// cost; nothing when they are none. Letters are folded ones and digits.
func (s *search) split(letters []byte) (words []int32, cost float32) {
	n := len(letters)
	p := splitting{search: s, letters: letters, reach: make([]reached, n+1)}
	for i := range p.reach {
		p.reach[i].cost = unreached
	}
	p.reach[0] = reached{0, -1, -1}
	for i := range n {
		if p.reach[i].cost != unreached {
			p.words(i)
			p.stray(i)
		}
	}
	for i := int32(n); i > 0; i = p.reach[i].from {
		words = append(words, p.reach[i].word)
	}
	slices.Reverse(words)
	return words, p.reach[n].cost
}

// words reaches the ends of all words that begin at letter i, while there is
// work left.
func (p *splitting) words(i int) {
	p.next = append(p.next[:0], begun{0, p.reach[i].cost})
	for pos := i; len(p.next) > 0 && p.work > 0; pos++ {
		p.now, p.next = p.next, p.now[:0]
		p.work -= len(p.now)
		for _, each := range p.now {
			if word := p.vocabulary.tree[each.node].word(); word > 0 {
				cost := each.cost + p.vocabulary.costAfter(p.reach[i].word, word-1)
				if cost < p.reach[pos].cost {
					p.reach[pos] = reached{cost, int32(i), word - 1}
				}
			}
			if pos < len(p.letters) {
				p.goOn(each, pos)
			}
		}
	}
}

// goOn reads one more letter of a word.
func (p *splitting) goOn(from begun, pos int) {
	c, tree := p.letters[pos], p.vocabulary.tree
	if 'a' <= c && c <= 'z' {
		p.push(tree.next(from.node, c), from.cost)
		return
	}
	if isJoiner(c) {
		p.keep(from.node, from.cost+signBetween)
	}
	if c >= 128 || p.figure(pos) && (p.figure(pos-1) || p.figure(pos+1)) {
		return
	}
	for _, w := range p.swaps[c] {
		if len(w.to) == 1 && len(w.from) == 1 {
			p.push(tree.next(from.node, w.to[0]), from.cost+w.cost)
		}
	}
}

// push goes on to a node, if there is one.
func (p *splitting) push(node int32, cost float32) {
	if node != 0 {
		p.keep(node, cost)
	}
}

// keep notes a beginning, the cheaper of two that are alike: signs that may be
// letters as well would double them each time.
func (p *splitting) keep(node int32, cost float32) {
	for k := range p.next {
		if p.next[k].node == node {
			p.next[k].cost = min(p.next[k].cost, cost)
			return
		}
	}
	p.next = append(p.next, begun{node, cost})
}

func (p *splitting) figure(at int) bool {
	return 0 <= at && at < len(p.letters) && isFigure(p.letters[at])
}

// stray takes letter i to belong to no word.
func (p *splitting) stray(i int) {
	alone := float32(strayLetter)
	if p.figure(i) {
		alone = strayFigure
	}
	if cost := p.reach[i].cost + alone; cost < p.reach[i+1].cost {
		p.reach[i+1] = reached{cost, int32(i), -1}
	}
}
