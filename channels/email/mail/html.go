package mail

import (
	"bytes"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText turns HTML into text in one pass over its tokens, without a tree
// and so without a limit of depth.
type htmlText struct {
	dst    []byte
	quoted []span

	atStart    bool // nothing on the line yet but quote marks
	newlines   int  // line ends wanted before the next text
	space      bool // white space wanted before the next text
	cell       bool // and that between the cells of a table, which forms are read by
	pre        int
	blockquote int

	hidden      region // not shown by a mail program
	foreign     region // written by others, or a signature
	foreignFrom int
	signature   bool // which of the two
	toEnd       bool // everything that follows was written by others
	toQuoteEnd  bool // or only up to the end of the first blockquote
	sawHidden   bool

	link      []byte // target of the open link
	linkStart int    // where its text began in dst
}

// region is an element and everything in it. Only the nesting of elements of
// the same name is counted, so it costs no stack.
type region struct {
	tag   atom.Atom
	depth int
}

func (r *region) open(tag atom.Atom) {
	if r.depth == 0 {
		*r = region{tag, 1}
	}
}

// maxLink is how much of a link's target is shown.
const maxLink = 500

// addHTML appends the text of an HTML part to the mail's text.
func (w *walk) addHTML(page []byte) {
	if bytes.IndexByte(page, '<') < 0 {
		w.text = appendClean(w.text, unescape(page))
		return
	}
	w.text, w.quoted = w.html.convert(w.text, w.quoted, page)
	w.marks.hidden = w.marks.hidden || w.html.sawHidden
}

// convert appends the text of page to dst, and the pieces of it that are
// quotations to quoted.
func (h *htmlText) convert(dst []byte, quoted []span, page []byte) ([]byte, []span) {
	*h = htmlText{dst: dst, quoted: quoted, atStart: true}
	z := html.NewTokenizer(bytes.NewReader(page))
	var skip atom.Atom // script, style and their kin
	tail := 0          // where text may hide behind something never closed
	for at := 0; ; at += len(z.Raw()) {
		switch z.Next() {
		case html.ErrorToken:
			if skip == 0 {
				tail = at
			}
			h.unclosed(page[tail:], skip)
			h.closeForeign()
			return h.dst, h.quoted
		case html.TextToken:
			if skip == 0 {
				h.text(unescape(z.Raw())) // Text would copy every piece
			}
		case html.CommentToken:
			raw := z.Raw()
			switch inside, ok := bytes.CutPrefix(raw, []byte("<![CDATA[")); {
			case ok:
				h.sawHidden = true // in HTML; XHTML shows it
				h.text(bytes.TrimSuffix(bytes.TrimSuffix(inside, []byte(">")), []byte("]]")))
			case at+len(raw) == len(page):
				h.lastComment(raw)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, more := tagOf(z.Raw()[1:])
			switch {
			case tag == atom.Script || tag == atom.Style || tag == atom.Title:
				skip, tail = tag, at+len(z.Raw())
			case tag == 0 && more && isWords(z.Raw()):
				h.text(z.Raw())
			default:
				h.start(tag, z, more)
			}
		case html.EndTagToken:
			tag, _ := tagOf(z.Raw()[2:])
			if tag == skip {
				skip = 0
			} else {
				h.end(tag)
			}
		}
	}
}

// tagOf returns the element that a tag names and whether the tag goes on after
// the name; the tokenizer's own way copies every name. Elements that HTML does
// not know are 0.
func tagOf(raw []byte) (tag atom.Atom, more bool) {
	var name [24]byte
	for i, c := range raw {
		switch {
		case c == '>' || c == '/' || c <= ' ':
			return atom.Lookup(name[:i]), c != '>'
		case i == len(name):
			return 0, true
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		name[i] = c
	}
	return 0, false
}

func (h *htmlText) start(tag atom.Atom, z *html.Tokenizer, more bool) {
	h.layout(tag)
	var a attributes
	if more {
		a = readAttributes(z)
	}
	if len(a.swallowed) > 0 {
		h.sawHidden = true
		h.text(stripTags(a.swallowed))
		h.layout(tag)
	}
	switch tag {
	case atom.Pre, atom.Textarea:
		h.pre++
	case atom.Blockquote:
		if !a.plainIndent {
			h.blockquote++
		}
	case atom.A:
		h.endLink()
		h.link, h.linkStart = a.href, len(h.dst)
	case atom.Img:
		if len(a.alt) > 0 {
			h.text(a.alt)
		}
	case atom.Input: // of a form that was sent as it was filled in
		if !a.unwritten {
			h.space = true
			h.text(a.value)
			h.space = true
		}
	}
	if isVoid(tag) {
		return
	}
	if h.hidden.depth > 0 && tag == h.hidden.tag {
		h.hidden.depth++
	}
	if h.foreign.depth > 0 && tag == h.foreign.tag {
		h.foreign.depth++
	}
	if a.hidden {
		h.hidden.open(tag)
	}
	switch {
	case a.allFollows && !h.toEnd:
		h.openForeign(tag)
		h.toEnd, h.signature = true, false
	case (a.foreign || a.quotation || tag == atom.Blockquote && !a.plainIndent) && (h.foreign.depth == 0 || h.signature):
		h.openForeign(tag)
		h.toQuoteEnd, h.signature = a.quotation, false
	case a.signature && h.foreign.depth == 0:
		h.openForeign(tag)
		h.signature = true
	}
}

func (h *htmlText) end(tag atom.Atom) {
	if h.hidden.depth > 0 && tag == h.hidden.tag {
		h.hidden.depth--
	}
	if h.foreign.depth > 0 && tag == h.foreign.tag && !h.toEnd {
		if h.foreign.depth--; h.foreign.depth == 0 {
			h.closeForeign()
		}
	}
	switch tag {
	case atom.A:
		h.endLink()
	case atom.Pre, atom.Textarea:
		h.pre = max(h.pre-1, 0)
	case atom.Blockquote:
		h.layout(tag)
		if h.blockquote = max(h.blockquote-1, 0); h.blockquote == 0 && h.toQuoteEnd && !h.toEnd {
			h.closeForeign() // what follows answers it
		}
		return
	}
	h.layout(tag)
}

// layout asks for the line ends and spaces that an element stands for.
func (h *htmlText) layout(tag atom.Atom) {
	switch tag {
	case atom.Br:
		h.newlines = min(h.newlines+1, 2)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Blockquote, atom.Table, atom.Hr, atom.Pre, atom.Dl:
		h.newlines = 2
	case atom.Div, atom.Tr, atom.Li, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Address, atom.Dt, atom.Dd,
		atom.Center, atom.Form, atom.Body, atom.Fieldset, atom.Option, atom.Caption, atom.Main, atom.Nav, atom.Aside, atom.Figure, atom.Thead, atom.Tbody, atom.Tfoot,
		atom.Svg, atom.Noscript, atom.Template, atom.Iframe, atom.Object, atom.Button, atom.Label, atom.Legend, atom.Textarea, atom.Select, atom.Details, atom.Summary, atom.Figcaption:
		h.newlines = max(h.newlines, 1)
	case atom.Td, atom.Th:
		h.cell = true
	}
}

// text adds text with its white space collapsed, unless preformatted.
func (h *htmlText) text(text []byte) {
	if h.pre > 0 {
		for line := range bytes.Lines(text) {
			if content := bytes.TrimRight(line, "\r\n"); len(content) > 0 {
				h.word(content)
			}
			if line[len(line)-1] == '\n' {
				h.newlines = min(h.newlines+1, 2)
			}
		}
		return
	}
	for len(text) > 0 {
		n, isSpace := leadingSpace(text)
		if isSpace {
			h.space = true
			text = text[n:]
			continue
		}
		h.word(text[:n])
		text = text[n:]
	}
}

// leadingSpace returns how many bytes at the start of text are white space, or
// are not.
func leadingSpace(text []byte) (n int, isSpace bool) {
	for n < len(text) {
		c := text[n]
		size, white := 1, c <= ' ' && c != 0 || c == 0x7f      // zeros between letters vanish later
		if c == 0xc2 && n+1 < len(text) && text[n+1] == 0xa0 { // no-break space
			size, white = 2, true
		}
		if n > 0 && white != isSpace {
			return n, isSpace
		}
		isSpace = white
		n += size
	}
	return n, isSpace
}

// word adds a word after the line ends and spaces that are due.
func (h *htmlText) word(word []byte) {
	if h.newlines > 0 && !(h.atStart && h.blankSoFar()) {
		for range h.newlines {
			h.dst = append(h.dst, '\n')
		}
		h.atStart = true
	}
	if h.atStart {
		for range min(h.blockquote, maxQuoteMarks) {
			h.dst = append(h.dst, "> "...)
		}
	} else if h.cell {
		h.dst = append(h.dst, '\t')
	} else if h.space {
		h.dst = append(h.dst, ' ')
	}
	h.newlines, h.space, h.cell, h.atStart = 0, false, false, false
	if h.hidden.depth > 0 {
		h.sawHidden = true
	}
	h.dst = appendClean(h.dst, word)
}

// blankSoFar reports whether no text of this page has been written.
func (h *htmlText) blankSoFar() bool {
	return len(h.dst) == 0 || h.dst[len(h.dst)-1] == '\n'
}

func (h *htmlText) openForeign(tag atom.Atom) {
	if h.foreign.depth == 0 {
		h.foreignFrom = len(h.dst)
	}
	h.foreign = region{tag, 1}
}

// closeForeign ends what others wrote, or a signature; one that is too long is
// what a person has typed behind it.
func (h *htmlText) closeForeign() {
	size := len(h.dst) - h.foreignFrom
	if h.foreign.tag != 0 && size > 0 && (!h.signature || size <= maxSignatureBytes) {
		h.quoted = append(h.quoted, span{h.foreignFrom, len(h.dst)})
	}
	h.foreign, h.toEnd, h.toQuoteEnd, h.signature = region{}, false, false, false
}

// unescape resolves entities.
func unescape(text []byte) []byte {
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	return []byte(html.UnescapeString(string(text)))
}

func isVoid(tag atom.Atom) bool {
	switch tag {
	case atom.Br, atom.Img, atom.Hr, atom.Input, atom.Meta, atom.Link, atom.Col, atom.Area, atom.Base, atom.Embed, atom.Source, atom.Wbr:
		return true
	}
	return false
}
