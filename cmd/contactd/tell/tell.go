// Package tell puts what contactd knows into words for a person at a terminal:
// an event in one line, a judgement with its reasons, in colours where there
// are any. What strangers wrote comes out so that it cannot steer the terminal.
// It prints nothing, and makes nothing for programs: those read JSON.
package tell

import (
	"fmt"
	"strings"
	"unicode"
)

// Plain takes out what could steer a terminal: the text is a stranger's.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '\u00b7'
		}
		return r
	}, text)
}

// Short cuts a text for one line.
func Short(text string) string {
	const limit = 80
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}

// Count is a number with its word, such as "1 partition".
func Count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
