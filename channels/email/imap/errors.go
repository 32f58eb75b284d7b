package imap

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	goimap "github.com/emersion/go-imap/v2"
)

// Refused is an error that the server answered to a command. The session is
// whole after it, unless the command was a login.
type Refused struct {
	// Command names what was refused, such as "select".
	Command string
	// Status is NO, BAD or BYE; Code the response code, or empty.
	Status, Code string
	// Text is the server's explanation, shortened and without our secrets.
	Text string
	// Login says that the credentials were not accepted, or that the server
	// shuts this account out for a while: try again in minutes.
	Login bool
	// Wait is the pause that the server asked for, or 0.
	Wait time.Duration
}

// Error says what was refused.
func (r *Refused) Error() string {
	code := ""
	if r.Code != "" {
		code = " [" + r.Code + "]"
	}
	return fmt.Sprintf("%s: %s%s %s", r.Command, r.Status, code, r.Text)
}

// ErrSilent says that a server which was to be asked for TLS did not answer in
// time. It may be waiting for TLS to begin.
var ErrSilent = errors.New("no answer in time")

// suggestedWait is how Exchange Online asks for a pause:
// https://learn.microsoft.com/exchange/troubleshoot/ "Suggested Backoff Time".
var suggestedWait = regexp.MustCompile(`(?i)suggested backoff time:\s*(\d{1,9})\s*milliseconds`)

// notConnected is Exchange Online's answer, to a login or to the command after
// it, when the account lacks the permission or is throttled.
const notConnected = "authenticated but not connected"

// explain turns an error of the library into one of ours. The library's own
// texts quote what the server sent, which can be a contact's: they are cut.
func (s *Session) explain(command string, err error) error {
	var answer *goimap.Error
	if errors.As(err, &answer) {
		return s.refused(command, answer)
	}
	if cause := s.ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", command, cause)
	}
	if cause := s.wire.failure(); cause != nil {
		return fmt.Errorf("%s: %w", command, cause)
	}
	text, _, _ := strings.Cut(err.Error(), `"`)
	return fmt.Errorf("%s: answer not understood: %s", command, printable(text))
}

func (s *Session) refused(command string, answer *goimap.Error) *Refused {
	r := &Refused{
		Command: command, Status: string(answer.Type), Code: printable(string(answer.Code)),
		Text: printable(s.withoutSecret(answer.Text)),
	}
	if found := suggestedWait.FindStringSubmatch(answer.Text); found != nil {
		milliseconds, _ := strconv.Atoi(found[1])
		r.Wait = time.Duration(milliseconds) * time.Millisecond
	}
	r.Login = strings.Contains(strings.ToLower(answer.Text), notConnected) || command == "login" && !temporary(answer.Code)
	return r
}

// temporary reports whether a refused login says nothing about the credentials.
func temporary(code goimap.ResponseCode) bool {
	switch code {
	case goimap.ResponseCodeUnavailable, goimap.ResponseCodeInUse, goimap.ResponseCodeLimit, goimap.ResponseCodeServerBug:
		return true
	}
	return false
}

// withoutSecret removes our secret from a text of the server: some repeat the
// command that they refuse.
func (s *Session) withoutSecret(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return text
}

// printable shortens a foreign text to one line of plain characters.
func printable(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	if len(clean) > 200 {
		clean = clean[:200]
	}
	return clean
}
