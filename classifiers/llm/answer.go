package llm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"contactd/contact"
)

// answer is what the model must say, and nothing else.
type answer struct {
	Grade    contact.Grade
	Evidence []evidence
}

type evidence struct {
	Quote    string `json:"quote"`
	Category string `json:"category"`
}

// categories are the kinds of risk that it may name.
func categories() []string {
	return []string{
		"violence_weapon", "violence", "threats_to_kill", "domestic_abuse", "sexual_offence", "suicide_selfharm",
		"missing_person", "child_safeguarding", "kidnap", "stalking_harassment", "burglary", "robbery", "fire", "drowning",
		"medical", "rtc", "road_danger", "modern_slavery", "honour_based", "terrorism", "covert", "concern_welfare",
		"fraud", "hate_crime", "other",
	}
}

// The bounds of an answer.
const (
	maxEvidence = 8
	maxQuote    = 300 // bytes
)

// readAnswer reads an answer strictly: one object of the known fields, with
// known words. Everything else is ErrAnswer, without what was said.
func readAnswer(content []byte) (answer, error) {
	var said struct {
		Grade    *contact.Grade `json:"grade"`
		Evidence []evidence     `json:"evidence"`
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&said); err != nil {
		return answer{}, ErrAnswer
	}
	if _, err := decoder.Token(); err != io.EOF { //nolint:errorlint // the decoder's contract
		return answer{}, ErrAnswer
	}
	if said.Grade == nil || len(said.Evidence) > maxEvidence {
		return answer{}, ErrAnswer
	}
	for _, e := range said.Evidence {
		if !slices.Contains(categories(), e.Category) || len(e.Quote) > maxQuote {
			return answer{}, ErrAnswer
		}
	}
	return answer{*said.Grade, said.Evidence}, nil
}

// reasons are the claims whose quote stands in the text, each at its place. A
// grade above scheduled of which no claim is left does not count: it was
// invented, or said by the message itself.
func (a answer) reasons(seen hidden, text string) (contact.Grade, []contact.Reason) {
	var reasons []contact.Reason
	for _, e := range a.Evidence {
		from, to, ok := seen.find(strings.TrimSpace(e.Quote))
		if !ok {
			continue
		}
		reasons = append(reasons, contact.Reason{
			Rule: "llm." + a.Grade.String(), Grade: a.Grade, Category: e.Category,
			Text:  fmt.Sprintf("the language model reads this as %s: %s", a.Grade, strings.ReplaceAll(e.Category, "_", " ")),
			Spans: []contact.Span{{Start: points(text, from), End: points(text, to), Quote: text[from:to]}},
		})
	}
	if len(reasons) > 0 {
		return a.Grade, reasons
	}
	grade, said := a.Grade, "the language model found no sign of danger"
	if grade.Above(contact.Scheduled) {
		grade, said = contact.Resolution, "the language model named a danger that the message does not hold"
	}
	return grade, []contact.Reason{{Rule: "llm." + grade.String(), Grade: grade, Text: said}}
}
