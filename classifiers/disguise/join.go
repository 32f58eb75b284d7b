package disguise

import "contactd/classifiers/fold"

// joinLetters makes one chunk of single letters in a row.
func (r *Reader) joinLetters() {
	single := func(c chunk) bool {
		t := r.in.Tokens[c.first]
		return c.end == c.first+1 && t.To-t.From == 1 && t.Marks&(fold.Foreign|fold.Pictured) == 0
	}
	kept := r.chunks[:0]
	for i := 0; i < len(r.chunks); {
		n, lettered := 0, 0
		for i+n < len(r.chunks) && single(r.chunks[i+n]) {
			if r.in.Tokens[r.chunks[i+n].first].Marks&fold.Letter != 0 {
				lettered++
			}
			n++
		}
		if n >= 4 && lettered >= 3 {
			kept = r.spell(kept, r.chunks[i].first, r.chunks[i+n-1].end)
			i += n
			continue
		}
		n = max(n, 1) // nor is what is left of the row without its first
		kept = append(kept, r.chunks[i:i+n]...)
		i += n
	}
	r.chunks = kept
}

// joinPieces makes one chunk of two that are a word together and not both words
// alone.
func (r *Reader) joinPieces() {
	kept := r.chunks[:0]
	for i := 0; i < len(r.chunks); i++ {
		c := r.chunks[i]
		if i+1 < len(r.chunks) && (r.piece(c) || r.piece(r.chunks[i+1])) {
			if word := r.together(c, r.chunks[i+1]); word >= 0 {
				c.end, c.kind, c.word, c.joined = r.chunks[i+1].end, odd, word, true
				i++
			}
		}
		kept = append(kept, c)
	}
	r.chunks = kept
}

// piece reports whether a chunk may be a piece of a word.
func (r *Reader) piece(c chunk) bool {
	t := &r.in.Tokens[c.first]
	if c.end != c.first+1 || t.Marks&fold.Letter == 0 || t.Marks&fold.Digit != 0 {
		return false
	}
	return c.kind == unknown || c.kind == rare || t.To-t.From == 1 && r.in.Letters[t.From] != 'i' && r.in.Letters[t.From] != 'a'
}

// together is the word that two chunks are without the space, or -1.
func (r *Reader) together(a, b chunk) int32 {
	if a.end != a.first+1 || b.end != b.first+1 {
		return -1
	}
	first, second := &r.in.Tokens[a.first], &r.in.Tokens[b.first]
	if n := first.To - first.From + second.To - second.From; second.Marks&(fold.Capital|fold.AfterStop) != 0 || n < 4 {
		return -1
	}
	r.chars = append(append(r.chars[:0], r.in.Letters[first.From:first.To]...), r.in.Letters[second.From:second.To]...)
	word := r.vocabulary.find(r.chars)
	if word >= 0 && r.vocabulary.written(word).count <= seldom {
		return -1
	}
	return word
}

// spell makes chunks of single letters: wider spaces part them, unless all are
// wide.
func (r *Reader) spell(chunks []chunk, first, end int32) []chunk {
	row := r.in.Tokens[first:end]
	narrow := false
	for _, t := range row[1:] {
		narrow = narrow || t.Marks&fold.Wide == 0
	}
	from := first
	for i := first + 1; i <= end; i++ {
		if i == end || narrow && r.in.Tokens[i].Marks&fold.Wide != 0 {
			chunks = append(chunks, chunk{first: from, end: i, word: -1, kind: odd, spelled: true})
			from = i
		}
	}
	return chunks
}
