package graph

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"contactd/channels/webhook"
)

const token = "planted-token"

// against makes a client of a server that answers by a function.
func against(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	client := New(Config{Base: server.URL, Version: "v26.0", Token: func() (string, error) { return token, nil }, Secrets: webhook.FixedSecrets("secret"), Slow: time.Millisecond})
	t.Cleanup(client.Close)
	return client
}

func TestEveryRefusalSaysWhatToDo(t *testing.T) {
	for body, want := range map[string]Kind{
		`{"error":{"code":190,"error_subcode":458}}`:          TokenDead,
		`{"error":{"code":190,"error_subcode":464}}`:          TokenDead,
		`{"error":{"code":102}}`:                              TokenDead,
		`{"error":{"code":10,"error_subcode":2018278}}`:       Window,
		`{"error":{"code":10,"error_subcode":2534022}}`:       Window,
		`{"error":{"code":10,"error_subcode":2018065}}`:       Window,
		`{"error":{"code":131047}}`:                           Window,
		`{"error":{"code":10,"error_subcode":1893063}}`:       Barred,
		`{"error":{"code":551}}`:                              Unreachable,
		`{"error":{"code":200,"error_subcode":1545041}}`:      Unreachable,
		`{"error":{"code":100,"error_subcode":2018108}}`:      Unreachable,
		`{"error":{"code":10}}`:                               Permission,
		`{"error":{"code":230}}`:                              Permission,
		`{"error":{"code":3}}`:                                Permission,
		`{"error":{"code":4}}`:                                Throttled,
		`{"error":{"code":80001}}`:                            Throttled,
		`{"error":{"code":80006}}`:                            Throttled,
		`{"error":{"code":613,"is_transient":true}}`:          Throttled,
		`{"error":{"code":80002}}`:                            Throttled, // Instagram
		`{"error":{"code":80007}}`:                            Throttled, // WhatsApp
		`{"error":{"code":130429}}`:                           Throttled,
		`{"error":{"code":131056}}`:                           Hasty,
		`{"error":{"code":131048}}`:                           Blocked,
		`{"error":{"code":131031}}`:                           Barred,
		`{"error":{"code":131042}}`:                           Barred,
		`{"error":{"code":133010}}`:                           Barred,
		`{"error":{"code":131026}}`:                           Unreachable,
		`{"error":{"code":368}}`:                              Blocked,
		`{"error":{"code":1}}`:                                Away,
		`{"error":{"code":2}}`:                                Away,
		`{"error":{"code":4711,"is_transient":true}}`:         Away,
		`{"error":{"code":100}}`:                              Gone,
		`{"error":{"code":506}}`:                              Gone,
		`{"error":{"code":10900}}`:                            Answered,
		`<html>a page of somebody in between</html>`:          Away,
		`{"error":"text"}`:                                    Away,
		`{"error":{"code":"190"}}`:                            Away,
		`{"error":{"code":100,"message":"planted words"}} {}`: Away,
		``: Away,
	} {
		got := readError("post messages", http.StatusBadRequest, []byte(body))
		if got.Kind != want || got.Certain != (want != Away) {
			t.Errorf("%s: %q, certain %v; want %q", body, got.Kind, got.Certain, want)
		}
	}
	if got := readError("post messages", http.StatusTooManyRequests, []byte(`{"error":{"code":4711}}`)); got.Kind != Throttled {
		t.Errorf("HTTP 429 with a new code: %q", got.Kind)
	}
	for status, want := range map[int]Kind{401: TokenDead, 429: Throttled, 500: Away, 503: Away, 301: Away, 404: Away} {
		if got := readError("get feed", status, nil); got.Kind != want {
			t.Errorf("HTTP %d: %q, want %q", status, got.Kind, want)
		}
	}
}

func TestACallIsProvenByWhicheverSecretMetaHas(t *testing.T) {
	for _, each := range []struct {
		keys []string
		good bool
	}{{[]string{"secret"}, true}, {[]string{"next", "secret"}, true}, {[]string{"secret", "last"}, true}, {[]string{"next"}, false}} {
		client := against(t, func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); string(body) != `{"message":"x"}` {
				t.Errorf("sent %q", body)
			}
			if r.URL.Query().Get("appsecret_proof") != hex.EncodeToString(webhook.Sign("secret", []byte(token))) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"error":{"code":100,"message":"Invalid appsecret_proof provided in the API argument"}}`)
				return
			}
			_, _ = io.WriteString(w, `{"id":"1"}`)
		})
		client.config.Secrets = webhook.FixedSecrets(each.keys...)
		var answer struct{ ID string }
		err := client.Post(t.Context(), "1/comments", map[string]string{"message": "x"}, &answer)
		if each.good && (err != nil || answer.ID != "1") || !each.good && (!Is(err, Unproven) || !Certain(err) || !Troubled(err)) {
			t.Errorf("with %v: %q, %v", each.keys, answer.ID, err)
		}
	}
}

func TestTheTokenStandsInTheHeaderAloneAndGoesNowhereElse(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	client := against(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.String(), token) || r.Header.Get("Authorization") != "Bearer "+token || r.URL.Query().Get("appsecret_proof") == "" {
			t.Errorf("called %s with %v", r.URL, r.Header)
		}
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	})
	if err := client.Get(t.Context(), "1/feed", nil, nil); !Is(err, Away) {
		t.Errorf("got %v", err)
	}
}

func TestAnErrorHoldsNeitherMetasWordsNorIdsOfPeople(t *testing.T) {
	client := against(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":{"code":100,"message":"planted words","fbtrace_id":"planted words","error_user_msg":"planted words"}}`)
	})
	for _, path := range []string{"24830117", "24830117/comments", "t_24830117/messages", "24830117_1"} {
		err := client.Get(t.Context(), path, nil, nil)
		if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "planted") || strings.Contains(text, "24830117") {
			t.Errorf("told %s", text)
		}
	}
}

