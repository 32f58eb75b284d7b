package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// Refreshing gets access tokens of OAuth 2.0 for a refresh token. X gives a new
// refresh token with each and forgets the old one, so the new one is on disk
// before anything uses what came with it.
type Refreshing struct {
	// ClientID names the application; SecretFile holds its secret, empty for
	// a public one.
	ClientID, SecretFile string
	TokenURL             string
	// File holds the refresh token; its folder must be writable.
	File string
	// Now is the clock, nil for time.Now.
	Now func() time.Time

	mutex   sync.Mutex // held while asking: the others wait for the same answer
	token   string
	expires time.Time
	unsaved string // a new refresh token that could not be written yet
}

// early is how long before its end a token is replaced: calls take time and
// clocks differ.
const early = 5 * time.Minute

// Token returns a token that is good for a while.
func (r *Refreshing) Token(ctx context.Context) (string, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	if r.token != "" && now().Before(r.expires.Add(-early)) {
		return r.token, nil
	}
	if err := r.save(); err != nil {
		return "", err
	}
	words, err := wordsOf(r.File)
	if err != nil || len(words) != 1 {
		return "", errors.Join(errors.New("read refresh token: want one in "+r.File), err)
	}
	secret, err := r.secret()
	if err != nil {
		return "", err
	}
	// Whoever waits may give up, but X forgets the old token all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: transport})
	c := oauth2.Config{ClientID: r.ClientID, ClientSecret: secret, Endpoint: oauth2.Endpoint{TokenURL: r.TokenURL, AuthStyle: styleOf(secret)}}
	token, err := c.TokenSource(ctx, &oauth2.Token{RefreshToken: words[0]}).Token()
	if err != nil {
		return "", describe(err)
	}
	if token.RefreshToken != "" && token.RefreshToken != words[0] {
		r.unsaved = token.RefreshToken
	}
	if err := r.save(); err != nil {
		return "", err
	}
	life := time.Duration(token.ExpiresIn) * time.Second
	if life <= 0 {
		life = 2 * time.Hour // X's documented life
	}
	r.token, r.expires = token.AccessToken, now().Add(life)
	return r.token, nil
}

func (r *Refreshing) secret() (string, error) {
	if r.SecretFile == "" {
		return "", nil
	}
	words, err := wordsOf(r.SecretFile)
	if err != nil || len(words) != 1 {
		return "", errors.Join(errors.New("read client secret: want one in "+r.SecretFile), err)
	}
	return words[0], nil
}

// Over implements Auth.
func (r *Refreshing) Over(ctx context.Context, base http.RoundTripper) (http.RoundTripper, error) {
	return Bearer{Token: r.Token}.Over(ctx, base)
}

// Refused implements refusable: X may end a token before its time.
func (r *Refreshing) Refused() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.token = ""
}

// styleOf is how an application names itself: by a header, or if it has no
// secret in the body.
func styleOf(secret string) oauth2.AuthStyle {
	if secret == "" {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// save writes a new refresh token that is not on disk yet, so that the file
// holds the old or the new one whatever happens.
func (r *Refreshing) save() error {
	if r.unsaved == "" {
		return nil
	}
	dir := filepath.Dir(r.File)
	temporary, err := os.CreateTemp(dir, ".token-") // mode 0600
	if err != nil {
		return fmt.Errorf("keep new refresh token: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(r.unsaved + "\n")
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), r.File)
	}
	if err != nil {
		return fmt.Errorf("keep new refresh token: %w", err)
	}
	r.unsaved = ""
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("keep new refresh token: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// describe keeps of a refusal what helps and cannot hold a secret.
func describe(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		code := refused.ErrorCode
		if code == "" || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
			code = "no error code"
		}
		return fmt.Errorf("get token: X refused: %s (HTTP %d)", code, refused.Response.StatusCode)
	}
	return fmt.Errorf("get token: %w", unnamed(err))
}
