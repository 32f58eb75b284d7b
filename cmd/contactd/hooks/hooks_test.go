package hooks

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/proxy"
	"contactd/channels/webhook"
)

func receiver(t *testing.T, path string) *webhook.Receiver {
	t.Helper()
	r, err := webhook.New(webhook.Config{
		Channel: "test", Path: path, Limit: 1 << 10,
		Verify: func(*http.Request, []byte) error { return nil },
		Take: func(ctx context.Context, inbox channels.Inbox, body []byte) error {
			return inbox.Accept(ctx, []channels.Original{{Channel: "test", Account: "a", ID: string(body)}}, channels.Cursor{})
		},
		Challenge: func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOnlyReceiversAreShown(t *testing.T) {
	one := receiver(t, "/one")
	l, err := Listen(Config{Listen: "127.0.0.1:0"}, []*webhook.Receiver{one, receiver(t, "/two")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Serve() }()
	defer func() {
		if err := errors.Join(l.Close(context.Background()), <-ended); err != nil {
			t.Error(err)
		}
	}()
	var inbox channelstest.Inbox
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go one.Receive(ctx, &inbox)
	for path, want := range map[string]int{"/one": 200, "/two": 200, "/": 404, "/metrics": 404, "/healthz": 404, "/one/": 404, "/readyz": 404} {
		response, err := http.Get(l.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want || response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, want %d; %v", path, response.StatusCode, want, response.Header)
		}
	}
}

func TestTwoChannelsOnOnePathAreAMistake(t *testing.T) {
	if _, err := Listen(Config{Listen: "127.0.0.1:0"}, []*webhook.Receiver{receiver(t, "/x"), receiver(t, "/x")}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("passed")
	}
}

func TestXForwardedForIsBelievedOnlyFromTrustedProxies(t *testing.T) {
	trusted, err := proxy.Parse("", []string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for peer, want := range map[string]string{"203.0.113.9:4711": "203.0.113.9", "10.1.2.3:4711": "198.51.100.1", "pipe": "pipe"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "198.51.100.1")
		fromOrigin(trusted, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.RemoteAddr != want {
				t.Errorf("%s: %s, want %s", peer, r.RemoteAddr, want)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}

func TestMistakesAreToldWithTheirKeys(t *testing.T) {
	for key, c := range map[string]Config{
		"webhooks.listen: want host:port, got \"8090\"":                                               {Listen: "8090"},
		"webhooks.cert_file: needs webhooks.key_file, and the other way round":                        {CertFile: "x"},
		"webhooks.trusted_proxies[0]: want an address or a network such as 10.0.0.0/8, got \"proxy\"": {TrustedProxies: []string{"proxy"}},
	} {
		if err := c.Validate(); err == nil || err.Error() != key {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
