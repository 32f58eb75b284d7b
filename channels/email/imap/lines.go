package imap

import (
	"bytes"
	"errors"
	"strconv"
)

// lineWatch follows the lines of a server without looking into literals, where
// mails are.
type lineWatch struct {
	skip         int64  // bytes of a literal still to come
	line         []byte // what of the line matters: its start and its end
	capabilities bool   // the line is in a list of capabilities
}

// keptLine bounds what is remembered of a line, in bytes.
const keptLine = 4 << 10

// watch reads on. untagged is false when a line began that is neither data nor
// a continuation: the server has ended a command.
func (l *lineWatch) watch(p []byte) (untagged bool, err error) {
	untagged = true
	for len(p) > 0 {
		if l.skip > 0 {
			n := min(l.skip, int64(len(p)))
			l.skip -= n
			p = p[n:]
			continue
		}
		c := p[0]
		p = p[1:]
		if c == '\n' {
			l.skip = literal(l.line)
			l.line, l.capabilities = l.line[:0], false
			continue
		}
		if len(l.line) == 0 && c != '*' && c != '+' {
			untagged = false
		}
		if err := l.add(c); err != nil {
			return untagged, err
		}
	}
	return untagged, nil
}

// add follows a list of capabilities: at a parenthesis in it the library would
// read for ever without reading on, which closing the socket does not end.
func (l *lineWatch) add(c byte) error {
	if len(l.line) == keptLine {
		l.line = append(l.line[:0], l.line[keptLine-32:]...)
	}
	l.line = append(l.line, c)
	switch c {
	case 'Y', 'y':
		word := bytes.ToUpper(l.line[max(0, len(l.line)-12):])
		l.capabilities = l.capabilities || bytes.HasSuffix(word, []byte("[CAPABILITY")) || bytes.Equal(word, []byte("* CAPABILITY"))
	case ']':
		l.capabilities = false
	case '(':
		if l.capabilities {
			return errors.New("the server's list of capabilities is malformed")
		}
	}
	return nil
}

// literal returns the size that a line announces at its end, such as {1000}.
func literal(line []byte) int64 {
	line = bytes.TrimRight(line, "\r")
	begin := bytes.LastIndexByte(line, '{')
	if begin < 0 || !bytes.HasSuffix(line, []byte("}")) {
		return 0
	}
	size, err := strconv.ParseInt(string(line[begin+1:len(line)-1]), 10, 64)
	if err != nil || size < 0 {
		return 0
	}
	return size
}
