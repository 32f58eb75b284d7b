package disguise

// What is unlikely in a written word, as negative logarithms.
const (
	dropsVowel    = 0.9  // a vowel left out where all are
	losesVowel    = 2.2  // a vowel left out where others stand
	otherVowel    = 1.8  // another vowel
	halves        = 0.6  // one of two equal letters left out
	doubles       = 0.3  // a letter written twice or more
	losesLetter   = 4.2  // another letter left out
	otherLetter   = 5.0  // another letter
	moreLetter    = 4.2  // a letter too many
	swapsLetters  = 2.0  // two neighbours in each other's place
	signForLetter = 0.9  // a sign for any letter
	otherSign     = 2.5  // a sign that looks like another letter
	signBetween   = 0.25 // a sign between letters
)

// state is a beginning of a word that the characters read so far may stand
// for.
type state struct {
	node int32
	cost float32
	last byte // the last letter of the beginning
	lost int8 // letters taken to be left out in a row
}

// candidate is a word that a chunk may stand for.
type candidate struct {
	word int32
	cost float32 // of writing it so
}

// search finds words that characters may stand for.
type search struct {
	vocabulary *vocabulary
	swaps      [128][]swap
	states     [maxChunk + 1][]state
	// seen holds where a state was noted, by a hash of its place; stale for
	// another turn.
	seen  [mostStates * 2]noted
	turn  uint32
	count int
	least [maxChunk + 1]float32 // of the states at each character
	found []candidate
	work  int // that splitting may still do
}

// noted says where in states a state lies.
type noted struct {
	turn, key uint32
	index     int32
}

// mostLost is how many letters in a row may be left out, mostStates bounds the
// work on one chunk, and behind is how far a state may lie behind the best one
// that has read as much.
const (
	mostLost   = 2
	mostStates = 1 << 12
	behind     = 5.0
)

// maxChunk is how long a word in disguise is at most, in characters.
const maxChunk = 40

// most is how many candidates are kept for a chunk.
const most = 8

// read collects in s.found the words that chars may stand for, at most at a
// cost. Chars are folded letters, digits and signs.
func (s *search) read(chars []byte, limit float32) {
	s.found = s.found[:0]
	if len(chars) > maxChunk {
		return
	}
	for i := range s.states[:len(chars)+1] {
		s.states[i], s.least[i] = s.states[i][:0], limit
	}
	s.turn++
	s.count = 0
	vowel := float32(dropsVowel)
	for _, c := range chars {
		if isVowel(c) || '0' <= c && c <= '9' {
			vowel = losesVowel
		}
	}
	s.reach(0, state{}, limit)
	for at := range chars {
		for i := 0; i < len(s.states[at]); i++ {
			if st := s.states[at][i]; st.cost <= s.least[at]+behind {
				s.step(chars, at, st, vowel, limit)
			}
		}
	}
	last := len(chars)
	for i := 0; i < len(s.states[last]); i++ {
		st := s.states[last][i]
		s.lose(last, st, vowel, limit)
		if word := s.vocabulary.tree[st.node].word(); word > 0 {
			s.take(candidate{word - 1, st.cost})
		}
	}
}

