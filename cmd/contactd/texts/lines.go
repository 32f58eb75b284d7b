package texts

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"contactd/classifiers"
	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/tell"
)

// Lines answers every line of in at once, so that a program can hold a
// conversation with it.
func Lines(ctx context.Context, assessor classifiers.Assessor, in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, 64<<10)
	write := json.NewEncoder(out) // writes a line at once
	write.SetEscapeHTML(false)
	bad := 0
	for number := 1; ctx.Err() == nil; number++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		var t Text
		if err == nil {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			if number == 1 { // editors of other systems begin a file with it
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
			}
			err = readText(line, &t)
		}
		if errors.Is(err, errRead) {
			return err
		}
		answer := Answer{ID: t.ID, Error: fmt.Sprintf("line %d: %v", number, err)}.filled()
		if err == nil {
			answer = AnswerOf(t.ID, Judge(ctx, assessor, t))
		} else {
			bad++
		}
		if err := write.Encode(answer); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
	if bad > 0 {
		return fmt.Errorf("judge texts: %s could not be read", tell.Count(bad, "line"))
	}
	if ctx.Err() != nil {
		return interrupt.Err
	}
	return nil
}

// readText reads a line, and says of a wrong one what is wanted.
func readText(line []byte, t *Text) error {
	err := json.Unmarshal(line, t)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("want an object {id, channel, text}, got %s", kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: want a text in quotes, got %s", kind.Field, kind.Value)
	default:
		return err
	}
}

var (
	errRead     = errors.New("read line")
	errLongLine = fmt.Errorf("longer than %d bytes", Limit)
)

// readLine reads one line of bounded length; of a longer one the rest is
// skipped. io.EOF comes after the last line only.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		piece, err := r.ReadSlice('\n')
		if len(line)+len(piece) > Limit {
			tooLong = true
		} else {
			line = append(line, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: %w", errRead, err)
		case err != nil && len(line) == 0 && !tooLong:
			return nil, io.EOF
		case tooLong:
			return nil, errLongLine
		}
		return line, nil
	}
}
