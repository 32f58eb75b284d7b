package labelled

import (
	"cmp"
	"context"
	"strings"

	"contactd/classifiers/linear"
	"contactd/classifiers/signpost"
	"contactd/contact"
)

// Teaching is what a model learns from: messages, files of ordinary talk, and
// what the directory of signposts says of its topics.
func Teaching(ctx context.Context, rows []Row, calm []string, hear Hear, config signpost.Config) ([]linear.Example, error) {
	examples := examplesOf(rows)
	posts, err := signpost.New(config, nil)
	if err != nil {
		return nil, err
	}
	for i := range examples {
		examples[i].Topic = Topic(posts, examples[i].Category)
	}
	if len(calm) > 0 {
		rows, err := Read(ctx, calm, hear)
		if err != nil {
			return nil, err
		}
		for _, example := range examplesOf(rows) {
			example.Calm = true
			examples = append(examples, example)
		}
	}
	lines, err := signpost.Lines(config)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		examples = append(examples, linear.Example{Message: contact.Message{Text: line.Text}, Topic: line.Topic, Lines: true})
	}
	return examples, nil
}

// notPolice is how labels say that a message is for somebody else.
const notPolice = "non_police/"

// Topic is the topic that answers a category; that of the category's own name
// when no topic does, and empty when it is for the police.
func Topic(posts *signpost.Annotator, category string) string {
	label, ok := strings.CutPrefix(category, notPolice)
	if !ok {
		return ""
	}
	return cmp.Or(posts.Topic(label), label)
}

func examplesOf(rows []Row) []linear.Example {
	examples := make([]linear.Example, len(rows))
	for i, row := range rows {
		examples[i] = row.Example
	}
	return examples
}
