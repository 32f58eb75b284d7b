package webchat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"contactd/channels"
	"contactd/channels/webchat/forms"
	"contactd/contact"
)

// originalLimit is more than any original of ours.
const originalLimit = 1 << 20

// Read turns an original of this channel into a message. An error means that
// it is none.
func (ch *Channel) Read(ctx context.Context, original channels.Original) (contact.Message, error) {
	if original.MediaType == forms.MediaType {
		return ch.forms.Read(ctx, original)
	}
	m, err := ch.read(original)
	if err != nil {
		return contact.Message{}, fmt.Errorf("read chat message: %w", err)
	}
	return m, nil
}

func (ch *Channel) read(original channels.Original) (contact.Message, error) {
	d, err := ch.parse(original)
	if err != nil {
		return contact.Message{}, err
	}
	m := contact.Message{
		ID:           contact.MessageID(Kind, original.Account, original.ID),
		Channel:      contact.Channel{Kind: Kind, Account: original.Account, Visibility: "private", Direction: "inbound"},
		PlatformID:   original.ID,
		Conversation: contact.ConversationID(Kind, original.Account, d.Session),
		Sender:       contact.Sender{Address: d.Session},
		ReceivedAt:   original.ReceivedAt,
		Covert:       d.Covert,
		Authenticity: contact.Claimed,
		Language:     d.Language,
		Unreadable:   original.Defect,
		Answer: contact.Answer{Address: d.Session, Rules: contact.ReplyRules{
			Allowed: true, To: []string{d.Session}, TextLimit: replyTextLimit,
			AttachmentLimit: replyFileLimit, AttachmentBytes: ch.config.Uploads.FileBytes * replyFileLimit,
		}},
	}
	if original.ReceivedAt.IsZero() {
		m.ReceivedAt = d.ReceivedAt.UTC()
	}
	if d.At != nil {
		m.SentAt = d.At.UTC()
	}
	describe(&m, d)
	for _, f := range d.Files {
		m.Attachments = append(m.Attachments, contact.Attachment{
			Blob: contact.Blob{SHA256: f.SHA256, Size: f.Size, MediaType: f.MediaType},
			Name: f.Name, Claimed: f.Claimed, Scan: f.Scan,
		})
	}
	m.Text = words(d)
	m.Authored = m.Text
	return m, nil
}

// parse reads the document and makes sure that it is the one that the original
// claims to be.
func (ch *Channel) parse(original channels.Original) (document, error) {
	body := original.Bytes
	if original.Blob != nil {
		r, err := ch.deps.Blobs.Open(original.Blob.SHA256)
		if err != nil {
			return document{}, err
		}
		defer r.Close()
		if body, err = io.ReadAll(io.LimitReader(r, originalLimit)); err != nil {
			return document{}, err
		}
	}
	var d document
	if original.MediaType != mediaType {
		return d, fmt.Errorf("media type %q is not %s", original.MediaType, mediaType)
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&d); err != nil {
		return d, errors.New("it is no JSON of a chat") // the cause would quote it
	}
	if d.Version != 1 || d.Session == "" || d.ID == "" || d.Site != original.Account || d.identity() != original.ID {
		return d, errors.New("it is not the document that it is called")
	}
	if d.Kind == kindAbandoned && d.Abandoned == nil || d.Kind == kindLocation && d.Location == nil {
		return d, fmt.Errorf("a document of kind %s without it", d.Kind)
	}
	return d, nil
}

// describe fills what is known of the person and the place.
func describe(m *contact.Message, d document) {
	if p := d.Details; p != nil {
		m.Sender.Name = p.Name
		m.SafeToContact = p.SafeToContact
		if m.SafeToContact == "unknown" {
			m.SafeToContact = ""
		}
		if address, err := mail.ParseAddress(p.Reach); err == nil {
			m.Emails = []string{address.Address}
		} else if isPhone(p.Reach) {
			m.Phones = []string{p.Reach}
		}
		if p.Location != "" {
			m.Locations = append(m.Locations, contact.Location{
				Role: "caller", Form: "text", Value: p.Location, Confidence: "unverified", Source: "informant",
			})
		}
	}
	if l := d.Location; l != nil {
		m.Locations = append(m.Locations, contact.Location{
			Role: "caller", Form: "latlon", Lat: &l.Lat, Lon: &l.Lon, AccuracyM: l.AccuracyM, Confidence: confidence(l.AccuracyM), Source: "device",
		})
	}
	switch d.Kind {
	case kindDetails:
		m.Fields = fields(d.Details)
	case kindEnd:
		m.Automatic = contact.AutoReply // our words, not the person's
	case kindAbandoned:
		a := d.Abandoned
		m.Automatic = contact.AutoReply
		m.Abandoned = &contact.Abandoned{
			ConversationID: m.Conversation, Channel: Kind, Account: m.Channel.Account,
			LastSeenAt: a.LastSeenAt.UTC(), LastTypingAt: utc(a.LastTypingAt), LastMessageAt: utc(a.LastMessageAt),
			Unanswered: max(0, a.Unanswered), SafeToContact: m.SafeToContact, Covert: d.Covert,
		}
	}
}

// words are what a handler reads.
func words(d document) string {
	switch d.Kind {
	case kindLocation:
		text := fmt.Sprintf("My location: %.6f, %.6f", d.Location.Lat, d.Location.Lon)
		if d.Location.AccuracyM != nil {
			text += fmt.Sprintf(" (to within %.0f m)", *d.Location.AccuracyM)
		}
		return text
	case kindDetails:
		var lines []string
		for _, f := range fields(d.Details) {
			lines = append(lines, f.Label+": "+f.Value)
		}
		return strings.Join(lines, "\n")
	case kindCovert:
		if d.Covert {
			return "Nobody may notice that I am in contact (the person switched the covert mode on)."
		}
		return "The person switched the covert mode off."
	case kindEnd:
		return "The person ended the chat."
	case kindAbandoned:
		return "The person vanished without ending the chat."
	default:
		return strings.ToValidUTF8(d.Text, string(utf8.RuneError))
	}
}

// fields are the answers to the questions before the chat, as they are asked.
func fields(d *details) []contact.Field {
	if d == nil {
		return nil
	}
	var list []contact.Field
	for _, f := range []contact.Field{
		{Name: "name", Label: "Name", Value: d.Name},
		{Name: "reach", Label: "How to reach me", Value: d.Reach},
		{Name: "safeToContact", Label: "Is it safe to contact me", Value: d.SafeToContact},
		{Name: "location", Label: "Where it is", Value: d.Location},
	} {
		if f.Value != "" {
			list = append(list, f)
		}
	}
	return list
}

func confidence(accuracy *float64) string {
	switch {
	case accuracy == nil:
		return "unverified"
	case *accuracy <= 50:
		return "high"
	case *accuracy <= 500:
		return "medium"
	default:
		return "low"
	}
}

// isPhone reports whether text is a telephone number and nothing else.
func isPhone(text string) bool {
	digits := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune("+-() ./", r):
			return false
		}
	}
	return digits >= 5 && digits <= 15 // E.164 ends at 15
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
