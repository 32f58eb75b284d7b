package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	gosmtp "github.com/emersion/go-smtp"
)

// Mail is what is handed over.
type Mail struct {
	// From is where bounces go; empty for an automatic answer, which must
	// cause none.
	From string
	// To is who gets it, Copy our own mailbox, or empty.
	To, Copy string
	// ID names the mail in bounces, Size is its size in bytes or more.
	ID   string
	Size int64
	// Confirm asks the recipient's server to report the delivery (RFC 3461).
	Confirm bool
	// UTF8 says that the mail's header is not ASCII. It and an address outside
	// ASCII need a server that takes them (SMTPUTF8, RFC 6531).
	UTF8 bool
	// Write writes the mail with CRLF line ends. After its error the server
	// gets no final dot.
	Write func(io.Writer) error
}

// Send hands a mail over and returns when the server has taken it. The error
// is an *Error.
func Send(ctx context.Context, c Config, m Mail) error {
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits()
	}
	s, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.address(ctx, m); err != nil {
		return err
	}
	data, failure := s.client.Data()
	if failure != nil {
		return failed(Data, ended(ctx, failure))
	}
	if err := m.Write(&unbroken{data, s.paced}); err != nil && s.paced.broken == nil {
		return failed(Data, ended(ctx, err))
	}
	// From here on the server may have the mail, unless it hung up before.
	_, failure = data.CloseWithResponse()
	var answer *gosmtp.SMTPError
	switch answered := errors.As(failure, &answer); {
	case answered && (answer.Code/100 == 4 || answer.Code/100 == 5):
		return failed(Dot, failure) // perhaps before it came
	case s.paced.broken != nil:
		return failed(Data, ended(ctx, s.paced.broken))
	case failure == nil, answered && answer.Code/100 == 2:
	case !answered:
		return failed(Unanswered, ended(ctx, failure))
	default:
		return &Error{Step: Unanswered, cause: fmt.Errorf("the mail server answers %d", answer.Code)}
	}
	s.client.CommandTimeout = quitLimit
	_ = s.client.Quit() // the mail is with the server in any case
	return nil
}

// unbroken writes until the connection breaks.
type unbroken struct {
	to    io.Writer
	paced *pacedConn
}

// Write writes on.
func (u *unbroken) Write(p []byte) (int, error) {
	if u.paced.broken != nil {
		return 0, u.paced.broken
	}
	return u.to.Write(p)
}

// Try goes as far as the recipients and takes it back. A mail without From and
// To is tried by the login alone.
func Try(ctx context.Context, c Config, m Mail) error {
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits()
	}
	s, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer s.close()
	if m.From != "" {
		if err := s.address(ctx, m); err != nil {
			return err
		}
	}
	_ = s.client.Quit()
	return nil
}

// address says from whom and to whom. The own copy comes first: without it an
// unanswered mail could not be looked up, so it must not be sent.
func (s *session) address(ctx context.Context, m Mail) *Error {
	if limit, ok := s.client.MaxMessageSize(); ok && limit > 0 && m.Size > int64(limit) {
		return &Error{Step: Envelope, Code: 552, Enhanced: "5.3.4"}
	}
	international := m.UTF8 || !isASCII(m.From+m.Copy+m.To)
	if offered, _ := s.client.Extension("SMTPUTF8"); international && !offered {
		step := Envelope
		if !isASCII(m.To) {
			step = Recipient
		}
		return &Error{Step: step, cause: errASCIIAlone}
	}
	name, _, _ := strings.Cut(m.ID, "@")
	from := &gosmtp.MailOptions{Size: m.Size, Return: gosmtp.DSNReturnHeaders, EnvelopeID: name, UTF8: international}
	if err := s.client.Mail(m.From, from); err != nil {
		return failed(Envelope, ended(ctx, err))
	}
	if m.Copy != "" {
		if err := s.client.Rcpt(m.Copy, &gosmtp.RcptOptions{Notify: []gosmtp.DSNNotify{gosmtp.DSNNotifyNever}}); err != nil {
			e := failed(Recipient, ended(ctx, err))
			e.Copy = true
			return e
		}
	}
	if m.To == "" {
		return nil
	}
	if err := s.client.Rcpt(m.To, &gosmtp.RcptOptions{Notify: m.notify()}); err != nil {
		return failed(Recipient, ended(ctx, err))
	}
	return nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// notify says what the servers on the way shall report.
func (m Mail) notify() []gosmtp.DSNNotify {
	switch {
	case m.From == "":
		return []gosmtp.DSNNotify{gosmtp.DSNNotifyNever}
	case m.Confirm:
		return []gosmtp.DSNNotify{gosmtp.DSNNotifySuccess, gosmtp.DSNNotifyFailure, gosmtp.DSNNotifyDelayed}
	}
	return []gosmtp.DSNNotify{gosmtp.DSNNotifyFailure, gosmtp.DSNNotifyDelayed}
}
