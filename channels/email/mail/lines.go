package mail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// bufferSize holds any sane line whole; longer lines come in pieces.
const bufferSize = 16 << 10

// lines gives a mail line by line, each byte once, and tells which line is a
// boundary of a multipart that is open around it.
type lines struct {
	r *bufio.Reader
	// open are the boundaries around the current place, outermost first.
	open [][]byte

	// text is the current line, or a piece of a long one, without its end;
	// both slices are valid until the next call of next or peek.
	text, eol []byte
	// level is the place in open of the boundary that the line is, or -1;
	// closing says that it closes it.
	level   int
	closing bool

	rest []byte // of what was read last, behind a bare CR
	cut  bool   // rest, or what was read last, does not end its line
	mid  bool   // the current line goes on in the next piece
	held bool   // give the current line again
	eof  bool
	err  error // of the reader underneath

	visited int64 // bytes looked at; the measure of the work done
}

func (l *lines) reset(r io.Reader) {
	l.r.Reset(r)
	*l = lines{r: l.r, open: l.open[:0], level: -1}
}

// next moves to the next line. At the end of the mail it returns false. Lines
// end with LF, with CR LF, with more CRs before the LF (broken gateways add
// them), or with CR alone (old systems, and mails put together from parts of
// different origin).
func (l *lines) next() bool {
	if l.held {
		l.held = false
		return true
	}
	if len(l.rest) == 0 && !l.fill() {
		l.text, l.eol, l.level, l.closing = nil, nil, -1, false
		return false
	}
	whole := !l.mid
	l.split()
	l.level, l.closing = -1, false
	if whole && !l.mid {
		l.findBoundary()
	}
	return true
}

// fill reads up to the next LF, or as much of a long line as the buffer holds.
func (l *lines) fill() bool {
	if l.eof {
		return false
	}
	piece, err := l.r.ReadSlice('\n')
	l.visited += int64(len(piece))
	l.cut = false
	switch {
	case err == nil:
	case errors.Is(err, bufio.ErrBufferFull):
		// A CR at the cut may be half of the line's end.
		if piece[len(piece)-1] == '\r' && l.r.UnreadByte() == nil {
			piece = piece[:len(piece)-1]
		}
		l.cut = true
	default:
		l.eof = true
		if !errors.Is(err, io.EOF) {
			l.err = err
		}
	}
	l.rest = piece
	return len(piece) > 0
}

// maxCRs is how many CRs before an LF are one line end with it; more would have
// to be counted again for each of them.
const maxCRs = 8

// split takes the next line off rest.
func (l *lines) split() {
	piece := l.rest
	l.rest, l.mid = nil, false
	cr := bytes.IndexByte(piece, '\r')
	if cr < 0 {
		if n := len(piece) - 1; piece[n] == '\n' {
			l.text, l.eol = piece[:n], piece[n:]
			return
		}
		l.text, l.eol, l.mid = piece, nil, l.cut
		return
	}
	after := cr + 1
	for after < len(piece) && after-cr < maxCRs && piece[after] == '\r' {
		after++
	}
	if after == len(piece)-1 && piece[after] == '\n' {
		l.text, l.eol = piece[:cr], piece[cr:]
		return
	}
	l.text, l.eol, l.rest = piece[:cr], piece[cr:cr+1], piece[cr+1:]
	if len(l.rest) == 0 {
		l.rest = nil
	}
}

// back makes next give the current line again.
func (l *lines) back() { l.held = true }

// body moves to the next line of the part that the walker is in; a boundary or
// the end of the mail ends it, and the boundary is left for the container.
func (l *lines) body() bool {
	if !l.next() {
		return false
	}
	if l.level >= 0 {
		l.back()
		return false
	}
	return true
}

// peek returns up to n bytes that follow the current line. It invalidates text
// and eol.
func (l *lines) peek(n int) []byte {
	if len(l.rest) > 0 {
		return l.rest[:min(n, len(l.rest))]
	}
	next, _ := l.r.Peek(n)
	return next
}

// push opens a boundary and returns its level.
func (l *lines) push(boundary []byte) int {
	l.open = append(l.open, boundary)
	return len(l.open) - 1
}

// pop closes every boundary from level on.
func (l *lines) pop(level int) { l.open = l.open[:level] }

// findBoundary looks the current line up among the open boundaries, innermost
// first. There are at most maxDepth.
func (l *lines) findBoundary() {
	if len(l.open) == 0 || len(l.text) < 3 || l.text[0] != '-' || l.text[1] != '-' {
		return
	}
	name := bytes.TrimRight(l.text[2:], " \t")
	for i := len(l.open) - 1; i >= 0; i-- {
		rest, ok := bytes.CutPrefix(name, l.open[i])
		l.visited += int64(len(l.open[i]))
		if !ok || len(l.open[i]) == 0 {
			continue
		}
		if len(rest) == 0 || string(rest) == "--" {
			l.level, l.closing = i, len(rest) > 0
			return
		}
	}
}
