// Package api is a client of X's API in one account's name: version 2 on
// net/http (V2), and version 1.1 by the library go-twitter (V1). It signs
// calls, keeps each within its window, and turns every answer into pieces of
// JSON or an Error that says what to do. What the pieces mean is left to
// package element.
package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"contactd/channels"
)

// Config of a client.
type Config struct {
	// Base is the address of the API, without closing slash.
	Base string
	// Auth signs calls in the account's name, App those that X takes from the
	// application alone; nil when there is no bearer token.
	Auth, App Auth
	// Limit bounds one call; 0 for 30 s.
	Limit time.Duration
	// Now is the clock, nil for time.Now.
	Now func() time.Time
}

// Auth proves in whose name a call is made.
type Auth interface {
	// Over returns a transport that signs and passes on to base. Its errors
	// hold no secret.
	Over(ctx context.Context, base http.RoundTripper) (http.RoundTripper, error)
}

// refusable is an Auth that can get another token when X refuses one.
type refusable interface{ Refused() }

const (
	callLimit   = 30 * time.Second
	answerLimit = 16 << 20 // bytes of one answer
)

// Client calls the API. Safe for concurrent use.
type Client struct {
	config Config
	base   *channels.Outgoing
	limits limits
	// posts is set when X wants its newer names for parameters.
	posts atomic.Bool
}

// New makes a client; it dials nothing. Close frees its connections.
func New(c Config) *Client {
	if c.Limit == 0 {
		c.Limit = callLimit
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Client{
		config: c, limits: limits{now: c.Now, calls: map[string]window{}},
		base: channels.NewOutgoing(&http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: c.Limit,
			MaxIdleConnsPerHost:   8,
			IdleConnTimeout:       30 * time.Second,
			ForceAttemptHTTP2:     true,
		}, c.Now),
	}
}

// Close frees idle connections.
func (c *Client) Close() { c.base.CloseIdleConnections() }

// There is a moment of our clock by X's; false as long as X has answered
// nothing.
func (c *Client) There(at time.Time) (there time.Time, known bool) { return c.base.There(at) }

// Sign returns a transport that proves in whose name a call is made, for what
// X gives to those who take part alone.
func (c *Client) Sign(ctx context.Context, base http.RoundTripper) (http.RoundTripper, error) {
	return c.config.Auth.Over(ctx, base)
}

// call is one call of the API.
type call struct {
	method string
	// name names it without ids, for its window and for errors.
	name, path string
	query      url.Values
	body       any
	// app calls are made in the application's name; reads cost.
	app, reads bool
}

// do makes a call and returns the answer's body.
func (c *Client) do(ctx context.Context, this call) ([]byte, error) {
	var body io.Reader
	if this.body != nil {
		raw, err := json.Marshal(this.body)
		if err != nil {
			return nil, &Error{Op: this.name, Kind: Broken, Certain: true, Err: errors.New("write request")}
		}
		body = bytes.NewReader(raw)
	}
	address := c.config.Base + this.path
	if len(this.query) > 0 {
		address += "?" + this.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, this.method, address, body)
	if err != nil {
		return nil, &Error{Op: this.name, Kind: Broken, Certain: true, Err: errors.New("the address of the API is not valid")}
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	auth := c.config.Auth
	if this.app {
		auth = c.config.App
	}
	return c.send(this.name, request, auth, this.reads)
}

// send makes a call within its window, whoever wrote the request.
func (c *Client) send(name string, request *http.Request, auth Auth, reads bool) ([]byte, error) {
	if wait, kind := c.limits.before(name, reads); wait > 0 {
		return nil, &Error{Op: name, Kind: kind, Wait: wait, Certain: true}
	}
	if auth == nil {
		return nil, &Error{Op: name, Kind: Closed, Certain: true, Err: errors.New("it needs bearer_token_file")}
	}
	ctx, cancel := context.WithTimeout(request.Context(), c.config.Limit)
	defer cancel()
	// Without a connection nothing was sent; after that, nobody knows. When
	// the transport tries a second connection, nothing went over the first.
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	signed, err := auth.Over(ctx, c.base)
	if err != nil {
		return nil, &Error{Op: name, Kind: TokenDead, Certain: true, Err: err}
	}
	request.Header.Set("Accept", "application/json")
	client := http.Client{
		Transport: signed,
		// X does not redirect; whoever does must not get the token.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request.WithContext(ctx))
	if err != nil {
		return nil, &Error{Op: name, Kind: Away, Certain: !connected.Load(), Err: unnamed(err)}
	}
	defer response.Body.Close()
	c.limits.told(name, response.Header)
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	if err != nil || len(answer) > answerLimit {
		return nil, &Error{Op: name, Status: response.StatusCode, Kind: Away, Err: errors.New("the answer broke off or is too long")}
	}
	if response.StatusCode/100 != 2 {
		failed := readError(name, response.StatusCode, response.Header, answer)
		c.limits.failed(name, failed)
		if _, dated := auth.(OAuth1); dated {
			c.askew(failed)
		}
		if again, ok := auth.(refusable); ok && failed.Status == http.StatusUnauthorized {
			again.Refused()
		}
		return nil, failed
	}
	if !json.Valid(answer) { // an empty answer too
		return nil, &Error{Op: name, Status: response.StatusCode, Kind: Away, Err: errors.New("the answer is no JSON")}
	}
	if reads {
		c.limits.uncapped()
	}
	return answer, nil
}

// mostAskew is how wrong our clock may be: calls by OAuth 1.0a are dated, and X
// takes those of five minutes around its own time.
const mostAskew = 4 * time.Minute

// askew says of a call that was refused as not authorised whether it is our
// clock that is wrong: X does not say so in its newer form.
func (c *Client) askew(e *Error) {
	now := c.config.Now()
	there, _ := c.base.There(now)
	off := there.Sub(now).Abs()
	if e.Kind == TokenDead && off > mostAskew {
		e.Kind = Askew
	}
	if e.Kind == Askew {
		e.Err = fmt.Errorf("it is off by %s", off.Round(time.Minute))
	}
}

// nameOf names a call by its path, with ids left out.
func nameOf(method, path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, part := range parts {
		if strings.ContainsAny(part, "0123456789") && part != "2" && part != "1.1" {
			parts[i] = ":id"
		}
	}
	return strings.ToLower(method) + " " + strings.Join(parts, "/")
}
