package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"contactd/classifiers"
	"contactd/classifiers/linear"
	"contactd/cmd/contactd/interrupt"
	"contactd/contact"
)

// labelled is one message with the grade that a careful handler gives.
type labelled struct {
	linear.Example
	id string
	// kind is what the last note says: plain, lang, covert and so on.
	kind string
}

// labelledColumns are those that a file of labelled messages must have; notes
// may be missing.
var labelledColumns = []string{"id", "channel", "text", "grade", "category"}

// readLabelled reads files of labelled messages and asks the classifiers that
// judge before the learned one. The base name of a file groups its messages.
func readLabelled(ctx context.Context, files []string, before []classifiers.Bounded) ([]labelled, error) {
	var all []labelled
	for i, name := range files {
		if slices.ContainsFunc(files[:i], func(other string) bool { return filepath.Clean(other) == filepath.Clean(name) }) {
			return nil, fmt.Errorf("read labelled messages: %s is named twice", name)
		}
		file, err := os.Open(filepath.Clean(name))
		if err != nil {
			return nil, fmt.Errorf("read labelled messages: %w", err)
		}
		rows, err := decodeLabelled(file)
		_ = file.Close() // only read
		if err != nil {
			return nil, fmt.Errorf("read labelled messages %s: %w", name, err)
		}
		for i := range rows {
			rows[i].Group = strings.TrimSuffix(filepath.Base(name), ".csv")
			if rows[i].Before, err = heard(ctx, rows[i].Message, before); err != nil {
				return nil, fmt.Errorf("judge %s %s: %w", name, rows[i].id, err)
			}
		}
		all = append(all, rows...)
	}
	if len(all) == 0 {
		return nil, errors.New("read labelled messages: there are none")
	}
	return all, nil
}

// heard are the opinions of classifiers on a message, in their order, with the
// time that each took.
func heard(ctx context.Context, message contact.Message, by []classifiers.Bounded) ([]contact.Opinion, error) {
	opinions := make([]contact.Opinion, 0, len(by))
	for _, classifier := range by {
		if ctx.Err() != nil {
			return nil, interrupt.Err
		}
		begun := time.Now()
		opinion, err := classifier.Grade(ctx, message)
		if err != nil {
			return nil, err
		}
		opinion.Micros = time.Since(begun).Microseconds()
		opinions = append(opinions, opinion)
	}
	return opinions, nil
}

// decodeLabelled reads comma-separated rows below a header. An id that is there
// twice is refused: it is a file that was put together wrong, and a message
// that counts double in every figure.
func decodeLabelled(from io.Reader) ([]labelled, error) {
	table, err := openTable(from, labelledColumns...)
	if err != nil {
		return nil, err
	}
	var rows []labelled
	lines := map[string]int{} // by id
	for {
		value, err := table.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		grade, err := gradeWritten(value("grade"))
		if err != nil {
			return nil, table.errorHere(err)
		}
		if line, again := lines[value("id")]; again {
			return nil, table.errorHere(fmt.Errorf("id %q is that of line %d already; give each message its own", value("id"), line))
		}
		lines[value("id")] = table.line()
		notes, text := value("notes"), value("text")
		if !utf8.ValidString(text) {
			return nil, table.errorHere(errNotUTF8)
		}
		rows = append(rows, labelled{
			id: value("id"), kind: strings.TrimPrefix(strings.TrimSpace(notes[strings.LastIndex(notes, ";")+1:]), "type="),
			Example: linear.Example{
				Message: contact.Message{
					ID: value("id"), Channel: contact.Channel{Kind: channelWritten(value("channel")), Direction: "inbound"},
					Text: text, Authored: text,
				},
				Grade: grade, Category: value("category"),
			},
		})
	}
}

// errNotUTF8 is what a spreadsheet's plain CSV meets: its quotation marks and
// letters with accents would be learned as damage.
var errNotUTF8 = errors.New("the text is not UTF-8; save the file as CSV UTF-8")

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

// gradeWritten reads a grade as the contract writes it, or Immediate for an
// emergency, in any case.
func gradeWritten(word string) (contact.Grade, error) {
	if word = strings.ToLower(word); word == "immediate" {
		word = contact.Emergency.String()
	}
	var grade contact.Grade
	if err := grade.UnmarshalText([]byte(word)); err != nil || grade == contact.Unknown {
		return grade, fmt.Errorf("read grade: want emergency, priority, scheduled or resolution, got %s", inAWord(word))
	}
	return grade, nil
}

// inAWord is what stands where a word was wanted. Anything longer may be what
// somebody wrote to the police, in another column than was meant.
func inAWord(value string) string {
	if len(value) > 20 || strings.Contains(strings.TrimSpace(value), " ") {
		return "something longer"
	}
	return strconv.Quote(value)
}

// channelWritten reads the short names of platforms as channel kinds.
func channelWritten(word string) string {
	switch word {
	case "facebook":
		return "facebook_dm"
	case "x":
		return "x_mention"
	}
	return word
}

func examplesOf(rows []labelled) []linear.Example {
	examples := make([]linear.Example, len(rows))
	for i, row := range rows {
		examples[i] = row.Example
	}
	return examples
}
