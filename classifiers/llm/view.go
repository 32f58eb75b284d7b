package llm

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"contactd/classifiers/mask"
	"contactd/contact"
)

// view is what the model sees of a message.
type view struct {
	subject, text, end piece
	// whole is false when not all that was written is shown.
	whole bool
}

// piece is a stretch of a text as it is shown, perhaps masked.
type piece struct {
	shown string
	// start is the place of its first character in the text.
	start int
	// original is the stretch itself; masks, in order, say where shown differs.
	original string
	masks    []standIn
}

// standIn is a masked stretch. The places count bytes of original and of shown.
type standIn struct{ from, to, shownFrom, shownTo int }

// look makes the view of a message: at most limit characters of its text, two
// thirds from the beginning and one from the end, masked for a foreign
// endpoint.
func look(message contact.Message, limit int, foreign bool) view {
	seen := view{whole: !slices.Contains(message.Flags, contact.Truncated)}
	var hide hiding
	if foreign {
		hide = hiding{mask.New(), knownOf(message)}
	}
	subject := hide.find(strings.ToValidUTF8(message.Subject, "\uFFFD"))
	if last := place(subject.words, limit/4); last < len(subject.words) {
		before, _ := subject.uncut(last)
		seen.subject, seen.whole = subject.piece(0, before), false
	} else {
		seen.subject = subject.piece(0, last)
	}
	text := hide.find(strings.ToValidUTF8(message.Text, "\uFFFD"))
	if place(text.words, limit) == len(text.words) {
		seen.text = text.piece(0, len(text.words))
		return seen
	}
	head := limit * 2 / 3
	before, _ := text.uncut(place(text.words, head))
	_, behind := text.uncut(place(text.words, utf8.RuneCountInString(text.words)-(limit-head)))
	seen.text, seen.end, seen.whole = text.piece(0, before), text.piece(behind, len(text.words)), false
	return seen
}

// place is where the n-th character of a text begins, in bytes; its end when it
// has no more.
func place(text string, n int) int {
	for at := range text {
		if n == 0 {
			return at
		}
		n--
	}
	return len(text)
}

// find looks for a quote, word for word but for the kind of signs and spaces.
// ok is false when it stands nowhere. span is set when it stands in the text;
// it then gives the text's own words, unmasked.
func (v view) find(quote string) (span *contact.Span, ok bool) {
	for _, each := range []piece{v.text, v.end} {
		if from, to, found := locate(each.shown, quote); found {
			from, to = each.unmask(from, to)
			start := each.start + utf8.RuneCountInString(each.original[:from])
			words := each.original[from:to]
			return &contact.Span{Start: start, End: start + utf8.RuneCountInString(words), Quote: words}, true
		}
	}
	_, _, ok = locate(v.subject.shown, quote)
	return nil, ok
}

// unmask turns places in what is shown into places in the original; a part of a
// stand-in is all that it stands for.
func (p piece) unmask(from, to int) (int, int) {
	back := func(at int, end bool) int {
		shift := 0
		for _, m := range p.masks {
			switch {
			case at >= m.shownTo:
				shift = m.to - m.shownTo
			case at > m.shownFrom || at == m.shownFrom && !end:
				if end {
					return m.to
				}
				return m.from
			}
		}
		return at + shift
	}
	return back(from, false), back(to, true)
}

// locate finds quote in text, in bytes. Any run of white space equals any other,
// and so does any sign of a kind: models write those of their own keyboard.
func locate(text, quote string) (from, to int, found bool) {
	quote, _ = plainly(quote)
	words := strings.Fields(quote)
	if len(words) == 0 {
		return 0, 0, false
	}
	text, back := plainly(text)
	for at := 0; at < len(text); {
		next := strings.Index(text[at:], words[0])
		if next < 0 {
			return 0, 0, false
		}
		from = at + next
		if to, ok := follow(text, from+len(words[0]), words[1:]); ok {
			return back[from], back[to], true
		}
		_, size := utf8.DecodeRuneInString(text[from:])
		at = from + size
	}
	return 0, 0, false
}

// plainly is a text with one sign of each kind of apostrophe, quotation mark and
// dash and without what nobody sees, and where each of its bytes comes from.
func plainly(text string) (plain string, back []int) {
	var out strings.Builder
	for at, r := range text {
		_, size := utf8.DecodeRuneInString(text[at:])
		switch r {
		case '’', '‘', 'ʼ', '′':
			out.WriteByte('\'')
		case '“', '”', '„', '″':
			out.WriteByte('"')
		case '–', '—', '‐', '‑':
			out.WriteByte('-')
		default:
			if unicode.Is(unicode.Cf, r) {
				continue
			}
			out.WriteString(text[at : at+size])
			for i := range size {
				back = append(back, at+i)
			}
			continue
		}
		back = append(back, at)
	}
	return out.String(), append(back, len(text))
}

// follow reports whether the words stand in text behind at, with space between.
func follow(text string, at int, words []string) (to int, ok bool) {
	for _, word := range words {
		rest := strings.TrimLeftFunc(text[at:], unicode.IsSpace)
		if len(rest) == len(text)-at || !strings.HasPrefix(rest, word) {
			return 0, false
		}
		at = len(text) - len(rest) + len(word)
	}
	return at, true
}

// legible counts the letters and digits of a quote.
func legible(quote string) int {
	n := 0
	for _, r := range quote {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) {
			n++
		}
	}
	return n
}

// enough reports whether a quote says something: two letters or digits, unless
// the message has no more itself.
func (v view) enough(quote string) bool {
	all := legible(v.subject.shown) + legible(v.text.shown)
	return legible(quote) >= min(2, all) && legible(quote) > 0
}
