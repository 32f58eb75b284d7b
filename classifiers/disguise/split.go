package disguise

// What a letter and a figure cost that belong to no word.
const (
	strayLetter = 14
	strayFigure = 5
)

// split reads letters without spaces as words, and returns them with what they
// cost; nothing when they are none. Letters are folded ones and digits.
func (s *search) split(letters []byte, before int32) (words []int32, cost float32) {
	const never = 1e9
	n := len(letters)
	type best struct {
		cost float32
		from int32
		word int32
	}
	reach := make([]best, n+1)
	for i := range reach {
		reach[i].cost = never
	}
	reach[0] = best{0, -1, before}
	type at struct {
		node int32
		pos  int
		cost float32
	}
	var stack []at
	for i := range n {
		if reach[i].cost == never {
			continue
		}
		stack = append(stack[:0], at{0, i, reach[i].cost})
		for len(stack) > 0 {
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if word := s.vocabulary.nodes[top.node].word; word > 0 {
				cost := top.cost + s.vocabulary.costAfter(reach[i].word, word-1)
				if cost < reach[top.pos].cost {
					reach[top.pos] = best{cost, int32(i), word - 1}
				}
			}
			if top.pos == n {
				continue
			}
			c := letters[top.pos]
			if 'a' <= c && c <= 'z' {
				if to := s.vocabulary.nodes[top.node].next[c-'a']; to != 0 {
					stack = append(stack, at{to, top.pos + 1, top.cost})
				}
				continue
			}
			if isJoiner(c) {
				stack = append(stack, at{top.node, top.pos + 1, top.cost + signBetween})
			}
			figure := func(k int) bool { return 0 <= k && k < n && '0' <= letters[k] && letters[k] <= '9' }
			if c < 128 && !(figure(top.pos) && (figure(top.pos-1) || figure(top.pos+1))) {
				for _, w := range s.swaps[c] {
					if len(w.to) == 1 && len(w.from) == 1 {
						if to := s.vocabulary.nodes[top.node].next[w.to[0]-'a']; to != 0 {
							stack = append(stack, at{to, top.pos + 1, top.cost + w.cost})
						}
					}
				}
			}
		}
		// A letter that belongs to no word.
		alone := float32(strayLetter)
		if c := letters[i]; '0' <= c && c <= '9' {
			alone = strayFigure
		}
		if cost := reach[i].cost + alone; cost < reach[i+1].cost {
			reach[i+1] = best{cost, int32(i), -1}
		}
	}
	for i := int32(n); i > 0; i = reach[i].from {
		words = append(words, reach[i].word)
	}
	for i, j := 0, len(words)-1; i < j; i, j = i+1, j-1 {
		words[i], words[j] = words[j], words[i]
	}
	return words, reach[n].cost
}
