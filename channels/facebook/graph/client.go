// Package graph is a small client of Meta's Graph API on net/http: it signs
// calls, obeys the usage headers, and turns every answer into data or an Error
// that says what to do. What is asked and what it means is left to its callers.
//
// The token travels in a header and not in a URL, because URLs are logged; of
// debug_token alone it is the question.
package graph

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"contactd/channels"
	"contactd/channels/webhook"
)

// Config of a client.
type Config struct {
	// Base is the address of the API, without version and closing slash.
	Base string
	// Version such as "v26.0".
	Version string
	// Token returns the access token; it is asked before every call. With Page,
	// the id of a page, the page's own is asked for by it.
	Token func() (string, error)
	Page  string
	// Secrets are the app's; the one that Meta has proves that a call is ours.
	// Nil: calls carry no proof. While they cannot be read nothing is called.
	Secrets *webhook.Secrets
	// Limit bounds one call; 0 for 30 s.
	Limit time.Duration
	// Conversations is how often a second conversations are read at most, 0
	// for no bound. Meta takes two calls a second and page (Messenger Platform,
	// rate limiting, March 2026).
	Conversations rate.Limit
	// Slow is the pause before a read for every percent of the allowance above
	// 75 that is used; 0 for 200 ms.
	Slow time.Duration
	// Now is the clock, nil for time.Now.
	Now func() time.Time
}

const (
	callLimit   = 30 * time.Second
	slowPause   = 200 * time.Millisecond
	answerLimit = 16 << 20 // bytes of one answer
)

// Client calls the API in one token's name. Safe for concurrent use.
type Client struct {
	config        Config
	http          *http.Client
	outgoing      *channels.Outgoing
	usage         usage
	conversations *rate.Limiter
	page          pageToken
}

// New makes a client; it dials nothing. Close frees its connections.
func New(c Config) *Client {
	if c.Limit == 0 {
		c.Limit = callLimit
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Slow == 0 {
		c.Slow = slowPause
	}
	if c.Conversations == 0 {
		c.Conversations = rate.Inf
	}
	transport := channels.NewOutgoing(&http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: c.Limit,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       30 * time.Second,
		ForceAttemptHTTP2:     true,
	}, c.Now)
	return &Client{
		config: c, outgoing: transport, usage: usage{now: c.Now, slow: c.Slow}, conversations: rate.NewLimiter(c.Conversations, 1),
		http: &http.Client{
			Transport: transport,
			// Graph does not redirect; whoever does must not get the token.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close frees idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// There is a moment of our clock by Meta's, which is ours as long as Meta has
// answered nothing.
func (c *Client) There(at time.Time) time.Time {
	there, _ := c.outgoing.There(at)
	return there
}

// Get reads. It waits while the usage headers ask for it, until ctx ends.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	if err := c.usage.beforeReading(ctx, useOf(path)); err != nil {
		return err
	}
	if err := c.pace(ctx, path); err != nil {
		return err
	}
	return c.call(ctx, http.MethodGet, path, query, nil, "", into)
}

// Post writes a JSON body. While Meta throttles it calls nothing and returns an
// Error of kind Throttled.
func (c *Client) Post(ctx context.Context, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	return c.PostBody(ctx, path, raw, "application/json", into)
}

// Do writes what Meta answers by a word of success alone. An answer without it
// must not pass for one: a comment would be said to be hidden that is not.
func (c *Client) Do(ctx context.Context, path string, body any) error {
	var answer struct {
		Success bool `json:"success"`
	}
	if err := c.Post(ctx, path, body, &answer); err != nil {
		return err
	}
	if !answer.Success {
		return &Error{Op: op(http.MethodPost, path), Status: http.StatusOK, Kind: Away, Err: errors.New("the answer does not say that it was done")}
	}
	return nil
}

// PostBody writes a body of any form.
func (c *Client) PostBody(ctx context.Context, path string, body []byte, mediaType string, into any) error {
	if wait := c.usage.throttled(useOf(path)); wait > 0 {
		return &Error{Op: op(http.MethodPost, path), Kind: Throttled, Wait: wait, Certain: true}
	}
	return c.call(ctx, http.MethodPost, path, nil, body, mediaType, into)
}

// pace waits for the next turn to read conversations.
func (c *Client) pace(ctx context.Context, path string) error {
	edge := path[strings.LastIndex(path, "/")+1:]
	if edge != "conversations" && edge != "messages" {
		return nil
	}
	if err := c.conversations.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// The turn comes after the end of ctx.
		return &Error{Op: op(http.MethodGet, path), Kind: Throttled, Certain: true}
	}
	return nil
}

