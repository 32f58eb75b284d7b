package rules

import (
	"cmp"
	"slices"
)

// thread is one phrase, or several that begin alike, being followed.
type thread struct {
	node int32
	// start is the token with which it began.
	start int32
	// left is how many more words may be skipped, at a gap.
	left int32
}

// hit is one place where a rule fired.
type hit struct {
	rule  int32
	place place
	// Code points and bytes in the text of the place, ends exclusive.
	start, end         int32
	byteStart, byteEnd int32
}

// place is the part of a message in which a text stands.
type place uint8

const (
	inText place = iota
	inSubject
	inAuthored
)

// maxSpans is how many places are told for one rule in one message.
const maxSpans = 8

// matcher follows phrases through texts. It is scratch for one goroutine.
type matcher struct {
	book   *book
	reader reader
	// now numbers the tokens of all texts, so that what was noted at an
	// earlier one is stale without being cleared.
	now       uint32
	symbolAt  []uint32
	nodeAt    []uint32
	slot      []int32
	threads   []thread
	next      []thread
	hits      []hit
	hitsOf    []int32
	stretches stretches
}

func newMatcher(b *book) *matcher {
	return &matcher{
		book:     b,
		reader:   reader{lexicon: &b.lexicon},
		symbolAt: make([]uint32, b.symbols),
		nodeAt:   make([]uint32, len(b.trie.nodes)),
		slot:     make([]int32, len(b.trie.nodes)),
		hitsOf:   make([]int32, len(b.rules)),
	}
}

// reset forgets the hits of the message before.
func (m *matcher) reset() {
	m.hits = m.hits[:0]
	clear(m.hitsOf)
	m.stretches = stretches{}
	if m.now > 1<<31 {
		m.now = 0
		clear(m.symbolAt)
		clear(m.nodeAt)
	}
}

// match notes the hits of all rules in tokens. With measure set it also
// measures in what language they are.
func (m *matcher) match(letters []byte, tokens []token, where place, measure bool) {
	m.threads = m.threads[:0]
	m.stretches.begin()
	for i, t := range tokens {
		if i == 0 || t.marks&afterEdge != 0 {
			m.edge(tokens, int32(i), where)
		}
		m.now++
		points := m.reader.read(letters, t)
		if measure {
			m.stretches.add(t, points)
		}
		if len(m.threads) == 0 && len(m.reader.symbols) == 0 {
			continue
		}
		m.step(tokens, int32(i), where)
	}
	m.edge(tokens, int32(len(tokens)), where)
}

// edge lets threads pass the edge of a sentence before token at. It is no
// word: threads that do not care about it stay where they are.
func (m *matcher) edge(tokens []token, at int32, where place) {
	m.now++
	m.next = m.next[:0]
	for _, e := range m.book.edges {
		m.symbolAt[e] = m.now
	}
	for _, th := range m.threads {
		for _, w := range m.book.trie.nodes[th.node].ways {
			if m.symbolAt[w.symbol] == m.now {
				m.enter(w.to, th.start, tokens, at-1, where)
			}
		}
	}
	if int(at) < len(tokens) {
		for _, e := range m.book.edges {
			if to := m.book.trie.first[e]; to != 0 {
				m.enter(to, at, tokens, at, where)
			}
		}
	}
	m.threads = append(m.threads, m.next...)
}

// step moves every thread over one token.
func (m *matcher) step(tokens []token, at int32, where place) {
	symbols := m.reader.symbols
	for _, s := range symbols {
		m.symbolAt[s] = m.now
	}
	m.next = m.next[:0]
	for _, th := range m.threads {
		n := &m.book.trie.nodes[th.node]
		if n.gap > 0 {
			if tokens[at].marks&afterStop != 0 {
				continue
			}
			if th.left > 0 {
				m.follow(thread{th.node, th.start, th.left - 1})
			}
		}
		if len(symbols) == 0 {
			continue
		}
		if len(n.ways) <= 4*len(symbols) {
			for _, w := range n.ways {
				if m.symbolAt[w.symbol] == m.now {
					m.enter(w.to, th.start, tokens, at, where)
				}
			}
			continue
		}
		for _, s := range symbols {
			if i, ok := slices.BinarySearchFunc(n.ways, s, func(w way, s symbol) int { return cmp.Compare(w.symbol, s) }); ok {
				m.enter(n.ways[i].to, th.start, tokens, at, where)
			}
		}
	}
	for _, s := range symbols {
		if to := m.book.trie.first[s]; to != 0 {
			m.enter(to, at, tokens, at, where)
		}
	}
	m.threads, m.next = m.next, m.threads
}

// enter reaches a node behind a word: rules that end there fire, and what goes
// on from there is followed. The thread that came first keeps the node.
func (m *matcher) enter(to, start int32, tokens []token, at int32, where place) {
	if m.nodeAt[to] == m.now {
		return
	}
	m.nodeAt[to] = m.now
	n := &m.book.trie.nodes[to]
	for _, r := range n.rules {
		m.note(r, tokens[start], tokens[at], where)
	}
	if len(n.ways) > 0 {
		m.next = append(m.next, thread{node: to, start: start})
	}
	for _, gap := range n.gaps {
		m.follow(thread{gap, start, m.book.trie.nodes[gap].gap})
	}
}

// follow keeps a thread at a gap. Of two at the same gap, the one that may
// skip more words finds all that the other would.
func (m *matcher) follow(th thread) {
	if m.nodeAt[th.node] == m.now {
		if known := &m.next[m.slot[th.node]]; known.left < th.left {
			*known = th
		}
		return
	}
	m.nodeAt[th.node] = m.now
	m.slot[th.node] = int32(len(m.next))
	m.next = append(m.next, th)
}

func (m *matcher) note(rule int32, first, last token, where place) {
	if m.hitsOf[rule] >= maxSpans {
		return
	}
	m.hitsOf[rule]++
	m.hits = append(m.hits, hit{
		rule: rule, place: where,
		start: first.start, end: last.end, byteStart: first.byteStart, byteEnd: last.byteEnd,
	})
}
