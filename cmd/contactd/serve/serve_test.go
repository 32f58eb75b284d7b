package serve

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/channels/certificate/certificatetest"
)

// issue writes a certificate and its key with a serial number, dated so that a
// change shows.
func issue(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	now := time.Now()
	cert, key = certificatetest.Issue(t, dir, serial, now, now.Add(time.Hour))
	at := time.Unix(1_800_000_000+serial, 0)
	if err := os.Chtimes(cert, at, at); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

const connections = 16

// open serves until the test ends.
func open(t *testing.T, c Config) *Server {
	t.Helper()
	c.Listen, c.Connections, c.WriteTimeout, c.Log = "127.0.0.1:0", connections, time.Minute, slog.New(slog.DiscardHandler)
	c.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	s := Listen(c)
	if err := s.Trouble(); err != nil {
		t.Fatal(err)
	}
	serve(t, s)
	return s
}

// serve serves until the test ends.
func serve(t *testing.T, s *Server) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve() }()
	t.Cleanup(func() {
		if err := errors.Join(s.Close(context.Background()), <-ended); err != nil {
			t.Error(err)
		}
	})
}

func TestARenewedCertificateNeedsNoRestart(t *testing.T) {
	dir := t.TempDir()
	cert, key := issue(t, dir, 1)
	s := open(t, Config{Name: "http", CertFile: cert, KeyFile: key})
	serial := func() int64 {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(s.URL(), "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("certificate %d", got)
	}
	issue(t, dir, 2)
	if got := serial(); got != 2 {
		t.Errorf("certificate %d after it was renewed", got)
	}
	if err := os.WriteFile(cert, []byte("half a certifi"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 {
		t.Errorf("certificate %d while the new one cannot be read", got)
	}
}

func TestWithoutACertificateItIsPlainAndBrowsersDoNothingWithAnAnswer(t *testing.T) {
	s := open(t, Config{Name: "http"})
	for range 2 { // also once it serves
		if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") {
			t.Errorf("answers at %s", s.URL())
		}
		response, err := http.Get(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		for _, header := range []string{"X-Content-Type-Options", "Content-Security-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy", "Cache-Control"} {
			if response.Header.Get(header) == "" {
				t.Errorf("no %s", header)
			}
		}
	}
}

func TestMistakesNameTheirSection(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for want, err := range map[string]error{
		`http.listen: want host:port, got "8080"`:                              Check("http", "8080", "", ""),
		`http.listen: want a port from 0 to 65535, got "99999"`:                Check("http", "127.0.0.1:99999", "", ""),
		"webhooks.cert_file: stat /nowhere":                                    Try("webhooks", "/nowhere", "/nowhere"),
		"webhooks.cert_file: needs webhooks.key_file, and the other way round": Check("webhooks", ":1", "", "x"),
		"webhooks.cert_file: ":                                                 Listen(Config{Name: "webhooks", Listen: "127.0.0.1:0", CertFile: "/nowhere", KeyFile: "/nowhere", Log: log}).Trouble(),
		"listen (http.listen): ":                                               Listen(Config{Name: "http", Listen: "256.0.0.1:1", Log: log}).Trouble(),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestAnAddressThatIsTakenIsOpenedAsSoonAsItIsFree(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Listen(Config{
		Name: "webhooks", Listen: other.Addr().String(), Connections: 16, WriteTimeout: time.Minute,
		Log: slog.New(slog.DiscardHandler), Handler: http.NotFoundHandler(),
	})
	if err := s.Trouble(); err == nil || !strings.Contains(err.Error(), "webhooks.listen") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("told %v", err)
	}
	if want := "http://" + other.Addr().String(); s.URL() != want {
		t.Errorf("will answer at %s, want %s", s.URL(), want)
	}
	serve(t, s)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	awaitOpen(t, s)
}

func TestACertificateThatCannotBeReadAtTheStartIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	s := Listen(Config{
		Name: "http", Listen: "127.0.0.1:0", CertFile: cert, KeyFile: key, Connections: 16, WriteTimeout: time.Minute,
		Log: slog.New(slog.DiscardHandler), Handler: http.NotFoundHandler(),
	})
	if err := s.Trouble(); err == nil || !strings.HasPrefix(err.Error(), "http.cert_file: ") {
		t.Errorf("told %v", err)
	}
	serve(t, s)
	issue(t, dir, 1)
	awaitOpen(t, s)
	if conn, err := tls.Dial("tcp", strings.TrimPrefix(s.URL(), "https://"), &tls.Config{InsecureSkipVerify: true}); err != nil {
		t.Error(err)
	} else {
		_ = conn.Close()
	}
}

func TestARenewedCertificateThatCannotBeReadIsTroubleWhileTheOldOneServes(t *testing.T) {
	dir := t.TempDir()
	cert, key := issue(t, dir, 1)
	s := open(t, Config{Name: "http", CertFile: cert, KeyFile: key})
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if err := s.Trouble(); err == nil || !strings.HasPrefix(err.Error(), "http.cert_file: ") {
		t.Errorf("told %v", err)
	}
}

func TestAServerThatNeverOpensEnds(t *testing.T) {
	s := Listen(Config{Name: "http", Listen: "256.0.0.1:1", Log: slog.New(slog.DiscardHandler), Handler: http.NotFoundHandler()})
	serve(t, s)
}

// awaitOpen waits until the server has opened by itself.
func awaitOpen(t *testing.T, s *Server) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for s.Trouble() != nil {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("not open: %v", s.Trouble())
		}
	}
}

// A connection of HTTP/2 carries hundreds of requests, each with a body that
// takes memory.
func TestAConnectionAsksForOneThingAtATime(t *testing.T) {
	cert, key := issue(t, t.TempDir(), 1)
	s := open(t, Config{Name: "webhooks", CertFile: cert, KeyFile: key})
	conn, err := tls.Dial("tcp", strings.TrimPrefix(s.URL(), "https://"), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if protocol := conn.ConnectionState().NegotiatedProtocol; protocol != "http/1.1" {
		t.Errorf("it speaks %s", protocol)
	}
}

func TestNobodyTakesTheConnectionsOfAll(t *testing.T) {
	proxied := netip.MustParseAddr("127.0.0.9")
	s := open(t, Config{Name: "webhooks", Crowd: func(a netip.Addr) bool { return a == proxied }})
	address := strings.TrimPrefix(s.URL(), "http://")
	from := func(source string) *net.Dialer {
		return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	}
	ask := func(source string) error {
		client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DialContext: from(source).DialContext, DisableKeepAlives: true}}
		response, err := client.Get(s.URL())
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	var idle []net.Conn
	for range 2 * connections {
		conn, err := from("127.0.0.2").Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		idle = append(idle, conn)
	}
	if err := ask("127.0.0.3"); err != nil {
		t.Errorf("another: %v", err)
	}
	for range connections / 2 {
		conn, err := from(proxied.String()).Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if err := ask(proxied.String()); err != nil {
		t.Errorf("through a proxy: %v", err)
	}
	for _, conn := range idle {
		_ = conn.Close()
	}
	for end := time.Now().Add(10 * time.Second); ask("127.0.0.2") != nil; {
		if time.Now().After(end) {
			t.Fatal("a place is not given back")
		}
	}
}

func TestConnectionsThatAskForNothingMakeRoomForWhoAsks(t *testing.T) {
	for name, asked := range map[string]string{"ever": "", "any more": "GET / HTTP/1.1\r\nHost: x\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			s := open(t, Config{Name: "webhooks", Crowd: func(netip.Addr) bool { return false }})
			for i := range connections {
				dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i))}}
				conn, err := dialer.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if asked == "" {
					continue
				}
				if _, err := io.WriteString(conn, asked); err != nil {
					t.Fatal(err)
				}
				if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil { //nolint:bodyclose // the connection stays open
					t.Fatal(err)
				}
			}
			client := http.Client{Timeout: 2 * time.Second}
			response, err := client.Get(s.URL())
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
		})
	}
}
