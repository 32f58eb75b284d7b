package linear

import "unicode/utf8"

// The windows of a long message: one buried line must not drown in the rest.
const (
	windowFrom     = 500 // shorter texts are read as a whole only, in bytes
	windowSize     = 300 // a window ends with the sentence that passes this
	maxWindows     = 200
	sentenceAtMost = 400
)

// isLong reports whether a text is read in windows too.
func isLong(text string) bool { return len(text) > windowFrom }

// windows calls read with the whole text and, if it is long, with pieces of
// some sentences each, every one beginning with the sentence that ended the one
// before.
func windows(text string, read func(piece string)) {
	read(text)
	if !isLong(text) {
		return
	}
	start := 0
	for range maxWindows {
		end, last := start, start
		for end < len(text) && end-start < windowSize {
			last = end
			end += sentence(text[end:])
		}
		read(text[start:end])
		if end == len(text) {
			return
		}
		if last == start { // it was one sentence
			last = end
		}
		start = last
	}
}

// sentence is the length of the first sentence or line of text, with what
// parts it from the next.
func sentence(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\n':
			return i + 1
		case '.', '!', '?':
			if i+1 < len(text) && (text[i+1] == ' ' || text[i+1] == '\n') {
				return i + 2
			}
		}
		if i >= sentenceAtMost && text[i] == ' ' {
			return i + 1
		}
		if i >= 2*sentenceAtMost && utf8.RuneStart(text[i]) {
			return i
		}
	}
	return len(text)
}
