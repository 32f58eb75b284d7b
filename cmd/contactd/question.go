package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"contactd/classifiers/linear"
	"contactd/cmd/contactd/labelled"
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
		if err := labelled.AddTexts(&q, name, e.Text, e.Label); err != nil {
			return err
		}
	}
	how := fmt.Sprintf("each part of %d answered by the others", e.Folds)
	if e.Kept != "" {
		before := len(q.Texts)
		if err := labelled.AddTexts(&q, e.Kept, e.Text, e.Label); err != nil {
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
