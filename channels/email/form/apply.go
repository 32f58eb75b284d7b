package form

import (
	netmail "net/mail"
	"slices"
	"strings"
	"unicode"

	"contactd/channels/email/mail"
	"contactd/contact"
)

// Kind is the channel's kind of what a person wrote in a form.
const Kind = "webform"

// Apply makes the person's message of a form's mail. A mail of another sender
// comes back as it is, and so does one that a forger may have sent. One that
// does not look like the form any more stays a mail, with a flag.
func Apply(forms []Config, message contact.Message) contact.Message {
	if message.Authenticity == contact.Suspect || message.Automatic == contact.OwnMessage || message.Automatic == contact.Bounce {
		return message
	}
	known := false
	for _, c := range forms {
		if !strings.EqualFold(mail.Canonical(c.Sender), message.Sender.Address) {
			continue
		}
		known = true
		if !strings.Contains(strings.ToLower(message.Subject), strings.ToLower(c.Name)) {
			continue
		}
		if answers := c.parse(message.Text); hasField(answers) {
			return rewrite(message, answers)
		}
	}
	if known {
		message.Flags = degraded(message.Flags)
		message.Automatic = contact.Person // the machine passes on what a person wrote
	}
	return message
}

func hasField(answers []answer) bool {
	return slices.ContainsFunc(answers, func(a answer) bool { return a.field.Role != AsHeading && a.value() != "" })
}

func degraded(flags []contact.Flag) []contact.Flag {
	if slices.Contains(flags, contact.ParseDegraded) {
		return flags
	}
	return append(flags[:len(flags):len(flags)], contact.ParseDegraded)
}

// rewrite puts the answers into the message. Who it is from is now the
// person's own claim, and who follows it up must be that person.
func rewrite(message contact.Message, answers []answer) contact.Message {
	message.Channel.Kind = Kind
	message.Automatic = contact.Person
	message.Authenticity = contact.Claimed
	message.Sender = contact.Sender{}
	message.Fields, message.Emails, message.Phones, message.Locations = nil, nil, nil, nil
	message.Thread.References, message.Thread.Participants = nil, nil
	times := map[string]int{}
	for _, each := range answers {
		times[each.field.Label]++
	}
	for _, each := range answers {
		value := each.value()
		if value == "" || each.field.Role == AsHeading {
			continue
		}
		message.Fields = append(message.Fields, contact.Field{Name: each.field.name(), Label: each.field.Label, Value: value})
		if each.below || !single(times, each.field) {
			// What somebody writes below one label can look like another, and
			// so can a signature: who it is must not depend on that.
			message.Flags = degraded(message.Flags)
			if each.field.Role != AsSafe && each.field.Role != AsLocation {
				continue
			}
		}
		fill(&message, each)
	}
	if len(message.Emails) == 1 {
		message.Sender.Address = message.Emails[0]
		message.Thread.Participants = []string{strings.ToLower(message.Emails[0])}
		// Without an automatic answer: nobody has proved that the address is theirs.
		to := mail.Answer{To: message.Sender.Address, Name: message.Sender.Name, Subject: message.Subject}
		message.Answer = contact.Answer{Address: to.Encode(), Rules: contact.ReplyRules{Allowed: true, To: []string{to.To}}}
	} else {
		message.Answer = contact.Answer{Rules: contact.ReplyRules{Reason: "no_address"}}
	}
	return message
}

// single reports whether a label with a role stands in the mail once; times is
// how often each does.
func single(times map[string]int, field Field) bool {
	return field.Role == "" || field.Role == AsLocation || times[field.Label] == 1
}

// The longest that these can be and be real, in bytes.
const (
	maxName  = 200
	maxPhone = 60
	maxPlace = 500
)

// fill does what the role of a field says.
func fill(m *contact.Message, a answer) {
	line := a.line()
	switch a.field.Role {
	case AsName:
		if len(line) <= maxName {
			m.Sender.Name = strings.TrimSpace(m.Sender.Name + " " + line) // given and family name may be two fields
		}
	case AsEmail:
		if address := addressIn(line); address != "" {
			m.Emails = append(m.Emails, address)
		}
	case AsPhone:
		if len(line) <= maxPhone && strings.ContainsFunc(line, unicode.IsDigit) {
			m.Phones = append(m.Phones, line)
		}
	case AsLocation:
		if line = strings.Join(strings.Fields(a.value()), " "); len(line) <= maxPlace {
			m.Locations = append(m.Locations, contact.Location{Role: "incident", Form: "text", Value: line, Confidence: "unverified", Source: "informant"})
		}
	case AsSafe:
		safe := safety(line)
		if m.SafeToContact != "no" { // one no outweighs any yes
			m.SafeToContact = safe
		}
	}
}

// addressIn returns the one address in a line, or empty.
func addressIn(line string) string {
	found := ""
	for word := range strings.FieldsSeq(line) {
		word = strings.TrimPrefix(strings.Trim(word, "<>,;()\"'"), "mailto:")
		parsed, err := netmail.ParseAddress(word)
		if err != nil || parsed.Address != word {
			continue
		}
		switch word = mail.Canonical(word); found {
		case "", word:
			found = word
		default:
			return "" // two people: a person decides
		}
	}
	return found
}

// safety reads yes and no, in English and in Welsh.
func safety(line string) string {
	word, _, _ := strings.Cut(strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || r == ' ' {
			return r
		}
		return ' '
	}, line)), " ")
	switch word {
	case "yes", "ydy", "ydi", "oes", "ie":
		return "yes"
	case "no", "not", "nac", "nag", "na", "nage", "never", "unsafe":
		return "no"
	}
	return ""
}
