package mail

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNameBytes is the longest file name that common file systems take.
const maxNameBytes = 255

// fileName decodes the name that a sender gave a file and makes it safe to
// show and to save: no path, no control characters, nothing that changes the
// direction of writing.
func (w words) fileName(value []byte) string {
	var name string
	if bytes.Contains(value, []byte("=?")) {
		name = w.decode(value)
	} else {
		name = string(decodeText(value, nil, w.fallback))
	}
	if cut := strings.LastIndexAny(name, "/\\"); cut >= 0 {
		name = name[cut+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == utf8.RuneError, r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069',
			r == '\u200e', r == '\u200f', r == '\u061c', r >= '\u200b' && r <= '\u200d', r == '\ufeff', r == '\u2028', r == '\u2029':
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(strings.TrimSpace(name), ". ")
	return shortenName(name)
}

// shortenName cuts a long name in the middle so that its ending stays.
func shortenName(name string) string {
	if len(name) <= maxNameBytes {
		return name
	}
	ending := ""
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 && len(name)-dot <= 16 {
		ending = name[dot:]
	}
	cut := maxNameBytes - len(ending)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + ending
}
