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
	// bareCR is set when the mail ends its lines with CR alone.
	bareCR bool

	// text is the current line, or a piece of a long one, without its end;
	// both slices are valid until the next call of next or peek.
	text, eol []byte
	// level is the place in open of the boundary that the line is, or -1;
	// closing says that it closes it.
	level   int
	closing bool

	mid  bool // the last piece did not end its line
	held bool // give the current line again
	eof  bool
	err  error // of the reader underneath

	visited int64 // bytes looked at; the measure of the work done
}

func (l *lines) reset(r io.Reader) {
	l.r.Reset(r)
	*l = lines{r: l.r, open: l.open[:0], level: -1}
	start, _ := l.r.Peek(l.r.Size())
	l.bareCR = bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(start, '\r') >= 0
}

// next moves to the next line. At the end of the mail it returns false.
func (l *lines) next() bool {
	if l.held {
		l.held = false
		return true
	}
	if l.eof {
		return false
	}
	end := byte('\n')
	if l.bareCR {
		end = '\r'
	}
	piece, err := l.r.ReadSlice(end)
	l.visited += int64(len(piece))
	wasMid := l.mid
	l.mid, l.level, l.closing = false, -1, false
	switch {
	case err == nil:
	case errors.Is(err, bufio.ErrBufferFull):
		// A CR at the cut may be half of the line's end.
		if piece[len(piece)-1] == '\r' && l.r.UnreadByte() == nil {
			piece = piece[:len(piece)-1]
		}
		l.mid = true
	default:
		l.eof = true
		if !errors.Is(err, io.EOF) {
			l.err = err
		}
		if len(piece) == 0 {
			l.text, l.eol = nil, nil
			return false
		}
	}
	if l.mid {
		l.text, l.eol = piece, nil
		return true
	}
	l.text, l.eol = cutEOL(piece)
	if !wasMid {
		l.findBoundary()
	}
	return true
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

// cutEOL splits the line end off: LF, CR LF, CR CR LF (written by broken
// gateways) or, where lines end so, CR.
func cutEOL(piece []byte) (text, eol []byte) {
	n := len(piece)
	if n == 0 {
		return piece, nil
	}
	switch piece[n-1] {
	case '\n':
		n--
		for cr := 0; cr < 2 && n > 0 && piece[n-1] == '\r'; cr++ {
			n--
		}
	case '\r':
		n--
	}
	return piece[:n], piece[n:]
}
