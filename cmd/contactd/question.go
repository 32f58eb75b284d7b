package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"contactd/classifiers/linear"
)

// ask measures the features of the learned classifier on a set of other people.
func (e evalCommand) ask(p *program) error {
	if e.Folds == 0 {
		e.Folds = 5
	}
	if e.Folds < 3 {
		return usageError{errors.New("eval --label: want at least 3 --folds")}
	}
	q := linear.Question{Folds: e.Folds}
	for _, name := range e.Data {
		if err := e.addTexts(&q, name); err != nil {
			return err
		}
	}
	how := fmt.Sprintf("each part of %d answered by the others", e.Folds)
	if e.Kept != "" {
		before := len(q.Texts)
		if err := e.addTexts(&q, e.Kept); err != nil {
			return err
		}
		q.Kept = len(q.Texts) - before
		how = fmt.Sprintf("answered by %d others", before)
	}
	figures := q.Ask()
	if e.JSON {
		return json.NewEncoder(p.out).Encode(figures)
	}
	p.printf("%d texts, %d of them %s; %s:\n", figures.Texts, figures.Yes, e.Label, how)
	p.printf("F1 %.3f  precision %.3f  recall %.3f  accuracy %.3f  average precision %.3f\n",
		figures.F1, figures.Precision, figures.Recall, figures.Accuracy, figures.Average)
	return nil
}

// addTexts adds the texts of a file.
func (e evalCommand) addTexts(q *linear.Question, name string) error {
	file, err := os.Open(filepath.Clean(name))
	if err != nil {
		return fmt.Errorf("read texts: %w", err)
	}
	err = e.read(q, file)
	_ = file.Close() // only read
	if err != nil {
		return fmt.Errorf("read texts %s: %w", name, err)
	}
	return nil
}

func (e evalCommand) read(q *linear.Question, from io.Reader) error {
	table, err := openTable(from, e.Text, e.Label)
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
		switch strings.ToLower(value(e.Label)) {
		case "1", "yes", "true":
			yes = true
		case "0", "no", "false":
		default:
			return table.errorHere(fmt.Errorf("%s: want 1 or 0, got %s", e.Label, inAWord(value(e.Label))))
		}
		q.Texts, q.Yes = append(q.Texts, strings.ToValidUTF8(value(e.Text), "\uFFFD")), append(q.Yes, yes)
	}
}
