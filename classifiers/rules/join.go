package rules

import (
	"bytes"

	"contactd/classifiers/fold"
)

// join writes f into out with the pieces of words put together: letters set
// apart ("h e l p", "k.n.i.f.e"), symbols for letters ("st@b", "k!ll") and
// words broken by a sign ("kni-fe"), wherever they make a word that the rules
// know. It returns false when there is nothing to put together; the text as
// it stands is matched in any case.
func (r *reader) join(out, f *fold.Text) bool {
	if !f.Pieces {
		return false
	}
	out.Letters, out.Tokens = append(out.Letters[:0], f.Letters...), out.Tokens[:0]
	joined := false
	for i := 0; i < len(f.Tokens); {
		n := r.joinOne(out, f, i)
		if n == 0 {
			out.Tokens = append(out.Tokens, f.Tokens[i])
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
func (r *reader) joinOne(out, f *fold.Text, i int) int {
	if n := singles(f, i); n >= 3 {
		if r.spelled(out, f, i, n) {
			return n
		}
		if n <= maxReading {
			return 0
		}
		out.Tokens = append(out.Tokens, f.Tokens[i:i+n]...) // to try each letter of so many takes too long
		return n
	}
	if n := r.broken(out, f, i); n > 0 {
		return n
	}
	if t := f.Tokens[i]; t.Lead != 0 {
		from := len(out.Letters)
		out.Letters = append(append(out.Letters, t.Lead), f.Letters[t.From:t.To]...)
		if r.emit(out, from, t, t) {
			return 1
		}
	}
	return 0
}

// singles counts the tokens of one letter from i on.
func singles(f *fold.Text, i int) int {
	n := 0
	for i+n < len(f.Tokens) && f.Tokens[i+n].To-f.Tokens[i+n].From == 1 {
		n++
	}
	return n
}

// spelled reads n single letters as words. Wider spaces part them, unless all
// spaces are wide. One word of three letters must be among them.
func (r *reader) spelled(out, f *fold.Text, i, n int) bool {
	row := f.Tokens[i : i+n]
	parted := false
	for _, t := range row[1:] {
		parted = parted || t.Marks&fold.Wide == 0
	}
	tokens, letters := len(out.Tokens), len(out.Letters)
	found := false
	for len(row) > 0 {
		size := 1
		for size < len(row) && (!parted || row[size].Marks&fold.Wide == 0) {
			size++
		}
		if r.spelledPart(out, f, row[:size]) {
			found = true
		}
		row = row[size:]
	}
	if !found {
		out.Tokens, out.Letters = out.Tokens[:tokens], out.Letters[:letters]
	}
	return found
}

// spelledPart reads single letters as the longest known words that they hold,
// one after the other, and reports whether one has three letters.
func (r *reader) spelledPart(out, f *fold.Text, part []fold.Token) (found bool) {
	var buffer, lettered [maxReading]byte
	row := buffer[:0]
	for _, t := range part {
		row = append(row, f.Letters[t.From])
	}
	for at := 0; at < len(row); {
		size := 0
		next := row[at:min(at+maxReading, len(row))]
		for _, one := range [...]byte{'i', 'l'} {
			word := appendLetters(lettered[:0], next, one)
			if got := r.longestWord(word); got > size {
				size = got
				copy(next, word[:got])
			}
			if bytes.IndexByte(next, '1') < 0 {
				break // nothing else to read
			}
		}
		found = found || size >= 3
		size = max(size, 1)
		from := len(out.Letters)
		out.Letters = append(out.Letters, row[at:at+size]...)
		out.Tokens = append(out.Tokens, joinedToken(part[at], part[at+size-1], from, len(out.Letters)))
		at += size
	}
	return found
}

// longestWord returns the length of the longest known word at the beginning
// of letters, or 0. Words of other languages would part English ones in odd
// places ("ag un").
func (r *reader) longestWord(letters []byte) int {
	for n := len(letters); n > 0; n-- {
		if known, ok := r.words.find(letters[:n]); ok && known.tongue != other {
			return n
		}
	}
	return 0
}

// maxPieces is how many pieces a broken word is looked for in.
const maxPieces = 4

// broken joins the words from i on that only a sign divides, as many as make
// a known word, and returns how many it took.
func (r *reader) broken(out, f *fold.Text, i int) int {
	pieces := 1
	for pieces < maxPieces && i+pieces < len(f.Tokens) && f.Tokens[i+pieces].Joint != 0 {
		pieces++
	}
	for n := pieces; n > 1; n-- {
		from := len(out.Letters)
		for k, t := range f.Tokens[i : i+n] {
			if k > 0 && t.Joint != fold.JoinOnly {
				out.Letters = append(out.Letters, t.Joint)
			}
			out.Letters = append(out.Letters, f.Letters[t.From:t.To]...)
		}
		if r.emit(out, from, f.Tokens[i], f.Tokens[i+n-1]) {
			return n
		}
	}
	return 0
}

// emit makes a token of the letters from from on if the rules know the word,
// and takes the letters back if not.
func (r *reader) emit(out *fold.Text, from int, first, last fold.Token) bool {
	t := joinedToken(first, last, from, len(out.Letters))
	if t.To-t.From >= minStem && t.To-t.From <= maxReading {
		r.senses = r.senses[:0]
		if r.readWord(out.Letters[t.From:t.To], t.Marks); len(r.senses) > 0 {
			out.Tokens = append(out.Tokens, t)
			return true
		}
	}
	out.Letters = out.Letters[:from]
	return false
}

func joinedToken(first, last fold.Token, from, to int) fold.Token {
	t := first
	t.From, t.To = int32(from), int32(to)
	t.End, t.ByteEnd = last.End, last.ByteEnd
	t.Marks |= last.Marks & (fold.Colon | fold.Digit | fold.Letter)
	t.Possessor, t.Joint, t.Lead = 0, 0, 0
	return t
}
