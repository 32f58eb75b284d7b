package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/dghubble/oauth1"
)

// OAuth1 signs in an account's name with OAuth 1.0a, whose tokens do not
// expire.
type OAuth1 struct {
	// Key is the application's consumer key, Secret returns its secret.
	Key    string
	Secret func() (string, error)
	// TokenFile holds the account's token and its secret, one a line. It is
	// read at every call, so that a new one needs no restart.
	TokenFile string
}

// Over implements Auth.
func (a OAuth1) Over(ctx context.Context, base http.RoundTripper) (http.RoundTripper, error) {
	secret, err := a.Secret()
	if err != nil {
		return nil, err
	}
	words, err := wordsOf(a.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	if len(words) != 2 {
		return nil, fmt.Errorf("read token: %s: want two lines, the token and its secret", a.TokenFile)
	}
	// The library takes the transport below it from the context.
	ctx = context.WithValue(ctx, oauth1.HTTPClient, &http.Client{Transport: base})
	return oauth1.NewConfig(a.Key, secret).Client(ctx, oauth1.NewToken(words[0], words[1])).Transport, nil
}

// Bearer is a token that goes along with each call.
type Bearer struct {
	// Token returns it; it is asked before every call.
	Token func(ctx context.Context) (string, error)
}

// Over implements Auth.
func (b Bearer) Over(ctx context.Context, base http.RoundTripper) (http.RoundTripper, error) {
	token, err := b.Token(ctx)
	if err != nil {
		return nil, err
	}
	return bearing{token, base}, nil
}

// bearing adds a token to calls.
type bearing struct {
	token string
	base  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bearing) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+b.token)
	return b.base.RoundTrip(request)
}

// BearerFile is the application's token, read at every call.
func BearerFile(file string) Bearer {
	return Bearer{Token: func(context.Context) (string, error) {
		words, err := wordsOf(file)
		if err != nil {
			return "", fmt.Errorf("read bearer token: %w", err)
		}
		if len(words) != 1 {
			return "", fmt.Errorf("read bearer token: %s: want one", file)
		}
		return words[0], nil
	}}
}

func wordsOf(file string) ([]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(content) > 64<<10 {
		return nil, errors.New(file + " is too long")
	}
	return strings.Fields(string(content)), nil
}
