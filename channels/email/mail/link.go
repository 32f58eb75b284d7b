package mail

import (
	"bytes"
	"strings"
)

// endLink writes the target of the open link unless its text says the same.
func (h *htmlText) endLink() {
	link := h.link
	h.link = nil
	if len(link) == 0 {
		return
	}
	shown := bytes.TrimSpace(h.dst[min(h.linkStart, len(h.dst)):])
	bare := link
	for _, scheme := range [...]string{"https://", "http://", "mailto:", "tel:", "www."} {
		if len(bare) >= len(scheme) && equalFold(bare[:len(scheme)], scheme) {
			bare = bare[len(scheme):]
		}
	}
	bare = bytes.TrimSuffix(bare, []byte("/"))
	if len(bare) == 0 || len(bare) <= len(shown) && bytes.Contains(shown, bare) || bytes.HasPrefix(link, []byte("tel:")) && isNumber(shown, bare) {
		return
	}
	h.space = true
	h.word(append(append([]byte{'<'}, link...), '>'))
}

// isNumber reports whether shown is the telephone number, spaced as people do.
func isNumber(shown, number []byte) bool {
	if len(shown) > 2*len(number) || len(number) > 30 {
		return false
	}
	digits := func(text []byte) string {
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, string(text))
	}
	return digits(shown) == digits(number)
}
