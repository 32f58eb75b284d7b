package smtp

import (
	"errors"
	"fmt"
	"net/textproto"

	gosmtp "github.com/emersion/go-smtp"
)

// Step is how far a mail has come.
type Step string

// The steps. Unanswered is the final dot without an answer: the server may
// have the mail.
const (
	Connecting Step = "connect"
	LoggingIn  Step = "log in"
	Envelope   Step = "mail"
	Recipient  Step = "rcpt"
	Data       Step = "data"
	Dot        Step = "end of data"
	Unanswered Step = "answer to end of data"
)

// errASCIIAlone names what a server lacks; nothing was sent to it then.
var errASCIIAlone = errors.New("the mail server does not offer SMTPUTF8 (RFC 6531), which an internationalised address needs")

// Error says where sending ended. Its text holds codes of the server but not
// its words, which may quote addresses and the mail.
type Error struct {
	Step Step
	// Code is the server's answer, such as 550, or 0 when there was none;
	// Enhanced the code of RFC 3463 that came with it, such as "5.1.1".
	Code     int
	Enhanced string
	// Copy says that it is about our own copy of the mail.
	Copy  bool
	cause error
}

// Error says where and why.
func (e *Error) Error() string {
	step := string(e.Step)
	if e.Copy {
		step += " of the own copy"
	}
	switch {
	case e.Code == 0:
		return fmt.Sprintf("%s: %v", step, e.cause)
	case e.Enhanced != "":
		return fmt.Sprintf("%s: the mail server answers %d %s", step, e.Code, e.Enhanced)
	}
	return fmt.Sprintf("%s: the mail server answers %d", step, e.Code)
}

// Unwrap returns what went wrong when it was not the server's answer.
func (e *Error) Unwrap() error { return e.cause }

// Permanent reports whether the server refuses this mail for good: its
// recipient or what it holds, but not the sender or the login, which an
// operator mends.
func (e *Error) Permanent() bool {
	switch {
	case errors.Is(e.cause, errASCIIAlone):
		return e.Step == Recipient
	case e.Copy || e.Code < 500 || e.Code == 530 || e.Code == 535 || e.Code == 538: // RFC 4954: log in first
		return false
	case e.Step == Envelope:
		return e.Code == 552 || e.Enhanced == "5.3.4" || e.Enhanced == "5.2.3" || // too large
			e.Enhanced == "5.6.7" // for an internationalised address (RFC 6531)
	}
	return e.Step == Recipient || e.Step == Data || e.Step == Dot
}

// Uncertain reports whether the server may have taken the mail.
func (e *Error) Uncertain() bool { return e.Step == Unanswered }

// failed makes an Error of what a step returned.
func failed(step Step, err error) *Error {
	var answer *gosmtp.SMTPError
	var malformed textproto.ProtocolError
	switch {
	case errors.As(err, &malformed): // its text quotes the server
		return &Error{Step: step, cause: errors.New("answer not understood")}
	case !errors.As(err, &answer):
		return &Error{Step: step, cause: err}
	}
	e := &Error{Step: step, Code: answer.Code}
	if code := answer.EnhancedCode; code[0] > 0 {
		e.Enhanced = fmt.Sprintf("%d.%d.%d", code[0], code[1], code[2])
	}
	return e
}
