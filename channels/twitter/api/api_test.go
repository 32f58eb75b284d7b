package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/channels/twitter/element"
)

// answering is a client of a server that answers one thing.
func answering(t *testing.T, status int, header map[string]string, body string) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for key, value := range header {
			w.Header().Set(key, value)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	c := New(Config{Base: server.URL, Auth: signed(t)})
	t.Cleanup(func() { c.Close(); server.Close() })
	return c
}

func signed(t *testing.T) Auth {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("token\nsecret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return OAuth1{Key: "key", Secret: func() (string, error) { return "consumer", nil }, TokenFile: file}
}

// TestNoRefusalIsSilent holds both versions to the same errors: the library of
// version 1.1 by itself loses most of them.
func TestNoRefusalIsSilent(t *testing.T) {
	for name, each := range map[string]struct {
		status  int
		body    string
		kind    Kind
		certain bool
	}{
		"v2 unauthorized":        {401, `{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}`, TokenDead, true},
		"v1 bad token":           {401, `{"errors":[{"code":89,"message":"Invalid or expired token."}]}`, TokenDead, true},
		"plan in v1":             {403, `{"errors":[{"code":453,"message":"You currently have access to a subset"}]}`, Closed, true},
		"plan in v2":             {403, `{"reason":"client-not-enrolled","type":"https://api.x.com/2/problems/client-forbidden","title":"Client Forbidden","status":403}`, Closed, true},
		"older problem host":     {403, `{"type":"https://api.twitter.com/2/problems/unsupported-authentication","title":"Unsupported Authentication","status":403}`, Closed, true},
		"usage cap":              {429, `{"type":"https://api.x.com/2/problems/usage-capped","title":"UsageCapExceeded","period":"Monthly"}`, Capped, true},
		"our clock is wrong":     {401, `{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}`, Askew, true},
		"too many posts a day":   {403, `{"errors":[{"code":185,"message":"User is over daily status update limit."}]}`, Throttled, true},
		"looks automated":        {403, `{"errors":[{"code":226,"message":"This request looks like it might be automated."}]}`, Throttled, true},
		"enhance your calm":      {420, ``, Throttled, true},
		"payment":                {402, `{"title":"CreditsDepleted","detail":"none left"}`, Capped, true},
		"too many in v2":         {429, `{"title":"Too Many Requests","status":429}`, Throttled, true},
		"too many in v1":         {429, `{"errors":[{"code":88,"message":"Rate limit exceeded"}]}`, Throttled, true},
		"too many without body":  {429, ``, Throttled, true},
		"reply not allowed":      {403, `{"detail":"You are not permitted","title":"Forbidden","status":403}`, Refused, true},
		"duplicate in v2":        {403, `{"detail":"You are not allowed to create a Tweet with duplicate content.","title":"Forbidden"}`, Duplicate, false},
		"duplicate in v1":        {403, `{"errors":[{"code":187,"message":"Status is a duplicate."}]}`, Duplicate, false},
		"gone":                   {404, `{"errors":[{"type":"https://api.twitter.com/2/problems/resource-not-found"}]}`, Gone, true},
		"no page in v1":          {404, `{"errors":[{"code":34,"message":"Sorry, that page does not exist."}]}`, Gone, true},
		"bad":                    {400, `{"errors":[{"message":"x"}],"title":"Invalid Request"}`, Bad, true},
		"errors as a text":       {403, `{"errors":"sorry"}`, Refused, true},
		"error as a text":        {401, `{"error":"Not authorized."}`, TokenDead, true},
		"over capacity":          {503, `<html>over capacity</html>`, Away, false},
		"empty refusal":          {403, ``, Refused, true},
		"a proxy's page":         {502, `<html>`, Away, false},
		"empty answer":           {200, ``, Away, false},
		"a page for an answer":   {200, `<html>`, Away, false},
		"no list nor its length": {200, `{}`, Away, false},
	} {
		c := answering(t, each.status, nil, each.body)
		for version, call := range map[string]func() error{
			"v2": func() error { _, err := V2{c}.Mentions(t.Context(), "1", "", ""); return err },
			"v1": func() error {
				_, err := V1{answering(t, each.status, nil, each.body)}.Mentions(t.Context(), "1", "", "")
				return err
			},
		} {
			err := call()
			var e *Error
			if !errors.As(err, &e) || e.Kind != each.kind {
				t.Errorf("%s in %s: %v, want %q", name, version, err, each.kind)
				continue
			}
			if each.status != 200 && e.Certain != each.certain {
				t.Errorf("%s in %s: certain %v", name, version, e.Certain)
			}
			if text := err.Error(); strings.Contains(text, "permitted") || strings.Contains(text, "sorry") {
				t.Errorf("%s in %s quotes X: %s", name, version, text)
			}
		}
	}
}

func TestPagesAreTakenApartPieceByPiece(t *testing.T) {
	// One post that the library cannot decode must not spoil the others.
	page := `[{"id":3,"id_str":"3","full_text":"a"},{"id":2,"id_str":"2","entities":{"polls":[{"duration_minutes":5}]}},"odd",{"id":1,"id_str":"1"}]`
	got, err := V1{answering(t, 200, nil, page)}.Mentions(t.Context(), "1", "", "")
	if err != nil || len(got.Things) != 4 || got.Next != "" {
		t.Errorf("%d things, next %q, %v", len(got.Things), got.Next, err)
	}
	got, err = V1{answering(t, 200, nil, `[{"id_str":"70"},{"id_str":"60"}]`)}.Mentions(t.Context(), "1", "", "")
	if err != nil || got.Next != "59" {
		t.Errorf("next %q, %v", got.Next, err)
	}
	got, err = V1{answering(t, 200, nil, `{"events":[{"id":"7"}],"next_cursor":12345}`)}.Messages(t.Context(), "")
	if err != nil || len(got.Things) != 1 || got.Next != "12345" {
		t.Errorf("a cursor that is a number: %+v, %v", got, err)
	}
	// Data and errors at once: the data count.
	both := `{"data":[{"id":"7"}],"errors":[{"type":"https://api.x.com/2/problems/resource-not-found","resource_id":"8"}],"meta":{"result_count":1}}`
	got, err = V2{answering(t, 200, nil, both)}.Mentions(t.Context(), "1", "", "")
	if err != nil || len(got.Things) != 1 || len(got.Problems) != 1 || got.Problems[0].Word() != "resource-not-found" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = V2{answering(t, 200, nil, `{"meta":{"result_count":0}}`)}.Mentions(t.Context(), "1", "", "")
	if err != nil || len(got.Things) != 0 {
		t.Errorf("an empty list: %+v, %v", got, err)
	}
	for _, lying := range []string{`{"meta":{"result_count":3}}`, `{"errors":[{"type":"/not-found"}]}`, `{"data":{}}`, `[]`} {
		if got, err := (V2{answering(t, 200, nil, lying)}).Mentions(t.Context(), "1", "", ""); err == nil {
			t.Errorf("%s passes for a list: %+v", lying, got)
		}
	}
}

func TestWindowsAreKept(t *testing.T) {
	now := time.Unix(1793740450, 0)
	l := limits{now: func() time.Time { return now }, calls: map[string]window{}}
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	l.told("a", header("x-rate-limit-limit", "15", "x-rate-limit-remaining", "0", "x-rate-limit-reset", "1793740550"))
	if wait, kind := l.before("a", true); wait != 100*time.Second || kind != Throttled {
		t.Errorf("wait %v, %s", wait, kind)
	}
	if wait, _ := l.before("b", true); wait != 0 {
		t.Errorf("another call waits %v", wait)
	}
	now = now.Add(101 * time.Second)
	if wait, _ := l.before("a", true); wait != 0 {
		t.Errorf("after the reset: %v", wait)
	}
	refused := &Error{Kind: Throttled}
	l.failed("b", refused)
	if wait, _ := l.before("b", false); wait != throttledPause || refused.Wait != throttledPause {
		t.Errorf("without a header: %v", wait)
	}
	l.told("post", header("x-user-limit-24hour-remaining", "0", "x-user-limit-24hour-reset", "1793800000"))
	if wait, _ := l.before("post", false); wait <= time.Hour {
		t.Errorf("the day's window: %v", wait)
	}
	l.failed("a", &Error{Kind: Capped})
	if wait, kind := l.before("b2", true); wait != cappedPause || kind != Capped {
		t.Errorf("capped: %v, %s", wait, kind)
	}
	if wait, _ := l.before("write", false); wait != 0 {
		t.Errorf("writing waits for a cap on reading: %v", wait)
	}
	// Nobody waits for longer than the longest window, whatever X says.
	l.told("far", header("x-rate-limit-limit", "15", "x-rate-limit-remaining", "0", "x-rate-limit-reset", "32503680000"))
	l.told("far post", header("x-app-limit-24hour-remaining", "0", "x-app-limit-24hour-reset", "32503680000"))
	for _, call := range []string{"far", "far post"} {
		if wait, _ := l.before(call, false); wait != longestPause {
			t.Errorf("%s: %v", call, wait)
		}
	}
	// Nonsense changes nothing.
	l.told("c", header("x-rate-limit-limit", "many", "x-rate-limit-remaining", "-", "x-rate-limit-reset", "999999999999999999999"))
	if wait, _ := l.before("c", false); wait != 0 {
		t.Errorf("nonsense makes wait %v", wait)
	}
}

func TestSecretsStayInTheirFiles(t *testing.T) {
	dir := t.TempDir()
	one := filepath.Join(dir, "one")
	if err := os.WriteFile(one, []byte("only-the-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := func() (string, error) { return "consumer", nil }
	for name, auth := range map[string]Auth{
		"one line":   OAuth1{Key: "key", Secret: secret, TokenFile: one},
		"no file":    OAuth1{Key: "key", Secret: secret, TokenFile: filepath.Join(dir, "none")},
		"no bearer":  BearerFile(filepath.Join(dir, "none")),
		"no refresh": &Refreshing{ClientID: "app", TokenURL: "http://127.0.0.1:1", File: filepath.Join(dir, "none")},
	} {
		c := New(Config{Base: "http://127.0.0.1:1", Auth: auth})
		_, err := V2{c}.Me(t.Context())
		if !Is(err, TokenDead) || !Certain(err) || strings.Contains(err.Error(), "only-the-token") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (V2{New(Config{Base: "http://127.0.0.1:1"})}).Me(t.Context()); !Is(err, Closed) {
		t.Errorf("without any: %v", err)
	}
}

func TestARefusedRefreshTellsNoSecret(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_request","error_description":"Value planted-refresh passed for the token was invalid."}`))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "refresh")
	if err := os.WriteFile(file, []byte("planted-refresh"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &Refreshing{ClientID: "app", TokenURL: server.URL, File: file}
	if _, err := r.Token(t.Context()); err == nil || strings.Contains(err.Error(), "planted") || !strings.Contains(err.Error(), "invalid_request") {
		t.Errorf("told %v", err)
	}
}

func TestANewRefreshTokenIsKeptThoughNobodyWaitsForItAnyMore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel() // X knows the old one no more
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"token_type":"bearer","access_token":"planted-access","refresh_token":"planted-new"}`))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "refresh")
	if err := os.WriteFile(file, []byte("planted-refresh"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &Refreshing{ClientID: "app", TokenURL: server.URL, File: file}
	_, err := r.Token(ctx)
	if kept, _ := os.ReadFile(file); strings.TrimSpace(string(kept)) != "planted-new" {
		t.Errorf("the file holds %q, told %v", kept, err)
	}
}

func TestTheEndOfAContextEndsACall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"v2": func() error {
			_, err := V2{New(Config{Base: "http://127.0.0.1:1", Auth: signed(t)})}.Me(ctx)
			return err
		},
		"v1": func() error {
			_, err := V1{New(Config{Base: "http://127.0.0.1:1", Auth: signed(t)})}.Me(ctx)
			return err
		},
	} {
		if err := call(); !errors.Is(err, context.Canceled) || !Certain(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAnswersNeverPassForWhatTheyAreNot(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"data":[],"meta":{"result_count":0}}`, `{"data":[{"id":"1"}],"includes":{"users":[{"id":"2"}]}}`, `{"errors":"x"}`, `{"errors":[1,"x",{}]}`,
		`{"meta":{"next_token":7}}`, `[]`, `null`, `{"data":null,"meta":null}`, `{"type":"https://x/usage-capped"}`, `{"error":{"message":"x"}}`,
	} {
		f.Add([]byte(seed), 200)
		f.Add([]byte(seed), 403)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		page, err := readPage(body)
		if err == nil && len(page.Things) == 0 && !strings.Contains(strings.ToLower(string(body)), "meta") && !strings.Contains(strings.ToLower(string(body)), "data") && !strings.Contains(string(body), "\\u") {
			t.Errorf("%s passes for an empty list", body)
		}
		_, _ = readLookUp(body)
		e := readError("get x", status, http.Header{}, body)
		if e.Kind == "" || len(e.Error()) > 300 {
			t.Errorf("%s is told as %s", body, e)
		}
		for _, thing := range page.Things {
			page.Includes.For(thing)
			element.ReadUser(thing)
		}
	})
}
