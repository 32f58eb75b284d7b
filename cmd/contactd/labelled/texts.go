package labelled

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"contactd/classifiers/linear"
)

// AddTexts adds to a question the texts in a column of a file, each with the yes
// or no in another.
func AddTexts(q *linear.Question, name, text, answer string) error {
	file, err := os.Open(filepath.Clean(name))
	if err != nil {
		return fmt.Errorf("read texts: %w", err)
	}
	err = decodeTexts(q, file, text, answer)
	_ = file.Close() // only read
	if err != nil {
		return fmt.Errorf("read texts %s: %w", name, err)
	}
	return nil
}

func decodeTexts(q *linear.Question, from io.Reader, text, answer string) error {
	table, err := openTable(from, text, answer)
	if err != nil {
		return err
	}
	for {
		value, err := table.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		yes := false
		switch strings.ToLower(value(answer)) {
		case "1", "yes", "true":
			yes = true
		case "0", "no", "false":
		default:
			return table.errorHere(fmt.Errorf("%s: want 1 or 0, got %s", answer, inAWord(value(answer))))
		}
		q.Texts, q.Yes = append(q.Texts, strings.ToValidUTF8(value(text), "\uFFFD")), append(q.Yes, yes)
	}
}
