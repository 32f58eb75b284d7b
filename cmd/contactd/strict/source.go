package strict

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// source is what all sections of a file share.
type source struct {
	file   string
	getenv func(string) (string, bool)
	lines  map[string]int // of each key that was seen
}

// place finds the line of the key that an error begins with.
func (s *source) place(err error, within string) error {
	var problem Problem
	if errors.As(err, &problem) {
		return err
	}
	text := err.Error()
	if within != "" && !strings.HasPrefix(text, within+".") && !strings.HasPrefix(text, within+":") {
		separator := "."
		if !startsWithKey(text) {
			separator = ": "
		}
		text = within + separator + text
	}
	key, rest, found := strings.Cut(text, ": ")
	if !found || strings.ContainsAny(key, " \t\"") {
		return Problem{File: s.file, Line: s.line(within), Text: text}
	}
	return Problem{File: s.file, Line: s.line(key), Key: key, Text: rest}
}

// startsWithKey reports whether a message such as "accounts[0].host: missing"
// begins with a key.
func startsWithKey(text string) bool {
	key, _, found := strings.Cut(text, ": ")
	return found && key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_.[]-") == ""
}

// line of a key, or of the nearest key above it, or 0.
func (s *source) line(key string) int {
	for key != "" {
		if line, ok := s.lines[key]; ok {
			return line
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return 0
		}
		key = key[:cut]
	}
	return 0
}

func lineOf(err error) (int, bool) {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil || at.GetToken().Position == nil {
		return 0, false
	}
	return at.GetToken().Position.Line, true
}

func nodeLine(node ast.Node) int {
	if node == nil {
		return 0
	}
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}
