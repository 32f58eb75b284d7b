package mail

import (
	"bytes"

	"golang.org/x/net/html/atom"
)

// lastComment shows the text of a comment that ends with the page only.
func (h *htmlText) lastComment(raw []byte) {
	inside, ok := bytes.CutPrefix(raw, []byte("<!--"))
	if !ok || bytes.HasSuffix(raw, []byte("-->")) || bytes.HasSuffix(raw, []byte("--!>")) {
		return
	}
	h.unclosed(inside, 0)
}

// unclosed shows the text in a tag, comment, style or script that the page
// never closes. Mail programs hide it, so it counts as hidden.
func (h *htmlText) unclosed(rest []byte, inside atom.Atom) {
	if inside != 0 { // what comes before the next tag is style or script
		tag := bytes.IndexByte(rest, '<')
		if tag < 0 {
			return
		}
		rest = rest[tag:]
	}
	if bytes.HasPrefix(rest, []byte("</")) {
		return
	}
	if rest = stripTags(rest); bytes.IndexByte(bytes.TrimSpace(rest), ' ') > 0 {
		h.sawHidden = true
		h.newlines = max(h.newlines, 1)
		h.text(rest)
	}
}

// isWords tells what a person put between the brackets of a tag, and a program
// into the page as it was, from elements that HTML does not know.
func isWords(raw []byte) bool {
	return bytes.IndexByte(raw, ' ') > 0 && !bytes.ContainsAny(raw, "=:/")
}

// stripTags returns page without anything that looks like a complete tag.
func stripTags(page []byte) []byte {
	out := make([]byte, 0, len(page))
	for len(page) > 0 {
		open := bytes.IndexByte(page, '<')
		if open < 0 {
			break
		}
		out = append(append(out, page[:open]...), ' ')
		page = page[open+1:]
		end := bytes.IndexAny(page, "<>")
		if bytes.HasPrefix(page, []byte("!--")) {
			end = 2
		}
		if end < 0 {
			break
		}
		if page[end] != '<' {
			page = page[end+1:]
		}
	}
	return unescape(append(out, page...))
}
