package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what to do about an error.
type Kind string

// The kinds of error.
const (
	TokenDead   Kind = "the access token is no longer valid"
	Unproven    Kind = "Meta has another secret of the app than app_secret_file"
	Window      Kind = "the platform takes no more answers to this person: the window is closed"
	Barred      Kind = "the account is barred from sending for now"
	Unreachable Kind = "the person cannot be reached"
	Permission  Kind = "a permission is missing"
	Throttled   Kind = "too many calls"
	Hasty       Kind = "too many messages to this person for now"
	Blocked     Kind = "blocked for a while as abusive"
	Gone        Kind = "the platform does not know it or does not allow it"
	Controlled  Kind = "another app answers in this conversation"
	Answered    Kind = "it was answered privately before, which is possible once"
	Away        Kind = "the platform did not answer"
	Broken      Kind = "the call could not be made"
)

// Error is a call that failed. Its text holds numbers and our own words alone:
// Meta's may quote a token or a person.
type Error struct {
	// Op names the call; Status, Code, Subcode and Trace are Meta's.
	Op                    string
	Status, Code, Subcode int
	Trace                 string
	Kind                  Kind
	// Wait is how long to leave the platform alone, 0 when it did not say.
	Wait time.Duration
	// Certain is set when the call certainly had no effect.
	Certain bool
	Err     error

	message string // Meta's, never shown: it may quote a token or a person
}

// Refuses reports whether Meta's words, "must be one of {...} - got X", refuse
// a value. The values that would do stand in them too.
func (e *Error) Refuses(value string) bool {
	_, got, found := strings.Cut(e.message, " got ")
	return found && strings.Trim(got, ` ".'`) == value
}

// Error implements error.
func (e *Error) Error() string {
	if e.Unasked() {
		return e.Op + ": " + e.Err.Error()
	}
	text := e.Op + ": " + string(e.Kind)
	if e.Code != 0 {
		text += fmt.Sprintf(" (code %d", e.Code)
		if e.Subcode != 0 {
			text += fmt.Sprintf(", subcode %d", e.Subcode)
		}
		if e.Trace != "" {
			text += ", trace " + e.Trace
		}
		text += ")"
	} else if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unasked reports whether the platform was not even asked, because the token or
// the app's secret could not be had: nobody knows whether they are valid.
func (e *Error) Unasked() bool {
	return e.Kind == TokenDead && e.Status == 0 && e.Code == 0 && e.Err != nil
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether err is a graph error of a kind.
func Is(err error, kinds ...Kind) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, kind := range kinds {
		if e.Kind == kind {
			return true
		}
	}
	return false
}

// Troubled reports whether an error is about the account or the platform as a
// whole, so that other calls would fail too.
func Troubled(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Kind == TokenDead || e.Kind == Unproven || e.Kind == Throttled || e.Kind == Blocked || e.Kind == Away && e.Status == 0)
}

// Certain reports whether a call that failed certainly had no effect.
func Certain(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Certain
}

// problem is Meta's error body.
type problem struct {
	Error struct {
		Code      int    `json:"code"`
		Subcode   int    `json:"error_subcode"`
		Transient bool   `json:"is_transient"`
		Trace     string `json:"fbtrace_id"`
		Message   string `json:"message"`
	} `json:"error"`
}

func readError(op string, status int, body []byte) *Error {
	var p problem
	_ = json.Unmarshal(body, &p) // a proxy's page has none of it
	e := &Error{Op: op, Status: status, Code: p.Error.Code, Subcode: p.Error.Subcode, Trace: trace(p.Error.Trace), message: p.Error.Message}
	e.Kind = kindOf(status, p.Error.Code, p.Error.Subcode, p.Error.Transient)
	if e.Code == 100 && strings.Contains(e.message, "appsecret_proof") { // by its words alone it is told from a bad argument
		e.Kind = Unproven
	}
	// What Meta itself refused by number had no effect; behind its own
	// troubles, and a proxy's, the call may have gone through.
	e.Certain = e.Kind != Away
	return e
}

// trace keeps what looks like one of Meta's trace ids.
func trace(text string) string {
	if len(text) > 40 {
		return ""
	}
	for _, r := range text {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-' {
			return ""
		}
	}
	return text
}

// kindOf decides on the subcode, then the code, then is_transient, then HTTP
// (developers.facebook.com: Messenger error-codes, Graph guides/error-handling).
func kindOf(status, code, subcode int, transient bool) Kind {
	switch subcode {
	case 2018278, 2534022, 2018065:
		return Window
	case 2018300: // not in Meta's list, but known from other projects [recall]
		return Controlled
	case 1893063: // new in June 2026
		return Barred
	case 1545041, 2018108:
		return Unreachable
	case 458, 459, 460, 463, 464, 467:
		return TokenDead
	}
	switch code {
	case 190, 102:
		return TokenDead
	case 131047: // WhatsApp
		return Window
	case 551, 131026:
		return Unreachable
	case 4, 17, 32, 613, 341, 130429:
		return Throttled
	case 131056:
		return Hasty
	case 131031, 131042, 133010: // locked, unpaid, not registered: WhatsApp
		return Barred
	case 368, 131048:
		return Blocked
	case 10900: // [recall]: a second private reply
		return Answered
	case 1, 2:
		return Away
	}
	switch {
	case code >= 80000 && code < 80100, status == 429: // of a page, of Instagram, ...
		return Throttled
	case transient:
		return Away
	case code == 10, code == 3, code >= 200 && code <= 299:
		return Permission
	case code != 0: // 100 bad argument or gone, 506 duplicate, and what is new
		if status >= 500 {
			return Away
		}
		return Gone
	case status == 401:
		return TokenDead
	default: // no body of Meta's: who knows what stands between
		return Away
	}
}
