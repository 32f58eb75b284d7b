// Package form reads reports that a web form sends by mail, such as those of
// Single Online Home: labels and answers, in lines or in a table. The sender of
// the mail is a machine; the message becomes the person's who filled the form.
//
//	From: forms@…            Fields, in the form's order
//	Full name:  Jo Citizen   Sender, Emails, Phones, Locations
//	…                   ─▶   SafeToContact
//
// Which labels a form has is configured, because nothing else tells a label
// from a line that somebody wrote. The text stays whole in any case.
package form

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"regexp"
	"strings"
)

// Config is one form.
type Config struct {
	// Sender is the address that its mails come from. Required.
	Sender string `yaml:"sender"`
	// Name tells forms of one sender apart: it must be in the subject. Default:
	// any subject.
	Name string `yaml:"name"`
	// Fields are its labels. Required.
	Fields []Field `yaml:"fields"`
}

// Field is one label of a form.
type Field struct {
	// Label is what the mail says before or above the answer, in any case and
	// without the colon. Required.
	Label string `yaml:"label"`
	// Name is what the field is called in events. Default: made of the label.
	Name string `yaml:"name"`
	// Role is what the answer is besides: "name", "email", "phone", "location"
	// or "safe" (whether it is safe to answer: yes or no); "heading" is a line
	// that is no field and ends the answer before it. Default: none.
	Role Role `yaml:"role"`
}

// Role is what an answer says about the person.
type Role string

// The roles.
const (
	AsName     Role = "name"
	AsEmail    Role = "email"
	AsPhone    Role = "phone"
	AsLocation Role = "location"
	AsSafe     Role = "safe"
	AsHeading  Role = "heading"
)

// Validate returns all that is wrong with c, each with its key.
func (c Config) Validate() error {
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if parsed, err := netmail.ParseAddress(c.Sender); err != nil || parsed.Address != c.Sender {
		problem("sender: want the address that the form's mails come from")
	}
	if len(c.Fields) == 0 {
		problem("fields: want the labels of the form")
	}
	seen := map[string]bool{}
	for i, field := range c.Fields {
		label := fold(field.Label)
		if label == "" || strings.ContainsAny(field.Label, "\n\t") {
			problem("fields[%d].label: want one line", i)
		}
		if seen[label] {
			problem("fields[%d].label: %q is listed twice", i, field.Label)
		}
		seen[label] = true
		switch field.Role {
		case "", AsName, AsEmail, AsPhone, AsLocation, AsSafe, AsHeading:
		default:
			problem("fields[%d].role: want name, email, phone, location, safe or heading", i)
		}
	}
	return errors.Join(wrong...)
}

var nameless = regexp.MustCompile(`[^\pL\pN]+`)

// name is what the field is called in events.
func (f Field) name() string {
	if f.Name != "" {
		return f.Name
	}
	return strings.Trim(nameless.ReplaceAllString(strings.ToLower(f.Label), "_"), "_")
}

// fold makes labels comparable.
func fold(label string) string {
	return strings.ToLower(strings.TrimRight(strings.Join(strings.Fields(label), " "), ":：*? "))
}
