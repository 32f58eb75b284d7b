package compose

import (
	"regexp"
	"strings"
)

// answerMarks are what programs put before the subject of an answer, in the
// languages of their makers; "Parthed" and "Ateb" are Welsh.
var answerMarks = regexp.MustCompile(`(?i)^\s*(re|aw|sv|vs|antw|odp|rif|ref|ynt|atb|ateb|parthed|答复|回复)\s*(\[\d+\]|\(\d+\))?\s*[:：]\s*`)

// AnswerTo returns the subject of an answer: one "Re: ", however often the
// mail went to and fro.
func AnswerTo(subject string) string {
	subject = strings.TrimSpace(subject)
	for {
		rest := answerMarks.ReplaceAllString(subject, "")
		if rest == subject {
			return strings.TrimSpace("Re: " + subject)
		}
		subject = rest
	}
}
