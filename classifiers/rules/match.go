package rules

import (
	"cmp"
	"slices"

	"contactd/classifiers/fold"
)

// thread is one phrase, or several that begin alike, being followed.
type thread struct {
	node int32
	// start is the token with which it began.
	start int32
	// left is how many more words may be skipped, at a gap.
	left int32
	// shape is that of the node, so that most threads end without a look at
	// their node, which lies anywhere in memory.
	shape int32
}

// What is left of a thread that is not at a gap, and of a start at which a
// rule fires.
const (
	noGap     = -1
	mustEnter = -2
)

// visit is the last time that a node was reached, and for a gap its thread's
// place in the next ones.
type visit struct {
	now  uint32
	slot int32
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

// part is a part of a text, in bytes.
type part struct{ from, to int32 }

// maxSpans is how many places are told for one rule in one message.
const maxSpans = 8

// matcher follows phrases through texts. It is scratch for one goroutine.
type matcher struct {
	book   *book
	reader reader
	// now numbers the tokens of all texts, so that what was noted at an
	// earlier one is stale without being cleared.
	now      uint32
	symbolAt []uint32
	visits   []visit
	threads  []thread
	next     []thread
	// doubled is set while two threads may be at one node.
	doubled bool
	// symbols are those of the current token, noted in symbolAt once marked.
	symbols []symbol
	marked  bool
	// Scratch for a token of several senses.
	bothSymbols []symbol
	bothFits    bitset
	hits        []hit
	hitsOf      []int32
	stretches   stretches
}

func newMatcher(b *book) *matcher {
	return &matcher{
		book:     b,
		reader:   reader{lexicon: &b.lexicon},
		symbolAt: make([]uint32, b.symbols),
		visits:   make([]visit, len(b.trie.nodes)),
		hitsOf:   make([]int32, len(b.rules)),
	}
}

// reset forgets the hits of the message before.
func (m *matcher) reset() {
	m.hits = m.hits[:0]
	clear(m.hitsOf)
	m.stretches = stretches{bilingual: m.book.bilingual}
	if m.now > 1<<31 {
		m.now = 0
		clear(m.symbolAt)
		clear(m.visits)
	}
}

// match notes the hits of all rules in tokens, and measures the language of
// those that lie in the measured part of the text.
func (m *matcher) match(letters []byte, tokens []fold.Token, where place, measured part) {
	m.threads = m.threads[:0]
	m.stretches.begin()
	for i := range tokens {
		t := &tokens[i]
		if i == 0 || t.Marks&fold.AfterEdge != 0 {
			m.edge(tokens, int32(i), where)
		}
		points := m.reader.read(letters, t)
		if measured.from <= t.ByteStart && t.ByteEnd <= measured.to {
			m.stretches.add(t, points)
		}
		switch {
		case len(m.reader.senses) > 0:
			m.step(tokens, int32(i), where)
		case len(m.threads) == 0:
		case m.doubled:
			m.step(tokens, int32(i), where)
		default:
			m.skip(t)
		}
	}
	m.edge(tokens, int32(len(tokens)), where)
}

// edge lets threads pass the edge of a sentence before token at. It is no
// word: threads that do not care about it stay where they are.
func (m *matcher) edge(tokens []fold.Token, at int32, where place) {
	sense := &m.book.senses.known[m.book.edge]
	m.begin(sense.symbols)
	for _, th := range m.threads {
		if sense.fits.has(th.shape) {
			m.advance(th, tokens, at-1, where)
		}
	}
	if int(at) < len(tokens) {
		m.start(sense, tokens, at, where)
	}
	m.threads = append(m.threads, m.next...)
	m.doubled = len(m.next) > 0
}

// skip moves every thread over a token that no phrase uses.
func (m *matcher) skip(t *fold.Token) {
	kept := m.threads[:0]
	if t.Marks&fold.AfterStop == 0 {
		for _, th := range m.threads {
			if th.left > 0 {
				th.left--
				kept = append(kept, th)
			}
		}
	}
	m.threads = kept
}

// step moves every thread over one token.
func (m *matcher) step(tokens []fold.Token, at int32, where place) {
	symbols, fits := m.read()
	m.begin(symbols)
	stopped := tokens[at].Marks&fold.AfterStop != 0
	for _, th := range m.threads {
		if th.left != noGap {
			if stopped {
				continue
			}
			if th.left > 0 {
				m.follow(thread{th.node, th.start, th.left - 1, th.shape})
			}
		}
		if fits.has(th.shape) {
			m.advance(th, tokens, at, where)
		}
	}
	if senses := m.reader.senses; len(senses) == 1 {
		m.start(&m.book.senses.known[senses[0]], tokens, at, where)
	} else {
		for _, s := range symbols {
			if to := m.book.trie.first[s]; to != 0 {
				m.enter(to, at, tokens, at, where)
			}
		}
	}
	m.threads, m.next = m.next, m.threads
	m.doubled = false
}

// read returns the symbols that the reader found, and the shapes of nodes from
// which they may lead on.
func (m *matcher) read() ([]symbol, bitset) {
	known := m.book.senses.known
	switch senses := m.reader.senses; len(senses) {
	case 0:
		return nil, known[noSense].fits
	case 1:
		return known[senses[0]].symbols, known[senses[0]].fits
	}
	m.bothSymbols = m.bothSymbols[:0]
	m.bothFits = append(m.bothFits[:0], known[noSense].fits...)
	for _, s := range m.reader.senses {
		m.bothSymbols = append(m.bothSymbols, known[s].symbols...)
		for i, some := range known[s].fits {
			m.bothFits[i] |= some
		}
	}
	return m.bothSymbols, m.bothFits
}

// begin begins a move of the threads by the symbols.
func (m *matcher) begin(symbols []symbol) {
	m.now++
	m.next = m.next[:0]
	m.symbols, m.marked = symbols, false
}

// start begins the phrases that begin with a sense at token at.
func (m *matcher) start(sense *known, tokens []fold.Token, at int32, where place) {
	for _, th := range sense.starts {
		th.start = at
		switch th.left {
		case noGap: // nothing else leads there
			m.next = append(m.next, th)
		case mustEnter:
			m.enter(th.node, at, tokens, at, where)
		default:
			m.follow(th)
		}
	}
}

// advance moves a thread, of a shape that fits, by the symbols to all nodes
// that they lead to.
func (m *matcher) advance(th thread, tokens []fold.Token, at int32, where place) {
	ways := m.book.trie.waysOf(th.node)
	if len(ways) == 1 && m.book.senses.exact {
		m.enter(ways[0].to, th.start, tokens, at, where)
		return
	}
	if len(ways) > 4*len(m.symbols) {
		for _, s := range m.symbols {
			if i, ok := slices.BinarySearchFunc(ways, s, func(w way, s symbol) int { return cmp.Compare(w.symbol, s) }); ok {
				m.enter(ways[i].to, th.start, tokens, at, where)
			}
		}
		return
	}
	if !m.marked { // few tokens come here
		m.marked = true
		for _, s := range m.symbols {
			m.symbolAt[s] = m.now
		}
	}
	for _, w := range ways {
		if m.symbolAt[w.symbol] == m.now {
			m.enter(w.to, th.start, tokens, at, where)
		}
	}
}

// enter reaches a node behind a word: rules that end there fire, and what goes
// on from there is followed. The thread that came first keeps the node.
func (m *matcher) enter(to, start int32, tokens []fold.Token, at int32, where place) {
	if m.visits[to].now == m.now {
		return
	}
	m.visits[to].now = m.now
	t := &m.book.trie
	for _, r := range t.rulesOf(to) {
		m.note(r, &tokens[start], &tokens[at], where)
	}
	if len(t.waysOf(to)) > 0 {
		m.next = append(m.next, thread{to, start, noGap, t.nodes[to].shape})
	}
	for _, gap := range t.gapsOf(to) {
		behind := &t.nodes[gap]
		m.follow(thread{gap, start, behind.gap, behind.shape})
	}
}

// follow keeps a thread at a gap. Of two at the same gap, the one that may
// skip more words finds all that the other would.
func (m *matcher) follow(th thread) {
	v := &m.visits[th.node]
	if v.now == m.now {
		if known := &m.next[v.slot]; known.left < th.left {
			*known = th
		}
		return
	}
	*v = visit{m.now, int32(len(m.next))}
	m.next = append(m.next, th)
}

func (m *matcher) note(rule int32, first, last *fold.Token, where place) {
	if m.hitsOf[rule] >= maxSpans {
		return
	}
	m.hitsOf[rule]++
	m.hits = append(m.hits, hit{
		rule: rule, place: where,
		start: first.Start, end: last.End, byteStart: first.ByteStart, byteEnd: last.ByteEnd,
	})
}
