package classifiers

import (
	"cmp"
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
	} else if slices.ContainsFunc(message.Attachments, unread) && onlyPoints(cmp.Or(message.Authored, message.Text)) {
		add("attachment_only", "the words of the message only point at its attachments")
	}
	if len(p.seats) == 0 {
		add("nobody", "no classifier is configured")
	}
	if len(reasons) == 0 {
		return contact.Opinion{}, false
	}
	return contact.Opinion{By: byPanel, Failed: failedEmpty, Reasons: reasons}, true
}

// byPanel is the panel's own name in Opinion.By.
const byPanel = "panel"

// Whole reports whether classifiers of text can have judged all of a message.
func Whole(assessed contact.Assessment) bool {
	return !slices.ContainsFunc(assessed.Opinions, func(o contact.Opinion) bool { return o.By == byPanel })
}

// Legible reports whether there is anything to judge in text: a letter, a
// digit or a symbol such as an emoji. Spaces, punctuation, invisible
// characters and the placeholder of a picture are nothing.
func Legible(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return !blank(r) && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r))
	})
}

// blank reports whether a letter or a symbol shows nothing: fillers of Hangul
// and an empty cell of Braille, with which people send empty messages.
func blank(r rune) bool {
	switch r {
	case unicode.ReplacementChar, '\uFFFC', '\u115F', '\u1160', '\u3164', '\uFFA0', '\u2800':
		return true
	}
	return false
}

// unread tells the files whose words no channel puts into the text.
func unread(file contact.Attachment) bool { return !strings.HasPrefix(file.MediaType, "text/") }

// pointers name what is attached, and pointing are the words that people put
// around them when they say nothing else.
const (
	pointers = " attached attachment attachments enclosed file files document documents letter pdf photo photos photograph photographs pic pics picture pictures " +
		"image images screenshot screenshots video videos recording recordings voicemail scan "
	pointing = " a all an and are as below dear for fyi good morning afternoon evening hello here herewith hi i in is it kind look madam me message my of officer on one please police " +
		"read regards see sir take team thank thanks that the them these this to two view watch with you your find have at from sent listen open "
)

// maxPointing is more than such a message is long, in bytes.
const maxPointing = 200

// onlyPoints reports whether text says no more than that something is attached.
func onlyPoints(text string) bool {
	if len(text) > maxPointing {
		return false
	}
	points := false
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		switch {
		case strings.Contains(pointers, " "+word+" "):
			points = true
		case !strings.Contains(pointing, " "+word+" "):
			return false
		}
	}
	return points
}
