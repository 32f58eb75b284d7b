package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Kind says what to do about an error.
type Kind string

// The kinds of error.
const (
	TokenDead Kind = "the access token is no longer valid"
	Askew     Kind = "X takes no call that is dated as by this machine's clock"
	Closed    Kind = "the account's plan does not include this call"
	Capped    Kind = "the usage cap is reached or the credits are used up"
	Throttled Kind = "too many calls"
	Refused   Kind = "X does not allow it"
	Duplicate Kind = "X has it already"
	Gone      Kind = "X does not know it"
	Bad       Kind = "X does not understand the call"
	Conflict  Kind = "another connection or rule stands in the way"
	Away      Kind = "X did not answer"
	Broken    Kind = "the call could not be made"
)

// Error is a call that failed. Its text holds numbers and our own words alone:
// X's may quote a post or a token.
type Error struct {
	// Op names the call; Status and Code are X's, Type the last part of its
	// problem's type.
	Op           string
	Status, Code int
	Type         string
	Kind         Kind
	// Wait is how long to leave this call alone, 0 when X did not say.
	Wait time.Duration
	// Certain is set when the call certainly had no effect.
	Certain bool
	Err     error

	detail string // X's words, never shown
}

// Error implements error.
func (e *Error) Error() string {
	if e.Unasked() {
		return e.Op + ": " + e.Err.Error()
	}
	text := e.Op + ": " + string(e.Kind)
	var more []string
	if e.Status != 0 {
		more = append(more, "HTTP "+strconv.Itoa(e.Status))
	}
	if e.Code != 0 {
		more = append(more, "code "+strconv.Itoa(e.Code))
	}
	if e.Type != "" {
		more = append(more, e.Type)
	}
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unasked reports whether the platform was not even asked, because the token
// could not be had: nobody knows whether it is valid.
func (e *Error) Unasked() bool {
	return e.Kind == TokenDead && e.Status == 0 && e.Code == 0 && e.Err != nil
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether err is an error of the API of one of the kinds.
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

// Certain reports whether a call that failed certainly had no effect.
func Certain(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Certain
}

// Wait is how long X wants to be left alone after an error, 0 when it did not
// say.
func Wait(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.Wait
	}
	return 0
}

// Problem is one thing that X complains about, of a call or of a part of it.
type Problem struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Detail     string `json:"detail"`
	Message    string `json:"message"`
	Code       int    `json:"code"`
	Status     int    `json:"status"`
	Value      string `json:"value"`
	ResourceID string `json:"resource_id"`
	Parameter  string `json:"parameter"`
	// Raw are X's bytes.
	Raw json.RawMessage `json:"-"`
}

// Word is the last part of a problem's type: the part before it stands under
// api.twitter.com or api.x.com.
func (p Problem) Word() string {
	word := p.Type[strings.LastIndex(p.Type, "/")+1:]
	if len(word) > 60 || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return ""
	}
	return word
}

// The words for what is not there, and for what is there and not for us:
// protected, suspended or withheld.
const (
	notFound      = "resource-not-found"
	notAuthorized = "not-authorized-for-resource"
)

// problems reads what X complains about, in any of its forms: a problem, a
// list of problems or of codes, or a text.
func problems(body []byte) []Problem {
	var of struct {
		Errors json.RawMessage `json:"errors"`
		Error  json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &of) != nil {
		return nil
	}
	var all []Problem
	var list []json.RawMessage
	_ = json.Unmarshal(of.Errors, &list) // may be a text
	for _, raw := range list {
		p := Problem{Raw: raw}
		_ = json.Unmarshal(raw, &p) // as far as it goes
		all = append(all, p)
	}
	own := Problem{Raw: bytes.TrimSpace(body)}
	_ = json.Unmarshal(body, &own)
	if own.Type != "" || own.Title != "" {
		all = append(all, own)
	}
	return all
}

// readError decides on the problem's type, then the code, then HTTP.
func readError(op string, status int, header http.Header, body []byte) *Error {
	e := &Error{Op: op, Status: status}
	for _, p := range problems(body) {
		if e.Code == 0 {
			e.Code = p.Code
		}
		if e.Type == "" {
			e.Type = p.Word()
		}
		e.detail += strings.ToLower(p.Detail + " " + p.Message + " " + p.Parameter + " ")
	}
	e.Kind = e.kind()
	// What X itself refused had no effect; behind its own troubles, and a
	// proxy's, the call may have gone through.
	e.Certain = e.Kind != Away && e.Kind != Duplicate
	if e.Kind == Throttled {
		e.Wait = waitOf(header)
	}
	return e
}

// kind sorts the answer. The codes of v1.1 are those of its error page.
func (e *Error) kind() Kind {
	switch e.Type {
	case "usage-capped", "credits-depleted":
		return Capped
	case "client-forbidden", "unsupported-authentication":
		return Closed
	case notFound, notAuthorized:
		return Gone
	}
	switch e.Code {
	case 135:
		return Askew
	case 32, 89, 99, 215, 326, 64:
		return TokenDead
	case 453:
		return Closed
	case 88, 185, 226: // 185: of a day; 226: it looks automated, "try again later"
		return Throttled
	case 187:
		return Duplicate
	case 34, 144, 50:
		return Gone
	}
	switch {
	case e.Status == http.StatusPaymentRequired:
		return Capped
	case e.Status == http.StatusUnauthorized:
		return TokenDead
	case e.Status == http.StatusForbidden && strings.Contains(e.detail, "duplicate content"):
		return Duplicate
	case e.Status == http.StatusForbidden:
		return Refused
	case e.Status == http.StatusNotFound, e.Status == http.StatusGone:
		return Gone
	case e.Status == http.StatusConflict:
		return Conflict
	case e.Status == http.StatusTooManyRequests, e.Status == 420: // its older number
		return Throttled
	case e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout:
		return Bad
	default:
		return Away
	}
}

// complainsOf reports whether X's words name a parameter.
func (e *Error) complainsOf(parameter string) bool { return strings.Contains(e.detail, parameter) }

// unnamed takes the address out of an error of net/http: its path may hold a
// person's id.
func unnamed(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
