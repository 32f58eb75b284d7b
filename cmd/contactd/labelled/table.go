package labelled

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// table is comma-separated rows below a header.
type table struct {
	rows   *csv.Reader
	header []string
}

// openTable reads a header that holds some columns.
func openTable(from io.Reader, columns ...string) (table, error) {
	t := table{rows: csv.NewReader(withoutMark(from))}
	var err error
	if t.header, err = t.rows.Read(); errors.Is(err, io.EOF) {
		return t, fmt.Errorf("it is empty; want a header with %s", strings.Join(columns, ", "))
	} else if err != nil {
		return t, fmt.Errorf("read header: %w", err)
	}
	for _, name := range columns {
		if !slices.Contains(t.header, name) {
			return t, fmt.Errorf("no column %q; want %s", name, strings.Join(columns, ", "))
		}
	}
	return t, nil
}

// withoutMark leaves out the byte order mark that spreadsheets begin a file
// with: before a header in quotes it is a mistake in the form.
func withoutMark(from io.Reader) io.Reader {
	text := bufio.NewReader(from)
	if mark, _ := text.Peek(len("\ufeff")); string(mark) == "\ufeff" {
		_, _ = text.Discard(len(mark))
	}
	return text
}

// next gives the values of the next row by the names of their columns, empty
// for a column that is not there. io.EOF comes after the last.
func (t table) next() (value func(column string) string, err error) {
	row, err := t.rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("read row: %w", err)
	}
	return func(column string) string {
		if i := slices.Index(t.header, column); i >= 0 {
			return row[i]
		}
		return ""
	}, nil
}

// errorHere names the line that was read last.
func (t table) errorHere(err error) error {
	return fmt.Errorf("line %d: %w", t.line(), err)
}

// line is where the row begins that was read last.
func (t table) line() int {
	line, _ := t.rows.FieldPos(0)
	return line
}
