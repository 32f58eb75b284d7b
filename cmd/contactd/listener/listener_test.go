package listener_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/cmd/contactd/listener"
	"contactd/contact"
)

const (
	messageID = "m-0123456789abcdefghijklmnop"
	digest    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// shelf holds one original and one blob.
type shelf struct{}

func (shelf) Original(_ context.Context, name string) (listener.Original, error) {
	if name == "666" {
		return listener.Original{}, fmt.Errorf("open /var/lib/contactd/journal.db: disk error")
	}
	if name != "7" && name != messageID {
		return listener.Original{}, fmt.Errorf("original %s: %w", name, fs.ErrNotExist)
	}
	return listener.Original{
		Name: "7.eml", MediaType: "text/html\r\nX-Evil: yes", SHA256: digest, Size: 5,
		Bytes: io.NopCloser(strings.NewReader("<b>ü")),
	}, nil
}

func (shelf) Blob(sha256 string) (io.ReadCloser, error) {
	if sha256 != digest {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(strings.NewReader("%PDF")), nil
}

func (shelf) Store(_ context.Context, r io.Reader) (contact.Blob, error) {
	content, err := io.ReadAll(r)
	if string(content) == "full" {
		err = fmt.Errorf("%w: /var/lib/contactd", listener.ErrFull)
	}
	return contact.Blob{SHA256: digest, Size: int64(len(content)), MediaType: "text/plain"}, err
}

func start(t *testing.T, config listener.Config, ready listener.Readiness) string {
	t.Helper()
	return startLogging(t, config, ready, io.Discard)
}

func startLogging(t *testing.T, config listener.Config, ready listener.Readiness, log io.Writer) string {
	t.Helper()
	config.Listen = "127.0.0.1:0"
	l, err := listener.Listen(config, listener.Deps{
		Ready:     func(context.Context) listener.Readiness { return ready },
		Metrics:   prometheus.NewRegistry(),
		Originals: shelf{},
		Log:       slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.URL()
}

type answer struct {
	*http.Response
	body string
}

func get(t *testing.T, url string, change ...func(*http.Request)) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range change {
		each(request)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil && request.Method != http.MethodHead {
		t.Fatal(err)
	}
	return answer{response, string(body)}
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func proxied(r *http.Request) { r.Header.Set("X-Forwarded-For", "203.0.113.9") }

func TestAnOriginalIsHandedOutAsADownloadThatABrowserWillNotShow(t *testing.T) {
	url := start(t, listener.Config{}, listener.Readiness{})
	for path, want := range map[string]string{
		"/originals/7":            "<b>ü",
		"/originals/" + messageID: "<b>ü",
		"/blobs/" + digest:        "%PDF",
	} {
		a := get(t, url+path)
		h := a.Header
		switch {
		case a.StatusCode != http.StatusOK || a.body != want:
			t.Errorf("%s: %d %q", path, a.StatusCode, a.body)
		case h.Get("Content-Type") != "application/octet-stream",
			!strings.HasPrefix(h.Get("Content-Disposition"), "attachment"),
			h.Get("X-Content-Type-Options") != "nosniff",
			!strings.Contains(h.Get("Content-Security-Policy"), "sandbox"),
			h.Get("Cache-Control") != "no-store",
			h.Get("X-Content-Sha256") != digest,
			h.Get("X-Evil") != "":
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestWhatIsNotKeptIsNotFoundAndTheDiskIsNotTold(t *testing.T) {
	url := start(t, listener.Config{}, listener.Readiness{})
	for path, want := range map[string]int{
		"/originals/8": 404, "/originals/0": 404, "/originals/..%2f..%2fetc%2fpasswd": 404, "/originals/-1": 404,
		"/originals/m-short": 404, "/blobs/" + strings.Repeat("A", 64): 404, "/blobs/" + strings.Repeat("0", 64): 404,
		"/blobs/..%2fjournal.db": 404, "/originals/666": 500, "/": 404, "/originals/": 404, "/debug/pprof/": 404,
	} {
		a := get(t, url+path)
		if a.StatusCode != want || strings.Contains(a.body, "/var/lib") {
			t.Errorf("%s: %d %q, want %d", path, a.StatusCode, a.body, want)
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, a.Header)
		}
	}
}

func TestOriginalsNeedATokenOnceThereAreTokens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("# cad\nfirst\n\nsecond \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := start(t, listener.Config{TokensFile: file}, listener.Readiness{})
	for token, want := range map[string]int{"first": 200, "second": 200, "": 401, "# cad": 401, "fir": 401, "first2": 401} {
		if a := get(t, url+"/originals/7", bearer(token)); a.StatusCode != want {
			t.Errorf("token %q: %d, want %d", token, a.StatusCode, want)
		}
	}
	if a := get(t, url+"/originals/7"); a.StatusCode != 401 || a.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("without a token: %d", a.StatusCode)
	}
	if err := os.WriteFile(file, []byte("third\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	withdrawn, issued := get(t, url+"/blobs/"+digest, bearer("first")), get(t, url+"/blobs/"+digest, bearer("third"))
	if withdrawn.StatusCode != 401 || issued.StatusCode != 200 {
		t.Errorf("after a change of tokens: old %d, new %d", withdrawn.StatusCode, issued.StatusCode)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if a := get(t, url+"/originals/7", bearer("third")); a.StatusCode != 401 {
		t.Errorf("without the file of tokens: %d", a.StatusCode)
	}
}

func TestWithoutTokensOnlyProgramsOnThisMachineGetOriginals(t *testing.T) {
	url := start(t, listener.Config{}, listener.Readiness{})
	foreignName := func(r *http.Request) { r.Host = "rebound.example:8080" }
	says := func(header string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(header, "203.0.113.9") }
	}
	for name, change := range map[string]func(*http.Request){
		"through a proxy": proxied, "under a foreign name": foreignName,
		// As a proxy may be set up that gives its own address for the host.
		"with Forwarded": says("Forwarded"), "with X-Real-IP": says("X-Real-IP"), "with Via": says("Via"), "with X-Forwarded-Proto": says("X-Forwarded-Proto"),
	} {
		for _, path := range []string{"/originals/7", "/blobs/" + digest, "/metrics"} {
			if a := get(t, url+path, change); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s: %d", path, name, a.StatusCode)
			}
		}
	}
	if a := get(t, strings.Replace(url, "127.0.0.1", "localhost", 1)+"/originals/7"); a.StatusCode != 200 {
		t.Errorf("localhost: %d", a.StatusCode)
	}
}

func TestReadyTellsEveryPartToInsidersAndTheWholeToStrangers(t *testing.T) {
	at := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	url := start(t, listener.Config{}, listener.Readiness{
		Journal: listener.Part{Ready: true}, Broker: listener.Part{Ready: true, Detail: "embedded"}, Publishing: listener.Part{Ready: true},
		Channels: []listener.Account{{Channel: "email", Account: "control", FailingSince: &at, Error: "10.0.0.1->10.0.0.2: login refused"}},
	})
	a := get(t, url+"/readyz")
	var got listener.Readiness
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatal(err)
	}
	if a.StatusCode != 503 || got.Ready || !strings.Contains(a.body, "10.0.0.1->10.0.0.2: login refused") || got.Broker.Detail != "embedded" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := get(t, url+"/readyz", proxied); a.StatusCode != 503 || strings.TrimSpace(a.body) != "{\n  \"ready\": false\n}" {
		t.Errorf("stranger: %d %s", a.StatusCode, a.body)
	}
}

func TestReadyAnswers503WhileMessagesAreNotPublished(t *testing.T) {
	url := start(t, listener.Config{}, listener.Readiness{
		Journal: listener.Part{Ready: true}, Broker: listener.Part{Ready: true}, Publishing: listener.Part{Error: "wait"},
	})
	if a := get(t, url+"/readyz"); a.StatusCode != 503 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestReadyAnswers200WhenEverythingIsReady(t *testing.T) {
	ready := listener.Part{Ready: true}
	url := start(t, listener.Config{}, listener.Readiness{Journal: ready, Broker: ready, Publishing: ready})
	if a := get(t, url+"/readyz"); a.StatusCode != 200 || !strings.Contains(a.body, `"channels": []`) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := get(t, url+"/healthz", proxied); a.StatusCode != 200 || a.body != "alive\n" {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	url := start(t, listener.Config{}, listener.Readiness{})
	for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodTrace, http.MethodOptions} {
		if a := get(t, url+"/originals/7", func(r *http.Request) { r.Method = method }); a.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, a.StatusCode)
		}
	}
	if a := get(t, url+"/originals/7", func(r *http.Request) { r.Method = http.MethodHead }); a.StatusCode != 200 || a.body != "" {
		t.Errorf("HEAD: %d %q", a.StatusCode, a.body)
	}
}

func TestAClientThatSendsNoHeaderIsCutOffAndALongHeaderRefused(t *testing.T) {
	url := start(t, listener.Config{}, listener.Readiness{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: "+strings.Repeat("x", 64<<10)+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, 64)
	n, _ := conn.Read(reply)
	if !strings.Contains(string(reply[:n]), "431") {
		t.Errorf("got %q", reply[:n])
	}
}

func TestAMistakeInTheConfigNamesItsKey(t *testing.T) {
	for want, config := range map[string]listener.Config{
		"http.listen: ":    {Listen: "nowhere"},
		"http.cert_file: ": {CertFile: "a.pem"},
	} {
		if err := config.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func post(body string, change ...func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(strings.NewReader(body)), int64(len(body))
		for _, each := range change {
			each(r)
		}
	}
}

func TestAnUploadIsStoredAndNamed(t *testing.T) {
	url := start(t, listener.Config{}, listener.Readiness{})
	a := get(t, url+"/blobs", post("%PDF"))
	var blob contact.Blob
	if err := json.Unmarshal([]byte(a.body), &blob); err != nil || a.StatusCode != http.StatusCreated || blob.SHA256 != digest || blob.Size != 4 {
		t.Errorf("%d %s, %v", a.StatusCode, a.body, err)
	}
	if h := a.Header; h.Get("Content-Type") != "application/json; charset=utf-8" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", h)
	}
	if a := get(t, url+"/blobs", post("%PDF", proxied)); a.StatusCode != http.StatusForbidden {
		t.Errorf("from outside: %d", a.StatusCode)
	}
	large := strings.Repeat("x", listener.UploadLimit+1)
	if a := get(t, url+"/blobs", post(large)); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d %s", a.StatusCode, a.body)
	}
	if a := get(t, url+"/blobs", post(large, func(r *http.Request) { r.ContentLength = -1 })); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too large, and not said before: %d %s", a.StatusCode, a.body)
	}
	form := func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") }
	if a := get(t, url+"/blobs", post("--x", form)); a.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a form in place of the bytes: %d %s", a.StatusCode, a.body)
	}
	if a := get(t, url+"/blobs", post("full")); a.StatusCode != http.StatusInsufficientStorage || strings.Contains(a.body, "/var/lib") {
		t.Errorf("on a full disk: %d %s", a.StatusCode, a.body)
	}
}

func TestATokenThatIsNotReadWholeLetsNobodyIn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	url := start(t, listener.Config{TokensFile: file}, listener.Readiness{})
	long := strings.Repeat("#", 64<<10-2) + "\nsecret\n"
	for content, want := range map[string]int{long: 401, "\ufeffs\n": 200} { // an editor's mark is no part of a token
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if a := get(t, url+"/originals/7", bearer("s")); a.StatusCode != want {
			t.Errorf("%d, want %d", a.StatusCode, want)
		}
	}
}

func TestATokenThatIsRefusedForAnEmptyFileIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("# none yet\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	url := startLogging(t, listener.Config{TokensFile: file}, listener.Readiness{}, &log)
	if a := get(t, url+"/originals/7", bearer("s")); a.StatusCode != 401 || !strings.Contains(log.String(), "there is no token in "+file) {
		t.Errorf("%d, logged %s", a.StatusCode, log.String())
	}
}
