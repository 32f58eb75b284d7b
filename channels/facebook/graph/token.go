package graph

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
)

// pageToken is the token of a page, which Meta gives for that of a person or a
// system user: what concerns a page is answered to a page's token alone ("Page
// access tokens"). For a page's own token Meta gives the same.
type pageToken struct {
	mutex     sync.Mutex // held while asking: the others wait for the same answer
	of, token string     // the configured token, and what was given for it
}

// token is what proves in whose name a call is made.
func (c *Client) token(ctx context.Context, method, path string) (string, error) {
	own, err := c.config.Token()
	if err != nil {
		return "", &Error{Op: op(method, path), Kind: TokenDead, Certain: true, Err: err}
	}
	if c.config.Page == "" || path == debugToken {
		return own, nil
	}
	c.page.mutex.Lock()
	defer c.page.mutex.Unlock()
	if c.page.of == own {
		return c.page.token, nil
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	switch err = c.prove(ctx, http.MethodGet, c.config.Page, url.Values{"fields": {"access_token"}}, nil, "", own, &answer); {
	case err == nil && answer.Token != "":
		c.page.of, c.page.token = own, answer.Token
		return answer.Token, nil
	case err == nil || Is(err, Permission, Gone): // the call itself will tell what is wrong
		return own, nil
	default:
		return "", unsent(err)
	}
}

const debugToken = "debug_token"

// forget has the next call ask for the page's token again.
func (p *pageToken) forget(token string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.token == token {
		p.of = ""
	}
}

// unsent says that whatever went wrong with a question, nothing was written.
func unsent(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	sure := *e
	sure.Certain = true
	return &sure
}
