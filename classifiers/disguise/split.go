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
	stack []begun
}

// reached is the last word of a row of words, -1 for a letter that belongs to
// none, and where it begins.
type reached struct {
	cost float32
	from int32
	word int32
}

// begun is a beginning of a word: the letters read of it end before pos.
type begun struct {
	node int32
	pos  int
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

// words reaches the ends of all words that begin at letter i.
func (p *splitting) words(i int) {
	p.stack = append(p.stack[:0], begun{0, i, p.reach[i].cost})
	for len(p.stack) > 0 {
		top := p.stack[len(p.stack)-1]
		p.stack = p.stack[:len(p.stack)-1]
		if word := p.vocabulary.tree[top.node].word; word > 0 {
			cost := top.cost + p.vocabulary.costAfter(p.reach[i].word, word-1)
			if cost < p.reach[top.pos].cost {
				p.reach[top.pos] = reached{cost, int32(i), word - 1}
			}
		}
		if top.pos < len(p.letters) {
			p.goOn(top)
		}
	}
}

// goOn reads one more letter of a word.
func (p *splitting) goOn(top begun) {
	c, tree := p.letters[top.pos], p.vocabulary.tree
	if 'a' <= c && c <= 'z' {
		p.push(tree.next(top.node, c), top, 0)
		return
	}
	if isJoiner(c) {
		p.stack = append(p.stack, begun{top.node, top.pos + 1, top.cost + signBetween})
	}
	if c >= 128 || p.figure(top.pos) && (p.figure(top.pos-1) || p.figure(top.pos+1)) {
		return
	}
	for _, w := range p.swaps[c] {
		if len(w.to) == 1 && len(w.from) == 1 {
			p.push(tree.next(top.node, w.to[0]), top, w.cost)
		}
	}
}

// push goes on to a node, if there is one.
func (p *splitting) push(node int32, top begun, cost float32) {
	if node != 0 {
		p.stack = append(p.stack, begun{node, top.pos + 1, top.cost + cost})
	}
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
