package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // no longer developed; it is what speaks version 1.1

	"contactd/channels/loose"
	"contactd/channels/twitter/element"
)

// V1 speaks the API's version 1.1 by the library go-twitter, for accounts whose
// contract still includes it.
//
// The library drops answers that it does not know: a refusal in the newer form
// gives an empty list and no error, and one odd field spoils a whole page. So
// it calls through carrier, which turns every refusal into an Error and keeps
// the bytes, and lists are taken apart from those.
type V1 struct{ *Client }

// carrier is the transport of one call of the library, which knows no context
// and no other address than its own.
type carrier struct {
	client *Client
	ctx    context.Context
	reads  bool
	kept   []byte
}

// RoundTrip implements http.RoundTripper.
func (c *carrier) RoundTrip(request *http.Request) (*http.Response, error) {
	base, err := url.Parse(c.client.config.Base)
	if err != nil {
		return nil, &Error{Op: "call", Kind: Broken, Certain: true, Err: errors.New("the address of the API is not valid")}
	}
	// Above the signature, which covers the address.
	moved := request.Clone(c.ctx)
	moved.URL.Scheme, moved.URL.Host, moved.Host = base.Scheme, base.Host, ""
	moved.RequestURI = ""
	if c.kept, err = c.client.send(nameOf(request.Method, request.URL.Path), moved, c.client.config.Auth, c.reads); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(c.kept)), Body: io.NopCloser(bytes.NewReader(c.kept)),
	}, nil
}

// library is the library for one call.
func (c V1) library(ctx context.Context, reads bool) (*twitter.Client, *carrier) {
	through := &carrier{client: c.Client, ctx: ctx, reads: reads}
	return twitter.NewClient(&http.Client{Transport: through}), through
}

// outcome is the error of a call of the library. What it could not decode of
// an answer that X gave does not count: the bytes were kept.
func (c *carrier) outcome(err error) error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case c.kept != nil:
		return nil
	case err == nil:
		err = errors.New("it made no call")
	}
	return &Error{Op: "call", Kind: Broken, Certain: true, Err: unnamed(err)}
}

// things takes a kept list apart.
func (c *carrier) things(field string) ([]json.RawMessage, error) {
	raw := json.RawMessage(c.kept)
	if field != "" {
		var of map[string]json.RawMessage
		if json.Unmarshal(raw, &of) != nil {
			return nil, &Error{Op: "list", Kind: Away, Err: errors.New("the answer is not what was asked for")}
		}
		raw = of[field]
	}
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return nil, &Error{Op: "list", Kind: Away, Err: errors.New("the answer holds no list")}
	}
	return all, nil
}

// full asks for whole texts.
const full = "extended"

// Mentions lists the posts that name the account. next is the largest id of
// the page.
func (c V1) Mentions(ctx context.Context, _, since, next string) (Page, error) {
	library, through := c.library(ctx, true)
	sinceID, _ := strconv.ParseInt(since, 10, 64)
	maxID, _ := strconv.ParseInt(next, 10, 64)
	_, _, err := library.Timelines.MentionTimeline(&twitter.MentionTimelineParams{Count: 200, SinceID: sinceID, MaxID: maxID, TweetMode: full}) //nolint:bodyclose // bytes in memory, and the library closes it
	return through.timeline(err)
}

// Posts lists what the account posted since a moment.
func (c V1) Posts(ctx context.Context, user string, since time.Time, next string) (Page, error) {
	library, through := c.library(ctx, true)
	userID, _ := strconv.ParseInt(user, 10, 64)
	sinceID, _ := strconv.ParseInt(element.FirstOf(since), 10, 64)
	maxID, _ := strconv.ParseInt(next, 10, 64)
	_, _, err := library.Timelines.UserTimeline(&twitter.UserTimelineParams{UserID: userID, Count: 200, SinceID: sinceID, MaxID: maxID, TweetMode: full}) //nolint:bodyclose // bytes in memory, and the library closes it
	return through.timeline(err)
}

// timeline makes a page of a kept list of posts; the next one ends below its
// smallest id.
func (c *carrier) timeline(err error) (Page, error) {
	page := Page{Dialect: element.V1}
	if err = c.outcome(err); err != nil {
		return page, err
	}
	if page.Things, err = c.things(""); err != nil {
		return page, err
	}
	smallest := ""
	for _, raw := range page.Things {
		if id := element.IDOf(raw); element.Digits(id) && (smallest == "" || element.Less(id, smallest)) {
			smallest = id
		}
	}
	if n, err := strconv.ParseInt(smallest, 10, 64); err == nil && n > 1 {
		page.Next = strconv.FormatInt(n-1, 10)
	}
	return page, nil
}

