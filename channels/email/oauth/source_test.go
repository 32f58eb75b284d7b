package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// provider answers token requests in memory.
type provider struct {
	mutex   sync.Mutex
	asked   []url.Values
	respond func(n int, form url.Values) (status int, body string)
}

// RoundTrip answers a request.
func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	p.mutex.Lock()
	p.asked = append(p.asked, form)
	n := len(p.asked)
	p.mutex.Unlock()
	time.Sleep(time.Second) // in the bubble's time
	status, text := p.respond(n, form)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(text)), Request: r,
	}, nil
}

func hourly(n int, _ url.Values) (int, string) {
	return 200, fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, n)
}

func application() Config {
	return Config{TokenURL: "https://id.test/token", ClientID: "desk", ClientSecret: "planted-secret", Scopes: []string{"mail"}}
}

func TestATokenIsRenewedAtFourFifthsOfItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{respond: hourly}
		s := New(application(), &http.Client{Transport: p})
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "token-1"}, {47 * time.Minute, "token-1"}, {2 * time.Minute, "token-2"}, {0, "token-2"}} {
			time.Sleep(step.after)
			if token, err := s.Token(t.Context(), ""); token != step.want || err != nil {
				t.Errorf("after %s: %q, %v, want %s", step.after, token, err, step.want)
			}
		}
		if form := p.asked[0]; form.Get("grant_type") != "client_credentials" || form.Get("scope") != "mail" {
			t.Errorf("asked %v", form)
		}
	})
}

func TestManyAskersMakeOneRequest(t *testing.T) {
	// Without a bubble: who waits for a mutex does not let its clock go on.
	p := &provider{respond: hourly}
	s := New(application(), &http.Client{Transport: p})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if token, err := s.Token(context.Background(), ""); token != "token-1" || err != nil {
				t.Errorf("%q, %v", token, err)
			}
		})
	}
	all.Wait()
	if len(p.asked) != 1 {
		t.Errorf("%d requests", len(p.asked))
	}
}

func TestManyAskersHearOfOneRefusal(t *testing.T) {
	p := &provider{respond: func(int, url.Values) (int, string) { return 503, "down" }}
	s := New(application(), &http.Client{Transport: p})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if token, err := s.Token(context.Background(), ""); err == nil {
				t.Errorf("got %q", token)
			}
		})
	}
	all.Wait()
	if len(p.asked) > 2 { // in both ways to tell the secret
		t.Errorf("%d requests", len(p.asked))
	}
	asked := len(p.asked)
	if _, err := s.Token(t.Context(), ""); err == nil || len(p.asked) == asked {
		t.Errorf("who comes later does not ask: %v", err)
	}
}

func TestARefusedTokenIsNotGivenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(application(), &http.Client{Transport: &provider{respond: hourly}})
		first, _ := s.Token(t.Context(), "")
		if second, err := s.Token(t.Context(), first); second != "token-2" || err != nil {
			t.Errorf("%q, %v", second, err)
		}
		if third, err := s.Token(t.Context(), first); third != "token-2" || err != nil {
			t.Errorf("another folder with the old token: %q, %v", third, err)
		}
	})
}

func TestAGoodTokenOutlivesAProviderThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(application(), &http.Client{Transport: &provider{respond: func(n int, form url.Values) (int, string) {
			if n > 1 {
				return 503, "down"
			}
			return hourly(n, form)
		}}})
		s.Token(t.Context(), "")
		time.Sleep(50 * time.Minute)
		if token, err := s.Token(t.Context(), ""); token != "token-1" || err != nil {
			t.Errorf("%q, %v", token, err)
		}
		time.Sleep(11 * time.Minute)
		if token, err := s.Token(t.Context(), ""); err == nil {
			t.Errorf("an expired token was given: %q", token)
		}
	})
}

