package email

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"contactd/channels/channelstest"
	"contactd/channels/email/imap"
	"contactd/channels/email/oauth"
	"contactd/channels/email/smtp/smtptest"
	"contactd/contact"
	"contactd/deploy/servers"
)

// provide starts a token endpoint that hands out what issue returns for its
// n-th request.
func provide(t *testing.T, issue func(n int64) string) (url string) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": issue(asked.Add(1)), "token_type": "Bearer", "expires_in": 3600})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// useTokens makes an account log in with tokens from url.
func useTokens(a *Account, mechanism imap.Mechanism, url string) {
	a.Password, a.Auth = "", mechanism
	a.OAuth = oauth.Config{TokenURL: url, ClientID: "desk", ClientSecret: "secret"}
}

func TestTokensOpenTheMailbox(t *testing.T) {
	for _, mechanism := range []imap.Mechanism{imap.XOAuth2, imap.OAuthBearer} {
		t.Run(string(mechanism), func(t *testing.T) {
			b := newBench(t)
			useTokens(&b.config.Accounts[0], mechanism, provide(t, func(int64) string {
				return b.server.Token(t, "contact", time.Now().Add(time.Hour))
			}))
			b.server.Deliver(t, "contact", "INBOX", mailNumber(0))
			b.receive(t)
			wantEach(t, b.await(t, 1), mailNumbers(0, 1))
		})
	}
}

func TestARefusedTokenIsReplacedOnceWithoutAnAlarm(t *testing.T) {
	for _, mechanism := range []imap.Mechanism{imap.XOAuth2, imap.OAuthBearer} {
		t.Run(string(mechanism), func(t *testing.T) {
			b := newBench(t)
			useTokens(&b.config.Accounts[0], mechanism, provide(t, func(n int64) string {
				if n == 1 {
					return b.server.Token(t, "contact", time.Now().Add(-time.Minute))
				}
				return b.server.Token(t, "contact", time.Now().Add(time.Hour))
			}))
			b.server.Deliver(t, "contact", "INBOX", mailNumber(0))
			b.receive(t)
			wantEach(t, b.await(t, 1), mailNumbers(0, 1))
			if failures := b.health.Failures(); len(failures) > 0 {
				t.Errorf("told %v", failures)
			}
		})
	}
}

func TestAWrongTokenIsToldAndTriedAgain(t *testing.T) {
	for _, mechanism := range []imap.Mechanism{imap.XOAuth2, imap.OAuthBearer} {
		t.Run(string(mechanism), func(t *testing.T) {
			b := newBench(t)
			var mended atomic.Bool
			useTokens(&b.config.Accounts[0], mechanism, provide(t, func(int64) string {
				if mended.Load() {
					return b.server.Token(t, "contact", time.Now().Add(time.Hour))
				}
				return "no.token.atall"
			}))
			b.server.Deliver(t, "contact", "INBOX", mailNumber(0))
			b.receive(t)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			err := b.health.Await(ctx, Kind, "contact", func(err error, _ bool) bool {
				var refused *imap.Refused
				return errors.As(err, &refused) && refused.Login
			})
			if err != nil {
				t.Fatal(err, b.server.Log())
			}
			mended.Store(true)
			wantEach(t, b.await(t, 1), mailNumbers(0, 1))
		})
	}
}

func TestAServerThatAsksAboutTokensIsServed(t *testing.T) {
	const good = "opaque-token"
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"active": r.FormValue("token") == good, "username": "contact"})
	}))
	t.Cleanup(answers.Close)
	b := &bench{
		server: servers.Dovecot(t, servers.DovecotOptions{Introspect: answers.URL + "/introspect"}),
		inbox:  &channelstest.Inbox{}, blobs: &channelstest.Blobs{}, health: &channelstest.Health{},
	}
	b.config.Accounts = []Account{accountOn(b.server, "contact")}
	useTokens(&b.config.Accounts[0], imap.XOAuth2, provide(t, func(n int64) string {
		if n == 1 {
			return "withdrawn"
		}
		return good
	}))
	b.server.Deliver(t, "contact", "INBOX", mailNumber(0))
	b.receive(t)
	wantEach(t, b.await(t, 1), mailNumbers(0, 1))
}

func TestTheWayOutHasATokenOfItsOwnWhenItsOAuthDiffers(t *testing.T) {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": "token of " + r.FormValue("refresh_token"), "token_type": "Bearer", "expires_in": 3600})
	}))
	t.Cleanup(endpoint.Close)
	consent := func(of string) oauth.Config {
		file := filepath.Join(t.TempDir(), "refresh")
		if err := os.WriteFile(file, []byte(of), 0o600); err != nil {
			t.Fatal(err)
		}
		return oauth.Config{TokenURL: endpoint.URL, ClientID: "desk", Flow: oauth.RefreshToken, RefreshTokenFile: file}
	}
	var said string
	server := smtptest.Start(t, smtptest.Options{Offers: []string{"AUTH XOAUTH2"}, Login: func(_, text string) bool { said = text; return true }})
	a := Account{Name: "contact", Address: "mail.example.org", User: "inbox@force.example", Auth: imap.XOAuth2, OAuth: consent("the inbox"), ThreadKeyFile: threadKeys(t)}
	a.SMTP = throughRelay(server)
	a.SMTP.From, a.SMTP.User, a.SMTP.Auth, a.SMTP.OAuth = force, "desk@force.example", imap.XOAuth2, consent("the desk")
	ch, err := New(Config{Accounts: []Account{a}}, Deps{Health: &channelstest.Health{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Reply(t.Context(), answerTo(jo), theReply(contact.ConversationID(Kind, "contact", "x"), "1", "hello")); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "desk@force.example") || !strings.Contains(said, "Bearer token of the desk") {
		t.Errorf("logged in with %q", said)
	}
}