// LookUp lists posts by their ids. X leaves out those that are gone, and does not
// say why, so each of them is asked for by itself.
func (c V1) LookUp(ctx context.Context, ids []string) (Page, error) {
	library, through := c.library(ctx, true)
	var numbers []int64
	for _, id := range ids {
		n, _ := strconv.ParseInt(id, 10, 64)
		numbers = append(numbers, n)
	}
	_, _, err := library.Statuses.Lookup(numbers, &twitter.StatusLookupParams{TweetMode: full}) //nolint:bodyclose // bytes in memory, and the library closes it
	page, err := through.timeline(err)
	page.Next = ""
	if err != nil {
		return page, err
	}
	there := map[string]bool{}
	for _, raw := range page.Things {
		there[element.IDOf(raw)] = true
	}
	for _, id := range ids {
		if there[id] {
			continue
		}
		word, err := c.missing(ctx, id)
		if err != nil {
			return page, err
		}
		if word != "" {
			raw, _ := json.Marshal(map[string]string{"missing": id})
			page.Problems = append(page.Problems, Problem{Type: "/" + word, ResourceID: id, Raw: raw})
		}
	}
	return page, nil
}

// missing asks why a post is not listed, and returns what version 2 calls that;
// nothing when X does not clearly say that it is gone.
func (c V1) missing(ctx context.Context, id string) (word string, err error) {
	library, through := c.library(ctx, true)
	n, _ := strconv.ParseInt(id, 10, 64)
	_, _, err = library.Statuses.Show(n, &twitter.StatusShowParams{TweetMode: full}) //nolint:bodyclose // bytes in memory, and the library closes it
	var refused *Error
	if err = through.outcome(err); !errors.As(err, &refused) {
		return "", err
	}
	switch {
	case refused.Code == 144:
		return notFound, nil
	case refused.Code == 63, refused.Code == 179: // a suspended account's, a protected one's
		return notAuthorized, nil
	case Is(err, Gone, Refused, Bad): // it is this post's trouble alone
		return "", nil
	default:
		return "", err
	}
}

// Messages lists the account's direct messages of the last 30 days.
func (c V1) Messages(ctx context.Context, next string) (Page, error) {
	library, through := c.library(ctx, true)
	_, _, err := library.DirectMessages.EventsList(&twitter.DirectMessageEventsListParams{Cursor: next, Count: 50}) //nolint:bodyclose // bytes in memory, and the library closes it
	page := Page{Dialect: element.V1}
	if err = through.outcome(err); err != nil {
		return page, err
	}
	if page.Things, err = through.things("events"); err != nil {
		return page, err
	}
	var cursor struct {
		Next element.ID `json:"next_cursor"`
	}
	_, _ = loose.Decode(through.kept, &cursor)
	page.Next = string(cursor.Next)
	return page, nil
}

// MessagesWith lists the same: v1.1 has no list of one conversation.
func (c V1) MessagesWith(ctx context.Context, _, _, next string) (Page, error) {
	return c.Messages(ctx, next)
}

// Answer posts a reply and returns its id.
func (c V1) Answer(ctx context.Context, to, text string) (string, error) {
	library, through := c.library(ctx, false)
	id, _ := strconv.ParseInt(to, 10, 64)
	_, _, err := library.Statuses.Update(text, &twitter.StatusUpdateParams{InReplyToStatusID: id, TweetMode: full}) //nolint:bodyclose // bytes in memory, and the library closes it
	if err = through.outcome(err); err != nil {
		return "", err
	}
	return made("statuses/update", element.IDOf(through.kept))
}

// Message sends a direct message and returns its id.
func (c V1) Message(ctx context.Context, person, group, text string) (string, error) {
	if group != "" {
		return "", &Error{Op: "post direct_messages", Kind: Closed, Certain: true, Err: errors.New("version 1.1 knows no conversations of several")}
	}
	library, through := c.library(ctx, false)
	_, _, err := library.DirectMessages.EventsNew(&twitter.DirectMessageEventsNewParams{Event: &twitter.DirectMessageEvent{ //nolint:bodyclose // bytes in memory, and the library closes it
		Type: "message_create", Message: &twitter.DirectMessageEventMessage{
			Target: &twitter.DirectMessageTarget{RecipientID: person}, Data: &twitter.DirectMessageData{Text: text},
		},
	}})
	if err = through.outcome(err); err != nil {
		return "", err
	}
	var of struct {
		Event json.RawMessage `json:"event"`
	}
	_ = json.Unmarshal(through.kept, &of)
	return made("direct_messages/events/new", element.IDOf(of.Event))
}

func made(op, id string) (string, error) {
	if id == "" {
		return "", &Error{Op: "post " + op, Kind: Away, Err: errors.New("the answer does not name what was made")}
	}
	return id, nil
}

// Hide is not in version 1.1.
func (c V1) Hide(context.Context, string, bool) error {
	return &Error{Op: "hide", Kind: Closed, Certain: true, Err: errors.New("version 1.1 hides nothing")}
}

// CanHide reports that this version cannot hide replies.
func (c V1) CanHide() bool { return false }

// Me is the user in whose name calls are made.
func (c V1) Me(ctx context.Context) (element.User, error) {
	library, through := c.library(ctx, false)
	_, _, err := library.Accounts.VerifyCredentials(&twitter.AccountVerifyParams{}) //nolint:bodyclose // bytes in memory, and the library closes it
	if err = through.outcome(err); err != nil {
		return element.User{}, err
	}
	user := element.ReadUser(through.kept)
	if !element.Digits(user.ID) || strings.HasPrefix(user.ID, "0") {
		return user, &Error{Op: "get account/verify_credentials", Kind: Away, Err: errors.New("the answer names nobody")}
	}
	return user, nil
}
