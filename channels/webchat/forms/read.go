package forms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"contactd/channels"
	"contactd/contact"
)

// originalLimit is more than any original of ours.
const originalLimit = 4 << 20

// Read turns an original of a form into a message. It needs no configuration:
// the questions are in the original. An error means that it is none of ours.
func (f *Forms) Read(_ context.Context, original channels.Original) (contact.Message, error) {
	d, err := f.open(original)
	if err != nil {
		return contact.Message{}, fmt.Errorf("read form: %w", err)
	}
	m := contact.Message{
		ID:         d.messageID(),
		PlatformID: original.ID,
		Channel:    contact.Channel{Kind: "webform", Account: original.Account, Visibility: "private", Direction: "inbound"},
		// Each submission is a conversation: pages are saved, cached and
		// copied, so that two with the same id may be of different people.
		Conversation: contact.ConversationID(kind, original.Account, original.ID),
		ReceivedAt:   d.ReceivedAt.UTC(),
		Subject:      d.Title,
		Language:     d.Language,
		Authenticity: contact.Claimed,
		Unreadable:   original.Defect,
	}
	if !original.ReceivedAt.IsZero() {
		m.ReceivedAt = original.ReceivedAt
	}
	if original.Blob != nil {
		m.Original = *original.Blob
	}
	for _, a := range d.Answers {
		a.tell(&m)
	}
	d.attach(&m)
	d.write(&m)
	d.flag(&m)
	m.Answer = answerTo(m)
	return m, nil
}

// open reads the document and makes sure that it is the one that the original
// claims to be.
func (f *Forms) open(original channels.Original) (document, error) {
	body := original.Bytes
	if original.Blob != nil {
		r, err := f.deps.Blobs.Open(original.Blob.SHA256)
		if err != nil {
			return document{}, err
		}
		defer r.Close()
		if body, err = io.ReadAll(io.LimitReader(r, originalLimit)); err != nil {
			return document{}, err
		}
	}
	if original.MediaType != MediaType {
		return document{}, fmt.Errorf("media type %q is not %s", original.MediaType, MediaType)
	}
	var d document
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&d); err != nil {
		return document{}, errors.New("it is no JSON of a form") // the cause would quote it
	}
	if d.Version != 1 || d.Account != original.Account || d.identity() != original.ID {
		return document{}, errors.New("it is not the document that it is called")
	}
	return d, nil
}

// tell puts into the message what an answer is to it. An answer that is not of
// its kind, taken in an emergency, is text alone.
func (a answer) tell(m *contact.Message) {
	value := strings.Join(a.Values, "\n")
	switch a.Role {
	case AsName:
		if m.Sender.Name == "" {
			m.Sender.Name = oneLine(value)
		}
	case AsEmail:
		if address, ok := parseEmail(value); ok && !slices.Contains(m.Emails, address) {
			m.Emails = append(m.Emails, address)
			if m.Sender.Address == "" {
				m.Sender.Address = address
			}
		}
	case AsPhone:
		if number, ok := parsePhone(value); ok && !slices.Contains(m.Phones, number) {
			m.Phones = append(m.Phones, number)
		}
	case AsLocation:
		m.Locations = append(m.Locations, place(a.Place, value))
	case AsSafe:
		if value == "yes" || value == "no" {
			m.SafeToContact = value
		}
	}
}

// threeWords reports whether a value has the form of a what3words address.
func threeWords(value string) bool {
	words := strings.Split(strings.ReplaceAll(strings.TrimPrefix(value, "///"), "。", "."), ".")
	return len(words) == 3 && !slices.ContainsFunc(words, func(word string) bool {
		return word == "" || strings.ContainsFunc(word, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M) })
	})
}

func place(role, value string) contact.Location {
	location := contact.Location{Role: role, Form: "text", Value: value, Confidence: "unverified", Source: "informant"}
	if postcode, ok := parsePostcode(value); ok {
		location.Form, location.Value = "postcode", postcode
	} else if threeWords(value) {
		location.Form = "w3w"
	}
	return location
}

func (d document) attach(m *contact.Message) {
	for _, file := range d.Files {
		m.Attachments = append(m.Attachments, contact.Attachment{
			Blob: contact.Blob{SHA256: file.SHA256, Size: file.Size, MediaType: file.MediaType},
			Name: file.Name, Claimed: file.Claimed, Scan: file.Scan,
		})
	}
}

// write puts the answers into the message: as fields, as lines with their
// questions, and as the person's own words alone.
func (d document) write(m *contact.Message) {
	var lines, own []string
	for _, a := range d.Answers {
		m.Fields = append(m.Fields, contact.Field{Name: a.Name, Label: a.Label, Value: strings.Join(a.Values, "; ")})
		shown := a.Shown
		if len(shown) == 0 {
			shown = a.Values
		}
		lines = append(lines, labelled(a.Label, strings.Join(shown, "; ")))
		own = append(own, strings.Join(shown, "; "))
	}
	for _, each := range d.Forgiven {
		label := each.Label
		if label == "" {
			label = each.File
		}
		lines = append(lines, labelled("Taken although", strings.TrimPrefix(label+" ("+each.Code+")", " ")))
	}
	receipt := Receipt(m.ID)
	m.Fields = append(m.Fields, contact.Field{Name: "_receipt", Label: "Receipt code", Value: receipt})
	m.Text = strings.Join(append(lines, labelled("Receipt code", receipt)), "\n")
	m.Authored = strings.Join(own, "\n")
}

// labelled is an answer in one line, or indented below its question, so that no
// line of an answer passes for another question.
func labelled(label, value string) string {
	if !strings.Contains(value, "\n") {
		return label + ": " + value
	}
	return label + ":\n  " + strings.ReplaceAll(value, "\n", "\n  ")
}

func (d document) flag(m *contact.Message) {
	if len(d.Forgiven) > 0 {
		m.Flags = append(m.Flags, contact.Incomplete)
	}
	if d.Mended {
		m.Flags = append(m.Flags, contact.ParseDegraded)
	}
	if d.Cut {
		m.Flags = append(m.Flags, contact.Oversize)
	}
	if m.Authored == "" { // files alone
		m.Authored = m.Text
	}
}

// answerTo says who would get an answer. This channel sends none.
func answerTo(m contact.Message) contact.Answer {
	if m.Sender.Address == "" {
		return contact.Answer{}
	}
	return contact.Answer{
		Address: "mailto:" + m.Sender.Address,
		Rules:   contact.ReplyRules{Reason: "answers_elsewhere", To: []string{m.Sender.Address}},
	}
}