// person is the configuration of a mailbox that somebody consented to.
func person(t *testing.T, token string) Config {
	c := application()
	c.Flow = RefreshToken
	c.RefreshTokenFile = filepath.Join(t.TempDir(), "tokens", "refresh")
	if err := errors.Join(os.Mkdir(filepath.Dir(c.RefreshTokenFile), 0o700), os.WriteFile(c.RefreshTokenFile, []byte(token+"\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	return c
}

// rotating gives a new refresh token each time and takes only the newest.
func rotating(n int, form url.Values) (int, string) {
	if form.Get("refresh_token") != fmt.Sprintf("refresh-%d", n-1) {
		return 400, `{"error":"invalid_grant"}`
	}
	return 200, fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer","expires_in":3600,"refresh_token":"refresh-%d"}`, n, n)
}

func TestARotatedTokenIsOnDiskBeforeItIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := person(t, "refresh-0")
		for n := range 3 { // a new source each time, as after a restart
			s := New(c, &http.Client{Transport: &provider{respond: func(_ int, form url.Values) (int, string) { return rotating(n+1, form) }}})
			if token, err := s.Token(t.Context(), ""); token != fmt.Sprintf("token-%d", n+1) || err != nil {
				t.Fatalf("%q, %v", token, err)
			}
			kept, _ := readSecret(c.RefreshTokenFile)
			info, err := os.Stat(c.RefreshTokenFile)
			if err != nil || kept != fmt.Sprintf("refresh-%d", n+1) || info.Mode().Perm() != 0o600 {
				t.Errorf("the file holds %q, mode %v, %v", kept, info.Mode(), err)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(c.RefreshTokenFile), ".token-*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestARotatedTokenThatCannotBeWrittenIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := person(t, "refresh-0")
		dir := filepath.Dir(c.RefreshTokenFile)
		s := New(c, &http.Client{Transport: &provider{respond: func(n int, form url.Values) (int, string) {
			if n == 1 {
				os.Rename(dir, dir+".away")
			}
			return rotating(n, form)
		}}})
		if token, err := s.Token(t.Context(), ""); err == nil || strings.Contains(err.Error(), "refresh-") {
			t.Errorf("%q, %v, want an error", token, err)
		}
		os.Rename(dir+".away", dir)
		if token, err := s.Token(t.Context(), ""); token != "token-2" || err != nil {
			t.Errorf("%q, %v", token, err)
		}
	})
}

func TestARotatedTokenIsKeptThoughTheAskerHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := person(t, "refresh-0")
		ctx, leave := context.WithCancel(t.Context())
		p := &provider{respond: func(n int, form url.Values) (int, string) {
			leave() // as when the daemon stops, after the provider has forgotten the old token
			return rotating(n, form)
		}}
		s := New(c, &http.Client{Transport: p})
		token, _ := s.Token(ctx, "")
		if kept, err := readSecret(c.RefreshTokenFile); kept != "refresh-1" {
			t.Errorf("the file holds %q, %v", kept, err)
		}
		if _, err := s.Token(ctx, token); !errors.Is(err, context.Canceled) || len(p.asked) != 1 {
			t.Errorf("who comes too late asks as well: %v", err)
		}
	})
}

func TestErrorsOfTheProviderHoldNoSecret(t *testing.T) {
	for _, body := range []string{
		`{"error":"invalid_client","error_description":"planted-secret is wrong"}`,
		`{"error":"planted-secret"}`, "planted-secret", `{"access_token":`, `{"token_type":"planted-secret"}`,
	} {
		for _, status := range []int{200, 400, 500} {
			synctest.Test(t, func(t *testing.T) {
				s := New(application(), &http.Client{Transport: &provider{respond: func(int, url.Values) (int, string) { return status, body }}})
				_, err := s.Token(t.Context(), "")
				if err == nil || strings.Contains(err.Error(), "planted") {
					t.Errorf("%d %s became %v", status, body, err)
				}
			})
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", application(), application(), application()); strings.Contains(text, "planted") {
		t.Errorf("the configuration prints %s", text)
	}
}

func TestASilentProviderIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(application(), &http.Client{Transport: silent{}})
		begun := time.Now()
		_, err := s.Token(t.Context(), "")
		if err == nil || time.Since(begun) > requestLimit {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
	})
}

type silent struct{}

// RoundTrip waits for the caller to give up.
func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAllProblemsOfAConfigurationAreTold(t *testing.T) {
	err := Config{TokenURL: "http://id.example.org/", Flow: RefreshToken}.Validate()
	for _, want := range []string{"token_url: want https", "client_id: missing", "refresh_token_file: missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in %v", want, err)
		}
	}
	if err := application().Validate(); err != nil {
		t.Error(err)
	}
}