// step goes on from a state over the character at.
func (s *search) step(chars []byte, at int, st state, vowel, limit float32) {
	c, tree := chars[at], s.vocabulary.tree
	letter := 'a' <= c && c <= 'z'
	if letter {
		if to := tree.next(st.node, c); to != 0 {
			s.reach(at+1, state{to, st.cost, c, 0}, limit)
		}
		if st.last == c && at > 0 && chars[at-1] == c {
			s.reach(at+1, state{st.node, st.cost + doubles, c, 0}, limit)
		}
	}
	if c < 128 {
		for _, w := range s.swaps[c] {
			if n := len(w.from); n <= len(chars)-at && string(chars[at:at+n]) == w.from {
				s.follow(at+n, st, w.to, w.cost, limit)
			}
		}
	}
	s.lose(at, st, vowel, limit)
	if at+1 < len(chars) && letter && chars[at+1] != c {
		if d := chars[at+1]; 'a' <= d && d <= 'z' {
			if to := tree.next(st.node, d); to != 0 {
				if to = tree.next(to, c); to != 0 {
					s.reach(at+2, state{to, st.cost + swapsLetters, c, 0}, limit)
				}
			}
		}
	}
	switch {
	case isJoiner(c):
		s.reach(at+1, state{st.node, st.cost + signBetween, st.last, st.lost}, limit)
		if len(s.swaps[c]) == 0 {
			s.any(at+1, st, signForLetter, limit)
		} else {
			s.any(at+1, st, otherSign, limit)
		}
	case letter && isVowel(c):
		for _, v := range [...]byte{'a', 'e', 'i', 'o', 'u', 'y'} {
			if to := tree.next(st.node, v); to != 0 && v != c {
				s.reach(at+1, state{to, st.cost + otherVowel, v, 0}, limit)
			}
		}
		s.reach(at+1, state{st.node, st.cost + moreLetter, st.last, 0}, limit)
	default:
		if st.cost+otherLetter <= limit {
			s.any(at+1, st, otherLetter, limit)
		}
		s.reach(at+1, state{st.node, st.cost + moreLetter, st.last, 0}, limit)
	}
}

// lose goes on from a state by letters that are not written.
func (s *search) lose(at int, st state, vowel, limit float32) {
	if st.lost >= mostLost {
		return
	}
	for c, to := range s.vocabulary.ways(st.node) {
		cost := float32(losesLetter)
		switch {
		case isVowel(c):
			cost = vowel
		case c == st.last:
			cost = halves
		}
		s.reach(at, state{to, st.cost + cost, c, st.lost + 1}, limit)
	}
}

// any goes on by every letter.
func (s *search) any(at int, st state, cost, limit float32) {
	for c, to := range s.vocabulary.ways(st.node) {
		s.reach(at, state{to, st.cost + cost, c, mostLost}, limit)
	}
}

// follow goes on by some letters.
func (s *search) follow(at int, st state, letters string, cost, limit float32) {
	node := st.node
	for i := range len(letters) {
		if node = s.vocabulary.next(node, letters[i]); node == 0 {
			return
		}
	}
	last := st.last
	if letters != "" {
		last = letters[len(letters)-1]
	}
	s.reach(at, state{node, st.cost + cost, last, 0}, limit)
}

// reach notes a state, or the cheaper of two that are alike.
func (s *search) reach(at int, st state, limit float32) {
	if st.cost > min(limit, s.least[at]+behind) {
		return
	}
	s.least[at] = min(s.least[at], st.cost)
	key := uint32(at)<<20 | uint32(st.node)
	slot := key * 2654435761 >> 19
	for ; s.seen[slot].turn == s.turn; slot = (slot + 1) % uint32(len(s.seen)) {
		if s.seen[slot].key != key {
			continue
		}
		if s.states[at][s.seen[slot].index].cost <= st.cost {
			return
		}
		break // it may have been gone on from: what follows is noted again
	}
	if s.count++; s.count > mostStates {
		return
	}
	s.seen[slot] = noted{s.turn, key, int32(len(s.states[at]))}
	s.states[at] = append(s.states[at], st)
}

// take keeps the cheapest candidates, by how they are written and how common
// they are.
func (s *search) take(c candidate) {
	for i := range s.found {
		if s.found[i].word == c.word {
			s.found[i].cost = min(s.found[i].cost, c.cost)
			return
		}
	}
	if len(s.found) < most {
		s.found = append(s.found, c)
		return
	}
	worst := 0
	for i := range s.found {
		if s.worth(s.found[i]) > s.worth(s.found[worst]) {
			worst = i
		}
	}
	if s.worth(c) < s.worth(s.found[worst]) {
		s.found[worst] = c
	}
}

func (s *search) worth(c candidate) float32 { return c.cost + s.vocabulary.written(c.word).cost }
