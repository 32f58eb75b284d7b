// Package compose writes the mails that contactd sends: a plain text, the same
// as simple HTML, and attachments, under headers that keep the conversation
// together in every mail program. It reads and sends nothing.
package compose

import (
	"errors"
	"fmt"
	"io"
	"mime"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/emersion/go-message/mail"

	"contactd/channels/email/mail"
)

// Letter is a mail to one person.
type Letter struct {
	From, To netmail.Address
	// ReplyTo is where answers go when not to From.
	ReplyTo string
	Subject string
	// MessageID is ours; InReplyTo and References, oldest first, are those of
	// the mail that is answered. All without brackets. Those outside ASCII are
	// repeated only in a letter that is International.
	MessageID  string
	InReplyTo  string
	References []string
	Date       time.Time
	// Text is plain text; its lines end with \n.
	Text        string
	Attachments []Attachment
	// Automatic is set for what no person wrote (RFC 3834).
	Automatic bool
}

// Attachment is a file that goes with a letter.
type Attachment struct {
	Name      string
	MediaType string
	// Size is in bytes.
	Size int64
	// Open returns the bytes, Size of them, or an error at the latest when
	// they have been read.
	Open func() (io.ReadCloser, error)
}

// errControl is told of what could begin a header of its own.
var errControl = errors.New("holds a control character")

// Check refuses what would make a letter other than it seems: line ends and
// NUL in anything that goes into its header.
func (l Letter) Check() error {
	headers := []struct{ name, value string }{
		{"from", l.From.Name + l.From.Address},
		{"to", l.To.Name + l.To.Address},
		{"reply-to", l.ReplyTo},
		{"subject", l.Subject},
		{"message id", l.MessageID},
		{"in-reply-to", l.InReplyTo},
		{"references", strings.Join(l.References, "")},
	}
	for i, attachment := range l.Attachments {
		headers = append(headers, struct{ name, value string }{fmt.Sprintf("name of attachment %d", i+1), attachment.Name})
	}
	for _, each := range headers {
		if strings.ContainsFunc(each.value, isControl) {
			return fmt.Errorf("compose mail: %s %w", each.name, errControl)
		}
	}
	for _, id := range append([]string{l.MessageID, l.InReplyTo}, l.References...) {
		if strings.ContainsAny(id, " <>") {
			return errors.New("compose mail: a message id holds a space or a bracket")
		}
	}
	return nil
}

func isControl(r rune) bool {
	return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085'
}

// Size is about how many bytes Write writes, never less.
func (l Letter) Size() int64 {
	size := int64(16<<10 + 12*len(l.Text)) // a short paragraph has more HTML around it than letters
	for _, id := range l.References {
		size += int64(len(id)) + 8
	}
	for _, attachment := range l.Attachments {
		size += (attachment.Size/57+1)*78 + 4<<10 // 57 bytes are a line of base64
	}
	return size
}

// International reports whether the letter's header cannot do without UTF-8,
// because of an address whose local part is not ASCII: servers take it by
// SMTPUTF8 alone (RFC 6531).
func (l Letter) International() bool {
	return !mail.IsASCII(l.From.Address + l.To.Address + l.ReplyTo)
}

// Write writes the letter with CRLF line ends, in ASCII unless it is
// International. Attachments are opened one after the other.
func (l Letter) Write(w io.Writer) error {
	if err := l.Check(); err != nil {
		return err
	}
	header := l.header()
	if len(l.Attachments) == 0 {
		text, err := gomail.CreateInlineWriter(w, header)
		if err != nil {
			return fmt.Errorf("compose mail: %w", err)
		}
		return l.writeText(text)
	}
	mixed, err := gomail.CreateWriter(w, header)
	if err != nil {
		return fmt.Errorf("compose mail: %w", err)
	}
	text, err := mixed.CreateInline()
	if err != nil {
		return fmt.Errorf("compose mail: %w", err)
	}
	if err := l.writeText(text); err != nil {
		return err
	}
	for i, attachment := range l.Attachments {
		if err := attachment.write(mixed); err != nil {
			return fmt.Errorf("compose mail: attachment %d: %w", i+1, err)
		}
	}
	return mixed.Close()
}

// header sets fields from the last to the first: the library puts each before
// the others.
func (l Letter) header() gomail.Header {
	var h gomail.Header
	h.Set("MIME-Version", "1.0")
	if l.Automatic {
		// RFC 3834, and what Exchange understands.
		h.Set("X-Auto-Response-Suppress", "All")
		h.Set("Auto-Submitted", "auto-replied")
	}
	h.Set(mail.ReplyHeader, l.MessageID)
	h.SetMsgIDList("References", l.references())
	if l.fits(l.InReplyTo) {
		h.SetMsgIDList("In-Reply-To", []string{l.InReplyTo})
	}
	h.SetMessageID(l.MessageID)
	h.SetDate(l.Date)
	h.SetSubject(l.Subject)
	h.SetAddressList("To", []*netmail.Address{&l.To})
	if l.ReplyTo != "" {
		h.SetAddressList("Reply-To", []*netmail.Address{{Name: l.From.Name, Address: l.ReplyTo}})
	}
	h.SetAddressList("From", []*netmail.Address{&l.From})
	return h
}

// maxID keeps a field with one id within a line of RFC 5322, 998 characters.
const maxID = 900

func (l Letter) fits(id string) bool {
	return id != "" && len(id) <= maxID && (mail.IsASCII(id) || l.International())
}

// references are those of the mail that is answered and its own.
func (l Letter) references() []string {
	var list []string
	for _, id := range l.References {
		if l.fits(id) && id != l.InReplyTo {
			list = append(list, id)
		}
	}
	if l.fits(l.InReplyTo) {
		list = append(list, l.InReplyTo)
	}
	return list
}

// write streams a file into the letter.
func (a Attachment) write(mixed *gomail.Writer) error {
	mediaType, parameters, err := mime.ParseMediaType(a.MediaType)
	if err != nil || strings.HasPrefix(mediaType, "multipart/") || strings.HasPrefix(mediaType, "message/") {
		mediaType, parameters = "application/octet-stream", nil // multiparts cannot be base64 (RFC 2045, 6.4)
	}
	var h gomail.AttachmentHeader
	h.Set("Content-Type", mime.FormatMediaType(mediaType, parameters))
	// Not the library's own way, which encodes names as RFC 2047 forbids.
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	part, err := mixed.CreateAttachment(h)
	if err != nil {
		return err
	}
	body, err := a.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.Copy(part, body); err != nil {
		return err
	}
	return part.Close()
}
