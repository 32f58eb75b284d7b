package classifiers

import (
	"slices"
	"strings"
	"unicode"

	"contactd/contact"
)

// own is the panel's own opinion of a message that no text classifier can
// have judged as a whole, whatever it answered; ok is false when there is none. It is a
// floor of Unknown, so that a person looks.
func (p *Panel) own(message contact.Message) (opinion contact.Opinion, ok bool) {
	var reasons []contact.Reason
	add := func(rule, text string) {
		reasons = append(reasons, contact.Reason{Rule: rule, Grade: contact.Unknown, Text: text})
	}
	if message.Unreadable != "" {
		add("unreadable", "the message could not be read")
	}
	if slices.Contains(message.Flags, contact.Encrypted) {
		add("encrypted", "the message is encrypted")
	}
	if slices.Contains(message.Flags, contact.Oversize) {
		// What was not read may be a film, or the words that matter: phones
		// put the text behind the pictures.
		add("not_whole", "the message is larger than what is read of one")
	}
	if !Legible(message.Text) && !Legible(message.Authored) {
		switch {
		case len(message.Attachments) > 0:
			add("attachment_only", "the message has no text, only attachments")
		case !Legible(message.Subject):
			add("empty", "the message has no text")
		}
	}
	if len(p.seats) == 0 {
		add("nobody", "no classifier is configured")
	}
	if len(reasons) == 0 {
		return contact.Opinion{}, false
	}
	return contact.Opinion{By: "panel", Failed: failedEmpty, Reasons: reasons}, true
}

// Legible reports whether there is anything to judge in text: a letter, a
// digit or a symbol such as an emoji. Spaces, punctuation, invisible
// characters and the placeholder of a picture are nothing.
func Legible(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return r != unicode.ReplacementChar && r != '\uFFFC' &&
			(unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r))
	})
}
