package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// step is one thing that somebody does in a script.
type step struct {
	line  int
	pause time.Duration // before it
	who   string
	verb  string
	label string // by which later steps name what came of it
	on    string // the label of what it is done to
	text  string
}

// scriptLimit bounds a line, in bytes.
const scriptLimit = 1 << 20

// readScript reads one step a line:
//
//	PAUSE WHO VERB [LABEL on LABEL] TEXT
//
// The brackets may hold one label, or be left out. Empty lines and those that
// begin with "#" are skipped. Which verbs there are is the platform's business.
func readScript(r io.Reader) ([]step, error) {
	var steps []step
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, scriptLimit)
	for number := 1; lines.Scan(); number++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		s, err := readStep(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		s.line = number
		steps = append(steps, s)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	return steps, nil
}

func readStep(text string) (s step, err error) {
	pause, text := word(text)
	if s.pause, err = time.ParseDuration(pause); err != nil || s.pause < 0 {
		return s, fmt.Errorf("want a pause such as 0s or 2s first, got %q", pause)
	}
	s.who, text = word(text)
	s.verb, text = word(text)
	if s.verb == "" || strings.HasPrefix(s.who, "[") || strings.HasPrefix(s.verb, "[") {
		return s, fmt.Errorf("want PAUSE WHO VERB [LABEL on LABEL] TEXT")
	}
	if labels, rest, found := strings.Cut(strings.TrimPrefix(text, "["), "]"); found && strings.HasPrefix(text, "[") {
		words := strings.Fields(labels)
		switch {
		case len(words) == 1:
			s.label = words[0]
		case len(words) == 2 && words[0] == "on":
			s.on = words[1]
		case len(words) == 3 && words[1] == "on":
			s.label, s.on = words[0], words[2]
		default:
			return s, fmt.Errorf("want [LABEL], [on LABEL] or [LABEL on LABEL], got [%s]", labels)
		}
		text = strings.TrimSpace(rest)
	}
	s.text = text
	return s, nil
}

// word cuts the first word off.
func word(text string) (first, rest string) {
	at := strings.IndexAny(text, " \t")
	if at < 0 {
		return text, ""
	}
	return text[:at], strings.TrimSpace(text[at:])
}
