package main

import (
	"cmp"
	"slices"
	"strings"

	"contactd/classifiers/signpost"
	"contactd/cmd/contactd/tell"
	"contactd/contact"
)

// notPolice is how labels say that a message is for somebody else.
const notPolice = "non_police/"

// signpostFigures are how right the signposts of some messages are.
type signpostFigures struct {
	// NotPolice counts the messages that are labelled so. Of them, Right is
	// the share signposted to their topic, Helped to the same helper, and
	// Wrong to another one.
	NotPolice int     `json:"not_police"`
	Right     float64 `json:"right"`
	Helped    float64 `json:"helped"`
	Wrong     float64 `json:"wrong"`
	// Urgent counts emergencies and priorities that were signposted, Police
	// the other messages that are for the police.
	Urgent int `json:"urgent"`
	Police int `json:"police"`
}

// signpostRows notes who each message would be sent to.
func signpostRows(rows []judgedRow, named []string, config signpost.Config) error {
	posts, err := signpost.New(config, named)
	if err != nil {
		return err
	}
	for i := range rows {
		row := &rows[i]
		row.topic = topicOf(posts, row.Category)
		var notes contact.Notes
		posts.Annotate(row.Message, contact.Assessment{Grade: row.grade, Opinions: append(slices.Clone(row.Before), row.learned)}, &notes)
		if notes.Signpost != nil {
			row.signpost = notes.Signpost.Code
			row.helped = notes.Signpost.Helper == posts.Helper(row.topic)
		}
	}
	return nil
}

// topicOf is the topic that answers a category; that of the category's own name
// when no topic does, and empty when it is for the police.
func topicOf(posts *signpost.Annotator, category string) string {
	label, ok := strings.CutPrefix(category, notPolice)
	if !ok {
		return ""
	}
	return cmp.Or(posts.Topic(label), label)
}

func signpostFiguresOf(rows []judgedRow) *signpostFigures {
	f := &signpostFigures{}
	right, helped, wrong := 0, 0, 0
	for _, row := range rows {
		topic := row.topic
		switch {
		case topic == "" && row.signpost == "":
		case topic == "" && raised(row.Grade):
			f.Urgent++
		case topic == "":
			f.Police++
		default:
			f.NotPolice++
			switch {
			case row.signpost == topic:
				right++
				helped++
			case row.helped:
				helped++
			case row.signpost != "":
				wrong++
			}
		}
	}
	if f.NotPolice > 0 {
		n := float64(f.NotPolice)
		f.Right, f.Helped, f.Wrong = float64(right)/n, float64(helped)/n, float64(wrong)/n
	}
	return f
}

// tellSignposts prints a table for people.
func (p *program) tellSignposts(all []figures) {
	p.printf("\n%-18s %10s  %-7s %-7s %-7s  %s\n", "signposts of", "not police", "right", "helped", "wrong", "urgent, other police messages signposted")
	for _, f := range all {
		if s := f.Signposts; s != nil && (s.NotPolice > 0 || s.Urgent > 0 || s.Police > 0) {
			p.printf("%-18s %10d  %-7.3f %-7.3f %-7.3f  %d, %d\n", f.Of, s.NotPolice, s.Right, s.Helped, s.Wrong, s.Urgent, s.Police)
		}
	}
}

// tellSignpostMisses lists what was sent wrong.
func (p *program) tellSignpostMisses(rows []judgedRow) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r judgedRow) bool { return r.topic == r.signpost })
	for _, row := range rows {
		p.printf("%s graded %s is %s, signpost %q: %s\n", tell.Plain(row.id), row.grade, tell.Plain(row.Category), row.signpost, row.oneLine())
	}
}
