package mail

import "bytes"

// choice gathers the forms of one multipart/alternative. They lie one after
// the other in walk.text until the choice is made.
type choice struct {
	active bool
	start  int // in walk.text
	spans  int // in walk.quoted
	forms  []form
}

// form is one alternative.
type form struct {
	start, end int // in walk.text
	html       bool
}

// mark is how far the walk's text had come at some place.
type mark struct{ text, htmlParts int }

func (w *walk) mark() mark { return mark{len(w.text), w.htmlParts} }

// add takes what was written since from as one of the forms.
func (c *choice) add(w *walk, from mark) {
	if c.active && len(w.text) > from.text {
		c.forms = append(c.forms, form{start: from.text, end: len(w.text), html: w.htmlParts > from.htmlParts})
	}
}

// choose keeps the plain forms, unless they only point at the HTML, and the
// lines of the HTML ones with words that the plain ones do not have: what a
// mail program would show must never be lost.
func (w *walk) choose(c *choice) {
	if !c.active {
		return
	}
	c.active = false
	plain, html := c.texts(w.text)
	switch {
	case len(html) == 0:
	case len(plain) == 0, isStub(plain):
		w.keep(c, true)
	default:
		lines, quoted := w.newLines(c, plain)
		w.keep(c, false)
		at := len(w.text)
		w.text = append(w.text, lines...)
		for _, q := range quoted {
			w.quoted = append(w.quoted, span{at + q.start, at + q.end})
		}
	}
}

// newLines returns a copy of the lines of the HTML forms that have words which
// plain lacks, and the pieces of it that others wrote.
func (w *walk) newLines(c *choice, plain []byte) (lines []byte, quoted []span) {
	w.compared.fill(plain, len(w.text)-c.start)
	spans := w.quoted[c.spans:]
	for _, f := range c.forms {
		if !f.html {
			continue
		}
		gap, at := true, f.start
		for line := range bytes.Lines(w.text[f.start:f.end]) {
			end := at + len(line)
			if !w.compared.addNew(line) {
				gap, at = true, end
				continue
			}
			if gap {
				lines = append(lines, '\n')
			}
			lines = append(lines, '\n')
			start := len(lines)
			lines = append(lines, bytes.TrimRight(line, "\n")...)
			for len(spans) > 0 && spans[0].end <= at {
				spans = spans[1:]
			}
			if len(spans) > 0 && spans[0].start < end {
				quoted = append(quoted, span{start, len(lines)})
			}
			gap, at = false, end
		}
	}
	return lines, quoted
}

// texts returns the first plain and the first HTML form.
func (c *choice) texts(text []byte) (plain, html []byte) {
	for _, f := range c.forms {
		switch {
		case f.html && html == nil:
			html = trimBlank(text[f.start:f.end])
		case !f.html && plain == nil:
			plain = trimBlank(text[f.start:f.end])
		}
	}
	return plain, html
}

// keep keeps the forms of one kind and moves them together.
func (w *walk) keep(c *choice, html bool) {
	to := c.start
	spans := w.quoted[:c.spans]
	rest := w.quoted[c.spans:]
	for _, f := range c.forms {
		if f.html != html {
			continue
		}
		for _, s := range rest {
			if s.start >= f.start && s.end <= f.end {
				spans = append(spans, span{s.start - f.start + to, s.end - f.start + to})
			}
		}
		to += copy(w.text[to:], w.text[f.start:f.end])
	}
	if c.start == 0 {
		// The first form kept may have been separated from one before it.
		skip := len(w.text[:to]) - len(bytes.TrimLeft(w.text[:to], "\n"))
		copy(w.text, w.text[skip:to])
		to -= skip
		for i := range spans {
			spans[i] = span{max(spans[i].start-skip, 0), max(spans[i].end-skip, 0)}
		}
	}
	w.text, w.quoted = w.text[:to], spans
}

// isStub tells a plain form that only says that the mail is HTML.
func isStub(plain []byte) bool {
	if len(plain) > 600 {
		return false
	}
	low := bytes.ToLower(plain)
	if !bytes.Contains(low, []byte("html")) && !bytes.Contains(low, []byte("browser")) {
		return false
	}
	for _, phrase := range [...]string{"does not support", "doesn't support", "not support html", "cannot display", "can't display", "unable to display", "html version", "html format", "html email", "html message", "html-compatible", "html compatible", "html enabled", "html-enabled", "in your browser", "in a browser", "in html", "to view this"} {
		if bytes.Contains(low, []byte(phrase)) {
			return true
		}
	}
	return false
}

// wordSet is a set of words. Its table is used again.
type wordSet struct{ table []uint32 }

// fill makes the words of text those of the set, with room for those of so many
// further bytes.
func (s *wordSet) fill(text []byte, room int) {
	size := 256
	for size < len(text)+room {
		size *= 2
	}
	if cap(s.table) < size {
		s.table = make([]uint32, size)
	}
	s.table = s.table[:size]
	clear(s.table)
	s.addNew(text)
}

// addNew adds the words of text and reports whether one is new. Addresses of
// links do not count.
func (s *wordSet) addNew(text []byte) bool {
	isNew := false
	eachWord(text, func(hash uint32) { isNew = s.add(hash) || isNew })
	return isNew
}

// add reports whether hash is new. The table is never more than about half full:
// a word takes at least a byte and a gap.
func (s *wordSet) add(hash uint32) bool {
	mask := uint32(len(s.table) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s.table[i] {
		case 0:
			s.table[i] = hash
			return true
		case hash:
			return false
		}
	}
}

// eachWord calls visit with the hash of each number and of each word of three
// letters or more, in lower case.
func eachWord(text []byte, visit func(hash uint32)) {
	for i := 0; i < len(text); {
		hash, n, number := uint32(2166136261), 0, false
		for i < len(text) {
			c := text[i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c >= 0x80) || c >= 0x80 && markSize(text[i:]) > 0 {
				break
			}
			number = number || isDigit(c)
			hash = (hash ^ uint32(c)) * 16777619
			i++
			n++
		}
		if i < len(text) && text[i] == ':' && n >= 4 && bytes.HasPrefix(text[i:], []byte("://")) {
			for i < len(text) && text[i] > ' ' {
				i++
			}
			continue
		}
		if n >= 3 || number {
			visit(hash | 1)
		}
		if n == 0 {
			i += max(1, markSize(text[i:]))
		}
	}
}

// markSize returns the length of the space or punctuation mark beyond ASCII
// that text begins with, 0 when it begins with something else. Mail programs
// write them differently in the two forms.
func markSize(text []byte) int {
	switch {
	case len(text) > 1 && text[0] == 0xc2: // U+0080 to U+00BF
		return 2
	case len(text) > 2 && text[0] == 0xe2 && (text[1] == 0x80 || text[1] == 0x81): // U+2000 to U+207F
		return 3
	}
	return 0
}
