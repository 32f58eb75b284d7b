package rules

import (
	"cmp"
	"errors"
	"slices"
)

// trie holds the phrases of all rules. Phrases that begin alike share their
// nodes, so that a text is walked once, whatever the number of rules. What
// belongs to a node begins in the lists of all nodes where the node says, and
// ends where that of the next one begins; behind the last stands one more.
type trie struct {
	nodes []node
	ways  []way
	// gaps are the nodes that also count as reached, without a word.
	gaps []int32
	// rules are those of which a phrase ends.
	rules []int32
	// first leads from the root by symbol; 0 is nowhere.
	first []int32
}

// node is reached when the words so far fit the beginning of some phrase.
type node struct {
	ways, gaps, rules int32
	// gap is how many words may be skipped here; 0 for none.
	gap int32
	// shape is the same for nodes whose ways have the same symbols.
	shape int32
}

// way leads from a node to the next.
type way struct {
	symbol symbol
	to     int32
}

func (t *trie) waysOf(i int32) []way    { return t.ways[t.nodes[i].ways:t.nodes[i+1].ways] }
func (t *trie) gapsOf(i int32) []int32  { return t.gaps[t.nodes[i].gaps:t.nodes[i+1].gaps] }
func (t *trie) rulesOf(i int32) []int32 { return t.rules[t.nodes[i].rules:t.nodes[i+1].rules] }

// maxNodes bounds the trie; the rules that come with the program need a
// fraction of it.
const maxNodes = 1 << 20

var errTooLarge = errors.New("the phrases together are too large")

// grower builds a trie. Node 0 is the root.
type grower struct {
	nodes []growing
	paths map[growth]int32
}

// growing is a node while more may be added to it.
type growing struct {
	ways        []way
	gaps, rules []int32
	gap         int32
}

// growth is one way on from a node: by a symbol, or by a gap.
type growth struct {
	from   int32
	symbol symbol
	gap    int32
}

func newGrower() *grower {
	return &grower{nodes: make([]growing, 1), paths: map[growth]int32{}}
}

// step returns the node behind a symbol or a gap, made if it is new.
func (g *grower) step(by growth) (int32, error) {
	if to, ok := g.paths[by]; ok {
		return to, nil
	}
	to := int32(len(g.nodes))
	if to >= maxNodes {
		return 0, errTooLarge
	}
	g.nodes = append(g.nodes, growing{gap: by.gap})
	if by.gap > 0 {
		g.nodes[by.from].gaps = append(g.nodes[by.from].gaps, to)
	} else {
		g.nodes[by.from].ways = append(g.nodes[by.from].ways, way{by.symbol, to})
	}
	g.paths[by] = to
	return to, nil
}

// end lets a rule end at the nodes.
func (g *grower) end(nodes []int32, rule int32) {
	for _, at := range nodes {
		if !slices.Contains(g.nodes[at].rules, rule) {
			g.nodes[at].rules = append(g.nodes[at].rules, rule)
		}
	}
}

// grown returns the finished trie over that many symbols.
func (g *grower) grown(symbols int) trie {
	t := trie{nodes: make([]node, 0, len(g.nodes)+1), first: make([]int32, symbols)}
	for _, w := range g.nodes[0].ways {
		t.first[w.symbol] = w.to
	}
	for _, n := range g.nodes {
		slices.SortFunc(n.ways, func(a, b way) int { return cmp.Compare(a.symbol, b.symbol) })
		t.nodes = append(t.nodes, t.begin(n.gap))
		t.ways, t.gaps, t.rules = append(t.ways, n.ways...), append(t.gaps, n.gaps...), append(t.rules, n.rules...)
	}
	t.nodes = append(t.nodes, t.begin(0))
	// Without room to grow.
	t.ways, t.gaps, t.rules = slices.Clone(t.ways), slices.Clone(t.gaps), slices.Clone(t.rules)
	return t
}

// begin is a node that has what comes next in the lists.
func (t *trie) begin(gap int32) node {
	return node{ways: int32(len(t.ways)), gaps: int32(len(t.gaps)), rules: int32(len(t.rules)), gap: gap}
}
