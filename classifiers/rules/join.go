package rules

// join writes f into out with the pieces of words put together: letters set
// apart ("h e l p", "k.n.i.f.e"), symbols for letters ("st@b", "k!ll") and
// words broken by a sign ("kni-fe"), wherever they make a word that the rules
// know. It returns false when there is nothing to put together; the text as
// it stands is matched in any case.
func (r *reader) join(out, f *folded) bool {
	if !f.pieces {
		return false
	}
	out.letters, out.tokens = append(out.letters[:0], f.letters...), out.tokens[:0]
	joined := false
	for i := 0; i < len(f.tokens); {
		n := r.joinOne(out, f, i)
		if n == 0 {
			out.tokens = append(out.tokens, f.tokens[i])
			n = 1
		} else {
			joined = true
		}
		i += n
	}
	return joined
}

// joinOne puts together what begins at token i and returns how many tokens it
// took, or 0.
func (r *reader) joinOne(out, f *folded, i int) int {
	if n := f.singles(i); n >= 3 {
		if r.spelled(out, f, i, n) {
			return n
		}
		return 0
	}
	if n := r.broken(out, f, i); n > 0 {
		return n
	}
	if t := f.tokens[i]; t.lead != 0 {
		from := len(out.letters)
		out.letters = append(append(out.letters, t.lead), f.letters[t.from:t.to]...)
		if r.emit(out, from, t, t) {
			return 1
		}
	}
	return 0
}

// singles counts the tokens of one letter from i on.
func (f *folded) singles(i int) int {
	n := 0
	for i+n < len(f.tokens) && n < maxReading && f.tokens[i+n].to-f.tokens[i+n].from == 1 {
		n++
	}
	return n
}

// spelled reads n single letters as words. Wider spaces part them, unless all
// spaces are wide. One word of three letters must be among them.
func (r *reader) spelled(out, f *folded, i, n int) bool {
	row := f.tokens[i : i+n]
	parted := false
	for _, t := range row[1:] {
		parted = parted || t.marks&wide == 0
	}
	tokens, letters := len(out.tokens), len(out.letters)
	found := false
	for len(row) > 0 {
		size := 1
		for size < len(row) && (!parted || row[size].marks&wide == 0) {
			size++
		}
		if r.spelledPart(out, f, row[:size]) {
			found = true
		}
		row = row[size:]
	}
	if !found {
		out.tokens, out.letters = out.tokens[:tokens], out.letters[:letters]
	}
	return found
}

// spelledPart reads single letters as the longest known words that they hold,
// one after the other, and reports whether one has three letters.
func (r *reader) spelledPart(out, f *folded, part []token) (found bool) {
	var buffer, lettered [maxReading]byte
	row := buffer[:0]
	for _, t := range part {
		row = append(row, f.letters[t.from])
	}
	for at := 0; at < len(row); {
		size := 0
		for _, one := range [...]byte{'i', 'l'} {
			word := appendLetters(lettered[:0], row[at:], one)
			if got := r.longestWord(word); got > size {
				size = got
				copy(row[at:at+got], word[:got])
			}
		}
		found = found || size >= 3
		size = max(size, 1)
		from := len(out.letters)
		out.letters = append(out.letters, row[at:at+size]...)
		out.tokens = append(out.tokens, joinedToken(part[at], part[at+size-1], from, len(out.letters)))
		at += size
	}
	return found
}

// longestWord returns the length of the longest known word at the beginning
// of letters, or 0.
func (r *reader) longestWord(letters []byte) int {
	for n := len(letters); n > 0; n-- {
		if _, ok := r.words.find(letters[:n]); ok {
			return n
		}
	}
	return 0
}

// maxPieces is how many pieces a broken word is looked for in.
const maxPieces = 4

// broken joins the words from i on that only a sign divides, as many as make
// a known word, and returns how many it took.
func (r *reader) broken(out, f *folded, i int) int {
	pieces := 1
	for pieces < maxPieces && i+pieces < len(f.tokens) && f.tokens[i+pieces].joint != 0 {
		pieces++
	}
	for n := pieces; n > 1; n-- {
		from := len(out.letters)
		for k, t := range f.tokens[i : i+n] {
			if k > 0 && t.joint != joinOnly {
				out.letters = append(out.letters, t.joint)
			}
			out.letters = append(out.letters, f.letters[t.from:t.to]...)
		}
		if r.emit(out, from, f.tokens[i], f.tokens[i+n-1]) {
			return n
		}
	}
	return 0
}

// emit makes a token of the letters from from on if the rules know the word,
// and takes the letters back if not.
func (r *reader) emit(out *folded, from int, first, last token) bool {
	t := joinedToken(first, last, from, len(out.letters))
	if t.to-t.from >= minStem && t.to-t.from <= maxReading {
		r.senses = r.senses[:0]
		if r.readWord(out.letters[t.from:t.to], t.marks); len(r.senses) > 0 {
			out.tokens = append(out.tokens, t)
			return true
		}
	}
	out.letters = out.letters[:from]
	return false
}

func joinedToken(first, last token, from, to int) token {
	t := first
	t.from, t.to = int32(from), int32(to)
	t.end, t.byteEnd = last.end, last.byteEnd
	t.marks |= last.marks & (colon | digit | letter)
	t.possessor, t.joint, t.lead = 0, 0, 0
	return t
}
