package llm

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sashabaranov/go-openai"

	"contactd/contact"
)

// Limits of an answer: what is beyond them is invalid, or left out.
const (
	answerLimit = 16 << 10 // bytes
	claimLimit  = 10
	quoteLimit  = 300 // characters
)

// categories are the kinds of risk and need that the model may name.
func categories() []string {
	return []string{
		"violence_weapon", "violence", "threats_to_kill", "domestic_abuse", "suicide_selfharm", "missing_person",
		"child_safeguarding", "sexual_offence", "stalking_harassment", "kidnap", "covert", "medical", "fire", "drowning",
		"rtc", "road_danger", "concern_welfare", "burglary", "theft", "fraud", "drugs", "criminal_damage", "asb",
		"wildlife_rural", "investigation", other,
	}
}

const other = "other"

// grades are the ones that the model may give: not unknown, which says that
// nobody could judge.
func grades() []string {
	var words []string
	for _, g := range contact.Grades() {
		if g != contact.Unknown {
			words = append(words, g.String())
		}
	}
	return words
}

// answerForm is the JSON schema of an answer, which endpoints that can hold the
// model to.
func answerForm() *openai.ChatCompletionResponseFormat {
	type object = map[string]any
	schema := object{
		"type": "object", "additionalProperties": false, "required": []string{"grade", "evidence", "speaks_to_machine"},
		"properties": object{
			"grade": object{"type": "string", "enum": grades()},
			"evidence": object{"type": "array", "items": object{
				"type": "object", "additionalProperties": false, "required": []string{"category", "quote"},
				"properties": object{
					"category": object{"type": "string", "enum": categories()},
					"quote":    object{"type": "string"},
				},
			}},
			"speaks_to_machine": object{"type": "boolean"},
		},
	}
	raw, _ := json.Marshal(schema) // a constant
	return &openai.ChatCompletionResponseFormat{
		Type:       openai.ChatCompletionResponseFormatTypeJSONSchema,
		JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: "urgency", Schema: json.RawMessage(raw), Strict: true},
	}
}

// answer is what the model says, as far as it can be believed.
type answer struct {
	grade      contact.Grade
	categories []string
	reasons    []contact.Reason
	// doubtful is set when it is no ground for thinking a grade too high.
	doubtful bool
}

// readAnswer reads an answer against what was shown. The outcome is answered,
// or why nothing in it counts. A claim whose quote does not stand in the message
// is dropped; a grade of priority or more needs one that does.
func readAnswer(text string, seen view) (answer, string) {
	var said struct {
		Grade    *string `json:"grade"`
		Evidence []struct {
			Category string `json:"category"`
			Quote    string `json:"quote"`
		} `json:"evidence"`
		SpeaksToMachine bool `json:"speaks_to_machine"`
	}
	if len(text) > answerLimit || !utf8.ValidString(text) {
		return answer{}, invalid
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&said); err != nil || said.Grade == nil {
		return answer{}, invalid
	}
	if _, err := decoder.Token(); err != io.EOF { //nolint:errorlint // Token returns it bare
		return answer{}, invalid // something behind the object
	}
	if !slices.Contains(grades(), *said.Grade) {
		return answer{}, invalid
	}
	var read answer
	_ = read.grade.UnmarshalText([]byte(*said.Grade)) // it is one
	read.doubtful = said.SpeaksToMachine || len(said.Evidence) > claimLimit
	for _, claim := range said.Evidence[:min(len(said.Evidence), claimLimit)] {
		// A long one is not looked for: that takes a time for each of its words.
		if utf8.RuneCountInString(claim.Quote) <= quoteLimit && seen.enough(claim.Quote) {
			if span, stands := seen.find(claim.Quote); stands {
				read.add(claim.Category, span)
				continue
			}
		}
		read.doubtful = true
	}
	if len(read.reasons) > 0 {
		return read, answered
	}
	if len(said.Evidence) > 0 || read.grade.Above(contact.Scheduled) {
		return answer{}, invented
	}
	read.reasons = []contact.Reason{{
		Rule: "llm.nothing", Grade: read.grade, Text: "the language model sees nothing urgent",
	}}
	return read, answered
}

// add notes a claim that stands. Nothing of the model's own wording is kept.
func (a *answer) add(category string, span *contact.Span) {
	if !slices.Contains(categories(), category) {
		category = other
	}
	reason := contact.Reason{Rule: "llm." + category, Grade: a.grade, Text: "the language model points to the words quoted"}
	if category != other {
		reason.Category = category
		if !slices.Contains(a.categories, category) {
			a.categories = append(a.categories, category)
		}
	}
	if span == nil {
		reason.Text = "the language model points to the subject"
	} else {
		reason.Spans = []contact.Span{*span}
	}
	a.reasons = append(a.reasons, reason)
}
