package email

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	netmail "net/mail"
	"time"

	"contactd/channels"
	"contactd/channels/email/compose"
	"contactd/channels/email/smtp"
)

// Mailer sends what belongs to no conversation of a mailbox, such as the copy of
// a chat. Safe for concurrent use.
type Mailer struct{ by *account }

// Mailer sends by the first account that can; nil when none can.
func (ch *Channel) Mailer() *Mailer {
	for _, a := range ch.accounts {
		if a.sender != nil {
			return &Mailer{a}
		}
	}
	return nil
}

// Mail sends a text to one person. It is marked as a machine's, and whatever
// becomes of it, nothing comes back. last is called before the mail server gets
// the last byte: until then it has taken nothing, and never does when last
// fails. An error is NotSent or Refused, or else the mail may have been sent.
func (m *Mailer) Mail(ctx context.Context, to, subject, text string, last func() error) error {
	s := m.by.sender
	address, err := deliverable(to)
	if err != nil {
		return fmt.Errorf("send mail: %w", channels.Refused(err))
	}
	letter := compose.Letter{
		From: netmail.Address{Name: s.Name, Address: s.From}, To: netmail.Address{Address: address},
		Subject: subject, MessageID: rand.Text() + "@" + s.domain(), Date: time.Now().UTC(), Text: text, Automatic: true,
	}
	if err := letter.Check(); err != nil {
		return fmt.Errorf("send mail: %w", channels.Refused(err))
	}
	err = s.send(ctx, smtp.Mail{
		To: address, ID: letter.MessageID, Size: letter.Size(), UTF8: letter.International(),
		Write: func(w io.Writer) error {
			if err := letter.Write(w); err != nil {
				return err
			}
			return last()
		},
	}, smtp.Send)
	m.by.toldSending(err)
	if err != nil {
		return fmt.Errorf("send mail: %w", classified(err))
	}
	return nil
}