// Busy is the part of the allowance that is used, in percent.
func (c *Client) Busy() int { return c.usage.percent() }

// call makes a call in the name of whom the client is for.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, body []byte, mediaType string, into any) error {
	token, err := c.token(ctx, method, path)
	if err != nil {
		return err
	}
	err = c.prove(ctx, method, path, query, body, mediaType, token, into)
	if Is(err, TokenDead) {
		c.page.forget(token)
	}
	return err
}

// prove makes a call with a token. While the app's secret is changed nobody knows
// which one Meta has at the moment, so what Meta does not take as proven is
// called again with the next.
func (c *Client) prove(ctx context.Context, method, path string, query url.Values, body []byte, mediaType, token string, into any) error {
	proofs, err := c.proofs(token)
	if err != nil {
		return &Error{Op: op(method, path), Kind: TokenDead, Certain: true, Err: err}
	}
	for _, proof := range proofs {
		maps.Copy(proof, query)
		if err = c.try(ctx, method, path, proof, body, mediaType, token, into); !Is(err, Unproven) {
			return err
		}
	}
	return err
}

// try makes a call once.
func (c *Client) try(ctx context.Context, method, path string, query url.Values, body []byte, mediaType, token string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Limit)
	defer cancel()
	name := op(method, path)
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	request, err := c.request(ctx, method, path, query, body, token)
	if err != nil {
		return &Error{Op: name, Kind: Broken, Certain: true, Err: err}
	}
	if mediaType != "" {
		request.Header.Set("Content-Type", mediaType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		// Without a connection nothing was sent; after that, nobody knows.
		return &Error{Op: name, Kind: Away, Certain: !connected.Load(), Err: unaddressed(err)}
	}
	defer response.Body.Close()
	c.usage.told(response.Header)
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	if err != nil || len(answer) > answerLimit {
		return &Error{Op: name, Status: response.StatusCode, Kind: Away, Err: errors.New("the answer broke off or is too long")}
	}
	if response.StatusCode/100 != 2 {
		failed := readError(name, response.StatusCode, answer)
		c.usage.failed(failed)
		return failed
	}
	c.usage.worked()
	if err := json.Unmarshal(answer, into); err != nil {
		return &Error{Op: name, Status: response.StatusCode, Kind: Away, Err: errors.New("the answer is not what was asked for")}
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, query url.Values, body []byte, token string) (*http.Request, error) {
	address := c.config.Base + "/" + c.config.Version + "/" + strings.TrimPrefix(path, "/")
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of the API is not valid")
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	return request, nil
}

// proofs are the parameters by which whoever has the token proves to have the
// app's secret too, one for each that Meta may have.
func (c *Client) proofs(token string) ([]url.Values, error) {
	if c.config.Secrets == nil {
		return []url.Values{{}}, nil
	}
	keys, err := c.config.Secrets.Keys() // the last that could be read
	if len(keys) == 0 {
		return nil, err
	}
	var all []url.Values
	for _, key := range keys {
		// The name and form of the proof are [recall] in the research page.
		all = append(all, url.Values{"appsecret_proof": {hex.EncodeToString(webhook.Sign(key, []byte(token)))}})
	}
	return all, nil
}

// op names a call without the ids in its path: they may be a person's.
func op(method, path string) string {
	path, _, _ = strings.Cut(strings.Trim(path, "/"), "?")
	edge := path[strings.LastIndex(path, "/")+1:]
	if strings.ContainsAny(edge, "0123456789:") {
		edge = "object"
	}
	return strings.ToLower(method) + " " + edge
}

// unaddressed takes the address out of an error of net/http: its query holds
// the proof, its path perhaps a person's id.
func unaddressed(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