func TestAnAnswerThatIsNotWholeIsNoAnswer(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"data":[`)
		},
		"no JSON":       func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `<html>`) },
		"another shape": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"data":7}`) },
		"empty":         func(http.ResponseWriter, *http.Request) {},
		"no list":       func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) },
		"no success":    func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"success":false}`) },
		"an error":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"error":{"code":1}}`) },
	} {
		client := against(t, answer)
		if _, err := client.List(t.Context(), "1/feed", nil); !Is(err, Away) || Certain(err) {
			t.Errorf("%s, as a list: %v", name, err)
		}
		if err := client.Do(t.Context(), "1", nil); !Is(err, Away) || Certain(err) {
			t.Errorf("%s, as word that it was done: %v", name, err)
		}
	}
}

func TestAListThatLeadsBackToItselfEnds(t *testing.T) {
	calls := 0
	client := against(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		_, _ = fmt.Fprintf(w, `{"data":[1],"paging":{"cursors":{"after":"%d"},"next":"https://x"}}`, calls%3)
	})
	if err := client.Walk(t.Context(), "1/feed", nil, func(List) (bool, error) { return true, nil }); err != nil || calls > 5 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestAPauseThatMetaAsksForIsKeptAndDoublesWithoutAWord(t *testing.T) {
	now := time.Date(2026, 11, 3, 21, 0, 0, 0, time.UTC)
	u := usage{now: func() time.Time { return now }}
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
		e := &Error{Kind: Throttled}
		u.failed(e)
		if e.Wait != want || u.throttled(pages) != want {
			t.Fatalf("a pause of %s, want %s", e.Wait, want)
		}
		now = now.Add(want)
		if u.throttled(pages) != 0 {
			t.Fatalf("after %s it is not over", want)
		}
	}
	u.worked()
	u.told(http.Header{"X-Business-Use-Case-Usage": {`{"1":[{"call_count":100,"estimated_time_to_regain_access":7}],"2":[{"call_count":3}]}`}})
	if u.throttled(pages) != 7*time.Minute || u.percent() != 100 {
		t.Errorf("told of 7 minutes and 100 %%: %s, %d", u.throttled(pages), u.percent())
	}
	now = now.Add(8 * time.Minute)
	if u.throttled(pages) != 0 || u.percent() != 0 {
		t.Errorf("8 minutes later: %s, %d", u.throttled(pages), u.percent())
	}
}

func TestConversationsAreReadTwiceASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &Client{conversations: rate.NewLimiter(2, 1)}
		began := time.Now()
		for _, path := range []string{"1/conversations", "t_1/messages", "1/feed", "1/conversations", "1/feed", "t_1/messages"} {
			if err := client.pace(t.Context(), path); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 1500*time.Millisecond {
			t.Errorf("4 reads took %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := client.pace(ctx, "1/conversations"); !Is(err, Throttled) || !Certain(err) {
			t.Errorf("a turn behind the end of the context: %v", err)
		}
		cancel()
		if err := client.pace(ctx, "1/conversations"); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: %v", err)
		}
	})
}

func FuzzErrorsAndUsage(f *testing.F) {
	f.Add(400, []byte(`{"error":{"message":"planted","type":"OAuthException","code":190,"error_subcode":463,"is_transient":false,"fbtrace_id":"AbC_-1"}}`), `{"call_count":28,"total_time":25,"total_cputime":25}`, `{"1":[{"type":"pages","call_count":95,"estimated_time_to_regain_access":19}]}`)
	f.Add(500, []byte(`{"error":{"code":1}}`), `{}`, `{"1":[]}`)
	f.Add(429, []byte(``), `x`, `{"1":[{"estimated_time_to_regain_access":99999999999}]}`)
	f.Add(200, []byte(`{"error":{"message":"must be one of {a, b} - got c","code":100}}`), `[]`, `{"1":[{"call_count":-5}]}`)
	f.Fuzz(func(t *testing.T, status int, body []byte, app, business string) {
		now := time.Date(2026, 11, 3, 21, 0, 0, 0, time.UTC)
		u := usage{now: func() time.Time { return now }}
		u.told(http.Header{"X-App-Usage": {app}, "X-Business-Use-Case-Usage": {business}})
		e := readError("get feed", status, body)
		u.failed(e)
		if e.Kind == "" || e.Kind == Away && e.Certain {
			t.Errorf("%d %q: %+v", status, body, e)
		}
		if wait := u.throttled(pages); wait < 0 || wait > 24*time.Hour || e.Wait > wait {
			t.Errorf("a pause of %s after %q %q", wait, app, business)
		}
		var p problem
		if json.Unmarshal(body, &p) == nil && len(p.Error.Message) > 40 && strings.Contains(e.Error(), p.Error.Message) {
			t.Errorf("Meta's words are told: %s", e)
		}
		if u.percent() < 0 {
			t.Errorf("%d %% are used after %q %q", u.percent(), app, business)
		}
	})
}
