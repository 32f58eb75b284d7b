package webhook_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/webhook"
)

const key = "planted-secret-1"

// line is a platform's call with the parts that a test changes.
type line struct {
	inbox    channelstest.Inbox
	log      bytes.Buffer
	registry *prometheus.Registry
	receiver *webhook.Receiver
	server   *httptest.Server
}

func listen(t *testing.T, change func(*webhook.Config)) *line {
	t.Helper()
	l := &line{registry: prometheus.NewRegistry()}
	secrets := webhook.FixedSecrets(key, "planted-secret-2")
	c := webhook.Config{
		Channel: "test", Path: "/test", Limit: 1 << 20, Metrics: l.registry,
		Log: slog.New(slog.NewTextHandler(&l.log, nil)),
		Verify: func(r *http.Request, body []byte) error {
			mac, err := hex.DecodeString(r.Header.Get("X-Signature"))
			return errors.Join(err, secrets.Check(body, mac))
		},
		Take: func(ctx context.Context, inbox channels.Inbox, body []byte) error {
			return inbox.Accept(ctx, []channels.Original{{Channel: "test", Account: "a", ID: string(body), Bytes: body}}, channels.Cursor{})
		},
		Challenge: func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.FormValue("challenge")) },
	}
	if change != nil {
		change(&c)
	}
	var err error
	if l.receiver, err = webhook.New(c); err != nil {
		t.Fatal(err)
	}
	l.server = httptest.NewServer(l.receiver)
	t.Cleanup(l.server.Close)
	return l
}

// receive opens the receiver until the test or the returned function ends it.
func (l *line) receive(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { l.receiver.Receive(ctx, &l.inbox); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	for end := time.Now().Add(5 * time.Second); l.post(t, "ready", key) != http.StatusOK; {
		if time.Now().After(end) {
			t.Fatal("the receiver does not open")
		}
	}
	return stop
}

func (l *line) post(t *testing.T, body, secret string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.server.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Signature", hex.EncodeToString(webhook.Sign(secret, []byte(body))))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestADeliveryIsAcceptedBeforeThePlatformIsTold(t *testing.T) {
	l := listen(t, nil)
	if status := l.post(t, "early", key); status != http.StatusServiceUnavailable {
		t.Errorf("before Receive runs: %d", status)
	}
	stop := l.receive(t)
	if status := l.post(t, "one", key); status != http.StatusOK {
		t.Errorf("while Receive runs: %d", status)
	}
	l.inbox.Refuse(func([]channels.Original) error { return errors.New("the disk is full") })
	if status := l.post(t, "two", key); status != http.StatusServiceUnavailable {
		t.Errorf("while the inbox refuses: %d", status)
	}
	l.inbox.Refuse(nil)
	stop()
	if status := l.post(t, "three", key); status != http.StatusServiceUnavailable {
		t.Errorf("after Receive has ended: %d", status)
	}
	if got := l.inbox.Accepted(); len(got) != 2 || string(got[1].Bytes) != "one" {
		t.Errorf("accepted %d originals", len(got))
	}
}

func TestOnlyWhatThePlatformSignedIsTaken(t *testing.T) {
	l := listen(t, nil)
	l.receive(t)
	for secret, want := range map[string]int{key: 200, "planted-secret-2": 200, "another": 401, "": 401} {
		if status := l.post(t, "signed with "+secret, secret); status != want {
			t.Errorf("secret %q: %d, want %d", secret, status, want)
		}
	}
	if len(l.inbox.Accepted()) != 3 {
		t.Errorf("%d were accepted", len(l.inbox.Accepted()))
	}
	if told := l.log.String(); strings.Contains(told, "planted") || strings.Count(told, "bad signature") != 1 {
		t.Errorf("the log says %s", told)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	l := listen(t, func(c *webhook.Config) { c.Limit = 100 << 10 })
	l.receive(t)
	for size, want := range map[int]int{100 << 10: 200, 100<<10 + 1: 413, 90 << 10: 200} {
		if status := l.post(t, strings.Repeat("x", size), key); status != want {
			t.Errorf("%d bytes: %d, want %d", size, status, want)
		}
	}
	// Without a length it is found while reading.
	body := strings.Repeat("x", 200<<10)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, l.server.URL, io.MultiReader(strings.NewReader(body)))
	request.Header.Set("X-Signature", hex.EncodeToString(webhook.Sign(key, []byte(body))))
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		response.Body.Close()
		if response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("chunked: %d", response.StatusCode)
		}
	}
	if n := strings.Count(l.log.String(), "larger than"); n != 1 { // of several, or strangers could fill the disk
		t.Errorf("told %d times", n)
	}
}

func TestThePlatformMakesSureOfUsWhetherOrNotReceiveRuns(t *testing.T) {
	l := listen(t, nil)
	response, err := http.Get(l.server.URL + "?challenge=1158201444")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); string(body) != "1158201444" {
		t.Errorf("answered %q", body)
	}
	deaf := listen(t, func(c *webhook.Config) { c.Challenge = nil })
	if response, err = http.Get(deaf.server.URL); err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("without a challenge: %v, %v", response.StatusCode, err)
	}
	response.Body.Close()
}

func TestSecretsAreReadAgainWhenTheirFileChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	write := func(text string, at int) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Unix(int64(at), 0)); err != nil {
			t.Fatal(err)
		}
	}
	secrets := webhook.SecretsIn("secret_file", file)
	if _, err := secrets.Keys(); err == nil || !strings.HasPrefix(err.Error(), "secret_file: ") {
		t.Errorf("a missing file: %v", err)
	}
	write("old\n", 1)
	check := func(secret string) error { return secrets.Check([]byte("body"), webhook.Sign(secret, []byte("body"))) }
	if check("old") != nil || check("new") == nil {
		t.Error("before the change")
	}
	write("new\nold\n", 2)
	if check("old") != nil || check("new") != nil {
		t.Error("both are believed during the change")
	}
	write("new\n", 3)
	if check("old") == nil || check("new") != nil {
		t.Error("after the change")
	}
	write("a b c d e", 4)
	if check("new") != nil {
		t.Error("a file that is no list of secrets took those away that were known")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if check("new") != nil || check("old") == nil {
		t.Error("a file that is gone changed what was known")
	}
}

func TestSecretsThatCannotBeReadAreWaitedForAndToldOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	secrets := webhook.SecretsIn("secret_file", file)
	var told []error
	secrets.Await(t.Context(), time.Millisecond, func(err error) {
		if told = append(told, err); err != nil {
			time.AfterFunc(20*time.Millisecond, func() { _ = os.WriteFile(file, []byte("key"), 0o600) })
		}
	})
	if len(told) != 2 || !errors.Is(told[0], fs.ErrNotExist) || told[1] != nil {
		t.Errorf("told %v", told)
	}
	secrets.Await(t.Context(), time.Hour, func(err error) { t.Errorf("of what can be read %v was told", err) })
}

func TestAWrongConfigurationIsRefused(t *testing.T) {
	for _, path := range []string{"", "/", "facebook", "/a/", "/a//b", "/a/../b", "/{x}", "/a b"} {
		_, err := webhook.New(webhook.Config{
			Path: path, Limit: 1,
			Verify: func(*http.Request, []byte) error { return nil },
			Take:   func(context.Context, channels.Inbox, []byte) error { return nil },
		})
		if err == nil {
			t.Errorf("path %q passed", path)
		}
	}
	if _, err := webhook.New(webhook.Config{Path: "/x"}); err == nil {
		t.Error("a receiver that verifies nothing passed")
	}
}
