// Package oauth gets bearer tokens for a mailbox and keeps them fresh: by
// client credentials, or by a refresh token that lives in a file.
//
// A provider may replace the refresh token with every use and forget the old
// one. The new one is therefore on disk before anything uses what came with
// it; when it cannot be written, the error is told and the file stays as it
// was.
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const (
	requestLimit = 15 * time.Second
	// skew is how far the provider's clock may be off.
	skew = 5 * time.Minute
)

// Source hands out tokens. It is safe for concurrent use: one request is made
// for all who wait, whatever comes of it.
type Source struct {
	config Config
	client *http.Client

	failures atomic.Int64 // requests without a token

	mutex sync.Mutex // held while asking: the others wait for the same answer
	// application and person ask in the two flows. They are kept because they
	// learn in which of two ways the provider wants the client's secret.
	application clientcredentials.Config
	person      oauth2.Config

	token   string
	renewAt time.Time
	expires time.Time
	failure error  // of the last of failures
	unsaved string // a new refresh token that could not be written yet
}

// New returns a source. It asks for nothing yet. A nil client means one
// without proxies of its own; its time limit is set here.
func New(c Config, client *http.Client) *Source {
	bounded := http.Client{
		Timeout:       requestLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the secret is for TokenURL alone
	}
	if client != nil {
		bounded.Transport = client.Transport
	}
	return &Source{
		config: c, client: &bounded,
		application: clientcredentials.Config{ClientID: c.ClientID, TokenURL: c.TokenURL, Scopes: c.Scopes},
		person:      oauth2.Config{ClientID: c.ClientID, Endpoint: oauth2.Endpoint{TokenURL: c.TokenURL}, Scopes: c.Scopes},
	}
}

// Token returns a token that is good for a while. refused is a token that the
// mail server did not take, or empty: the same one is not returned again.
func (s *Source) Token(ctx context.Context, refused string) (string, error) {
	before := s.failures.Load()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := time.Now()
	if s.token != "" && s.token != refused && now.Before(s.renewAt) {
		return s.token, nil
	}
	if s.failures.Load() == before { // nobody has asked while we waited
		token, err := s.request(ctx)
		switch {
		case err == nil:
			s.token, s.expires, s.renewAt = token.AccessToken, token.Expiry, renewal(now, token.Expiry)
			return s.token, nil
		case ctx.Err() != nil: // says nothing to the others
			return "", err
		}
		s.failure = err
		s.failures.Add(1)
	}
	if s.token != "" && s.token != refused && now.Before(s.expires) {
		return s.token, nil // still good; the next call tries again
	}
	return "", s.failure
}

// renewal is at 80 % of a token's life, and before clocks can disagree about
// its end. A token without an end is asked for anew each hour.
func renewal(now, expires time.Time) time.Time {
	if expires.IsZero() {
		return now.Add(time.Hour)
	}
	life := expires.Sub(now)
	at := now.Add(life * 8 / 10)
	if limit := expires.Add(-skew); limit.Before(at) && limit.After(now) {
		at = limit
	}
	return at
}

// request asks the provider. A refresh is not broken off when ctx ends: the
// provider may have forgotten the old refresh token, and the new one be on its
// way.
func (s *Source) request(ctx context.Context) (*oauth2.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("get token: %w", err)
	}
	if s.config.Flow == RefreshToken {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.client)
	secret, err := s.secret()
	if err != nil {
		return nil, err
	}
	var token *oauth2.Token
	if s.config.Flow == RefreshToken {
		token, err = s.refresh(ctx, secret)
	} else {
		s.application.ClientSecret = secret
		token, err = s.application.Token(ctx)
	}
	if err != nil {
		return nil, describe(err)
	}
	return token, nil
}

// refresh spends the refresh token and keeps the new one. A new one that
// cannot be written is remembered and written first the next time, because the
// provider may have forgotten the old one already.
func (s *Source) refresh(ctx context.Context, secret string) (*oauth2.Token, error) {
	if err := s.save(); err != nil {
		return nil, err
	}
	old, err := readSecret(s.config.RefreshTokenFile)
	if err != nil {
		return nil, fmt.Errorf("read refresh token: %w", err)
	}
	s.person.ClientSecret = secret
	token, err := s.person.TokenSource(ctx, &oauth2.Token{RefreshToken: old}).Token()
	if err != nil {
		return nil, err
	}
	if token.RefreshToken != old {
		s.unsaved = token.RefreshToken
	}
	return token, s.save()
}

// save writes a new refresh token that is not on disk yet.
func (s *Source) save() error {
	if s.unsaved == "" {
		return nil
	}
	if err := replace(s.config.RefreshTokenFile, s.unsaved); err != nil {
		return fmt.Errorf("keep new refresh token: %w", err)
	}
	s.unsaved = ""
	return nil
}

func (s *Source) secret() (string, error) {
	if s.config.ClientSecretFile == "" {
		return string(s.config.ClientSecret), nil
	}
	secret, err := readSecret(s.config.ClientSecretFile)
	if err != nil {
		return "", fmt.Errorf("read client secret: %w", err)
	}
	return secret, nil
}

// describe keeps of a provider's refusal what helps and cannot hold a secret:
// its answers quote requests and tokens.
func describe(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		code := refused.ErrorCode
		if code == "" || strings.ContainsFunc(code, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
			code = "no error code"
		}
		return fmt.Errorf("get token: provider refused: %s (HTTP %d)", code, refused.Response.StatusCode)
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return errors.New("get token: provider did not answer in time")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("get token: %w", op)
	}
	var path *os.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("get token: %w", path)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("get token: %w", context.Canceled)
	}
	var way *url.Error
	if errors.As(err, &way) {
		text, _, _ := strings.Cut(way.Err.Error(), `"`) // the rest may quote the answer
		return fmt.Errorf("get token: %s", text)
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "oauth2: "), ":") // as above
	return fmt.Errorf("get token: %s", text)
}
