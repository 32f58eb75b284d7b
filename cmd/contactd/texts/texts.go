// Package texts judges texts one by one as an assessor judges messages: one for
// a person, or lines of JSON that a program writes and reads. Who the assessor
// is, and how a person is told, is left to others.
package texts

import (
	"context"
	"slices"
	"strings"

	"contactd/classifiers"
	"contactd/contact"
)

// Limit bounds a text and one line of JSON, in bytes.
const Limit = 4 << 20

// Text is what is to be judged, as a line of JSON asks.
type Text struct {
	ID string `json:"id"`
	// Channel is a kind such as "email"; "other" when empty.
	Channel string `json:"channel"`
	Text    string `json:"text"`
}

// Answer is what a line of JSON says of it. Its lists are never null.
type Answer struct {
	ID         string           `json:"id"`
	Grade      contact.Grade    `json:"grade"`
	Categories []string         `json:"categories"`
	Reasons    []contact.Reason `json:"reasons"`
	JudgedBy   []string         `json:"judged_by"`
	// Locations and the notes stand here as on the event.
	Locations []contact.Location `json:"locations,omitempty"`
	contact.Notes
	// Error says why the line could not be read.
	Error string `json:"error,omitempty"`
}

// Judge lets an assessor judge a text. A classifier that failed is a reason too:
// else nobody would see why the grade is unknown.
func Judge(ctx context.Context, assessor classifiers.Assessor, t Text) contact.Assessment {
	if t.Channel == "" {
		t.Channel = "other"
	}
	text := strings.ToValidUTF8(t.Text, "\uFFFD")
	judged := assessor.Assess(ctx, contact.Message{
		ID: t.ID, Channel: contact.Channel{Kind: t.Channel, Direction: "inbound"}, Text: text, Authored: text,
	})
	for _, opinion := range judged.Opinions {
		if opinion.Failed != "" && len(opinion.Reasons) == 0 {
			why := contact.Reason{Rule: opinion.By, Grade: contact.Unknown, Text: "gave no judgement (" + opinion.Failed + ")"}
			at := slices.IndexFunc(judged.Reasons, func(r contact.Reason) bool { return contact.Unknown.Above(r.Grade) })
			if at < 0 {
				at = len(judged.Reasons)
			}
			judged.Reasons = slices.Insert(slices.Clone(judged.Reasons), at, why)
		}
	}
	return judged
}

// AnswerOf is what a program reads of a judgement.
func AnswerOf(id string, judged contact.Assessment) Answer {
	return Answer{
		ID: id, Grade: judged.Grade,
		Categories: judged.Categories, Reasons: judged.Reasons, JudgedBy: judged.JudgedBy,
		Locations: judged.Locations, Notes: judged.Notes,
	}.filled()
}

// filled has empty lists where there would be null.
func (a Answer) filled() Answer {
	if a.Categories == nil {
		a.Categories = []string{}
	}
	if a.Reasons == nil {
		a.Reasons = []contact.Reason{}
	}
	if a.JudgedBy == nil {
		a.JudgedBy = []string{}
	}
	return a
}
