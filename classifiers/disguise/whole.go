package disguise

import (
	"slices"

	"contactd/classifiers/fold"
)

// A text of leastWhole words is read in another way as a whole when fewer than
// so many of a hundred words are known, and more are then.
const (
	leastWhole = 3
	strange    = 50
	read       = 65
)

// whole reads a text of which every word is written alike: backwards, in back
// slang, shifted in the alphabet, as numbers of letters. It reports whether one
// way made words of it, which are in out.
func (r *Reader) whole(out *fold.Text) bool {
	in := r.in
	if known, of := r.familiar(in); of < leastWhole || 100*known >= strange*of {
		return false
	}
	for _, way := range [...]func(letters, word []byte) []byte{appendBackwards, r.appendPig, appendRotated, appendNumbered} {
		out.Letters, out.Tokens, out.Cut, out.Pieces = out.Letters[:0], out.Tokens[:0], in.Cut, false
		for i, t := range in.Tokens {
			from := len(out.Letters)
			out.Letters = way(out.Letters, in.Letters[t.From:t.To])
			if i > 0 && t.Marks&fold.Letter == 0 && !r.spaced(i) && from < len(out.Letters) {
				last := &out.Tokens[len(out.Tokens)-1] // the numbers of one word
				last.To, last.End, last.ByteEnd = int32(len(out.Letters)), t.End, t.ByteEnd
				continue
			}
			out.Tokens = append(out.Tokens, plainToken(t, t, from, len(out.Letters)))
		}
		if known, of := r.familiar(out); of >= leastWhole && 100*known >= read*of {
			r.order(out)
			r.words, r.changed = of, of
			return true
		}
	}
	return false
}

// familiar counts the words of a text, and those that are often written.
func (r *Reader) familiar(text *fold.Text) (known, of int) {
	for i := range text.Tokens {
		word := text.Word(i)
		if len(word) < 2 {
			continue
		}
		of++
		if n := r.vocabulary.find(word); n >= 0 && r.vocabulary.written(n).count > seldom {
			known++
		}
	}
	return known, of
}

// order turns the words round if they then follow each other as they do
// elsewhere. The place of each is then that of the whole text: places must not
// run backwards.
func (r *Reader) order(text *fold.Text) {
	forth, back := 0, 0
	for i := 1; i < len(text.Tokens); i++ {
		a, b := r.vocabulary.find(text.Word(i-1)), r.vocabulary.find(text.Word(i))
		if a < 0 || b < 0 {
			continue
		}
		if r.vocabulary.paired(a, b) > 0 {
			forth++
		}
		if r.vocabulary.paired(b, a) > 0 {
			back++
		}
	}
	if back <= forth {
		return
	}
	first, last := text.Tokens[0], text.Tokens[len(text.Tokens)-1]
	slices.Reverse(text.Tokens)
	for i := range text.Tokens {
		t := &text.Tokens[i]
		t.Start, t.ByteStart, t.End, t.ByteEnd = first.Start, first.ByteStart, last.End, last.ByteEnd
	}
}

func appendBackwards(letters, word []byte) []byte {
	for i := len(word) - 1; i >= 0; i-- {
		letters = append(letters, word[i])
	}
	return letters
}

// appendPig undoes back slang: "ifeknay" is knife. Of several words that it may
// be, the one is taken that is written most.
func (r *Reader) appendPig(letters, word []byte) []byte {
	n := len(word) - 2
	if n < 1 || n > maxChunk || string(word[n:]) != "ay" {
		return append(letters, word...)
	}
	from, most := len(letters), float32(0)
	for first := n; first > 0; first-- {
		if first < n && isVowel(word[first]) {
			break
		}
		r.chars = append(append(r.chars[:0], word[first:n]...), word[:first]...)
		if last := word[n-1]; first == n-1 && (last == 'w' || last == 'y') { // "isway" is is
			r.chars = append(r.chars[:0], word[:first]...)
		}
		if i := r.vocabulary.find(r.chars); i >= 0 && r.vocabulary.written(i).count > most {
			most = r.vocabulary.written(i).count
			letters = append(letters[:from], r.chars...)
		}
	}
	if most == 0 {
		return append(letters, word...)
	}
	return letters
}

func appendRotated(letters, word []byte) []byte {
	for _, c := range word {
		if 'a' <= c && c <= 'z' {
			c = 'a' + (c-'a'+13)%26
		}
		letters = append(letters, c)
	}
	return letters
}

// appendNumbered reads a number as the letter that it is in the alphabet.
func appendNumbered(letters, word []byte) []byte {
	n := 0
	for _, c := range word {
		if c < '0' || c > '9' || n > 26 {
			return append(letters, word...)
		}
		n = 10*n + int(c-'0')
	}
	if n < 1 || n > 26 {
		return append(letters, word...)
	}
	return append(letters, 'a'+byte(n-1))
}
