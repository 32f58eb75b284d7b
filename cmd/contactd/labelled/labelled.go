// Package labelled reads what people have graded carefully, from files of
// comma-separated values: messages with their grades, for measuring and as what a
// model learns from, and texts that somebody else has answered with yes or no. It
// judges nothing; package measure does.
package labelled

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"contactd/classifiers/linear"
	"contactd/contact"
)

// Row is one message with the grade that a careful handler gives.
type Row struct {
	linear.Example
	ID string
	// Kind is what the last note says: plain, lang, covert and so on.
	Kind string
}

// Hear gives the opinions of the classifiers that judge before the learned one.
type Hear func(context.Context, contact.Message) ([]contact.Opinion, error)

// columns are those that a file of labelled messages must have; notes
// may be missing.
var columns = []string{"id", "channel", "text", "grade", "category"}

// Read reads files of labelled messages, and hears what is said of each before
// the learned classifier. The base name of a file groups its messages.
func Read(ctx context.Context, files []string, hear Hear) ([]Row, error) {
	var all []Row
	for i, name := range files {
		if slices.ContainsFunc(files[:i], func(other string) bool { return filepath.Clean(other) == filepath.Clean(name) }) {
			return nil, fmt.Errorf("read labelled messages: %s is named twice", name)
		}
		file, err := os.Open(filepath.Clean(name))
		if err != nil {
			return nil, fmt.Errorf("read labelled messages: %w", err)
		}
		rows, err := Decode(file)
		_ = file.Close() // only read
		if err != nil {
			return nil, fmt.Errorf("read labelled messages %s: %w", name, err)
		}
		for i := range rows {
			rows[i].Group = strings.TrimSuffix(filepath.Base(name), ".csv")
			if rows[i].Before, err = hear(ctx, rows[i].Message); err != nil {
				return nil, fmt.Errorf("judge %s %s: %w", name, rows[i].ID, err)
			}
		}
		all = append(all, rows...)
	}
	if len(all) == 0 {
		return nil, errors.New("read labelled messages: there are none")
	}
	return all, nil
}

// Decode reads comma-separated rows below a header. An id that is there
// twice is refused: it is a file that was put together wrong, and a message
// that counts double in every figure.
func Decode(from io.Reader) ([]Row, error) {
	table, err := openTable(from, columns...)
	if err != nil {
		return nil, err
	}
	var rows []Row
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
		rows = append(rows, Row{
			ID: value("id"), Kind: strings.TrimPrefix(strings.TrimSpace(notes[strings.LastIndex(notes, ";")+1:]), "type="),
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
