package email

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"contactd/channels"
	"contactd/channels/email/compose"
	"contactd/channels/email/mail"
	"contactd/channels/email/smtp"
	"contactd/contact"
)

// Reply sends an answer by the account's mail server. Before the last byte of
// the mail the server has taken nothing; after it, without the server's
// answer, it may have.
func (ch *Channel) Reply(ctx context.Context, to channels.Address, reply contact.Reply) (channels.Receipt, error) {
	a := ch.account(to.Account)
	if a == nil || a.sender == nil {
		return channels.Receipt{}, channels.Refused(fmt.Errorf("send mail: account %q is not set up to send", to.Account))
	}
	own, err := a.keyed()
	if err != nil {
		a.toldSending(err)
		return channels.Receipt{}, fmt.Errorf("send mail: %w", channels.NotSent(err))
	}
	letter, err := ch.letter(ctx, a, own.tokens, to.Answer, reply)
	if err != nil {
		return channels.Receipt{}, fmt.Errorf("send mail: %w", err)
	}
	handed := smtp.Mail{
		From: a.sender.From, To: letter.To.Address, Copy: a.sender.copyTo(),
		ID: letter.MessageID, Size: letter.Size(), Confirm: a.sender.Confirm, UTF8: letter.International(), Write: letter.Write,
	}
	if reply.Automatic {
		handed.From = "" // RFC 3834, 3.3: whatever becomes of it, nothing comes back
	}
	err = a.sender.send(ctx, handed, smtp.Send)
	a.toldSending(err)
	if err == nil {
		return channels.Receipt{PlatformID: letter.MessageID}, nil
	}
	if err = classified(err); !channels.IsNotSent(err) && !channels.IsRefused(err) {
		ch.attempted(reply.ID)
	}
	return channels.Receipt{}, fmt.Errorf("send mail: %w", err)
}

// classified says whether a mail may be sent again, as Replier has it.
func classified(err error) error {
	var step *smtp.Error
	switch {
	case !errors.As(err, &step): // before the server was reached
		return channels.NotSent(err)
	case step.Uncertain():
		return err
	case step.Permanent():
		return channels.Refused(err)
	}
	return channels.NotSent(err)
}

// letter writes the answer. Its errors are NotSent or Refused.
func (ch *Channel) letter(ctx context.Context, a *account, tokens mail.Tokens, address string, reply contact.Reply) (compose.Letter, error) {
	answer, err := mail.DecodeAnswer(address)
	if err != nil {
		return compose.Letter{}, channels.Refused(err)
	}
	s := a.sender
	letter := compose.Letter{
		From: netmail.Address{Name: s.Name, Address: s.From}, To: netmail.Address{Name: answer.Name, Address: answer.To},
		Subject: compose.AnswerTo(answer.Subject), InReplyTo: answer.ID, References: answer.References,
		Date: time.Now().UTC(), Text: signed(reply, s.Signature), Automatic: reply.Automatic,
	}
	if reply.Automatic {
		letter.To = netmail.Address{Address: answer.Automatic}
		letter.Subject = a.Acknowledge.Subject
		letter.Text = reply.Text
	}
	if err := errors.Join(s.mark(&letter, tokens, reply), s.withinLimits(reply)); err != nil {
		return compose.Letter{}, channels.Refused(err)
	}
	if letter.Attachments, err = ch.attachments(ctx, reply.Attachments, s.AttachmentBytes); err != nil {
		return compose.Letter{}, err
	}
	if err := letter.Check(); err != nil {
		return compose.Letter{}, channels.Refused(err)
	}
	return letter, nil
}

// signed is the text with the name that the person sees.
func signed(reply contact.Reply, signature string) string {
	if reply.SignedAs != "" {
		signature = reply.SignedAs
	}
	if signature == "" {
		return reply.Text
	}
	return reply.Text + "\n\n-- \n" + signature
}

// mark gives the letter what it is known by when it comes back.
func (s *sender) mark(letter *compose.Letter, tokens mail.Tokens, reply contact.Reply) (err error) {
	if letter.To.Address, err = deliverable(letter.To.Address); err != nil {
		return err
	}
	if letter.MessageID, err = tokens.MessageID(reply.Conversation, reply.ID, s.domain()); err != nil {
		return err
	}
	if s.PlusAddressing {
		letter.ReplyTo, err = tokens.Address(s.From, reply.Conversation)
	}
	return err
}

// withinLimits refuses what the rules on the message refuse too.
func (s *sender) withinLimits(reply contact.Reply) error {
	switch {
	case reply.Way != "":
		return fmt.Errorf("a mail cannot be answered in the way %q", reply.Way)
	case strings.TrimSpace(reply.Text) == "" && len(reply.Attachments) == 0:
		return errors.New("there is nothing in it")
	case utf8.RuneCountInString(reply.Text) > s.TextLimit:
		return fmt.Errorf("the text is longer than %d characters", s.TextLimit)
	case len(reply.Attachments) > s.AttachmentLimit:
		return fmt.Errorf("more than %d attachments", s.AttachmentLimit)
	}
	return nil
}

// attachments opens each file once to see that it is whole: a blob that is
// damaged or gone must show before anything is sent.
func (ch *Channel) attachments(ctx context.Context, files []contact.Attachment, limit int64) ([]compose.Attachment, error) {
	var list []compose.Attachment
	for i, file := range files {
		size, err := ch.weigh(ctx, file.SHA256)
		if err != nil {
			return nil, channels.NotSent(fmt.Errorf("attachment %d: %w", i+1, err))
		}
		if limit -= size; limit < 0 {
			return nil, channels.Refused(errors.New("the attachments are too large together"))
		}
		list = append(list, compose.Attachment{
			Name: file.Name, MediaType: file.MediaType, Size: size,
			Open: func() (io.ReadCloser, error) { return ch.deps.Blobs.Open(file.SHA256) },
		})
	}
	return list, nil
}

// weigh returns the size of a blob whose bytes are those that its name says.
func (ch *Channel) weigh(ctx context.Context, digest string) (int64, error) {
	body, err := ch.deps.Blobs.Open(digest)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, body)
	if err = errors.Join(err, ctx.Err()); err != nil {
		return 0, err
	}
	if hex.EncodeToString(sum.Sum(nil)) != digest {
		return 0, errors.New("its bytes are damaged")
	}
	return size, nil
}
