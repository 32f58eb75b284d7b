package webchat

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/webchat/clamav"
	"contactd/deploy/servers"
)

func TestAServerThatCannotListenSaysSoAndTriesAgain(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	health := &channelstest.Health{}
	ch, err := New(Config{Listen: taken.Addr().String()}, Deps{Blobs: &channelstest.Blobs{}, Health: health, Folders: folder(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ch.Receive(ctx, &channelstest.Inbox{}) }()
	defer func() { cancel(); <-ended }()
	waiting, done := context.WithTimeout(t.Context(), patient)
	defer done()
	if err := health.Await(waiting, Kind, "main", func(err error, _ bool) bool {
		return err != nil && strings.Contains(err.Error(), "(channels.webchat.listen)") && strings.Contains(err.Error(), "address already in use")
	}); err != nil {
		t.Error(err)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	if err := health.Await(waiting, Kind, "main", func(err error, told bool) bool { return told && err == nil }); err != nil {
		t.Error(err)
	}
}

// issued writes the files of a certificate for 127.0.0.1.
func issued(t *testing.T) (certFile, keyFile string, trust *x509.CertPool) {
	t.Helper()
	lent := httptest.NewUnstartedServer(nil)
	lent.StartTLS()
	defer lent.Close()
	pair := lent.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	trust = x509.NewCertPool()
	trust.AddCert(lent.Certificate())
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, trust
}

func TestWithACertificateItSpeaksTLSAndSaysSo(t *testing.T) {
	certFile, keyFile, trust := issued(t)
	h := newHouse(t, func(h *house) { h.config.CertFile, h.config.KeyFile = certFile, keyFile })
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}, ForceAttemptHTTP2: true, DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/chat/v1/sessions", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", h.url)
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusCreated || response.Proto != "HTTP/1.1" || !strings.Contains(response.Header.Get("Strict-Transport-Security"), "max-age=31536000") {
		t.Errorf("%d %s %v", response.StatusCode, response.Proto, response.Header)
	}
	old := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, MaxVersion: tls.VersionTLS11}}}
	if response, err := old.Get(h.url); err == nil {
		_ = response.Body.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

func TestARenewedCertificateOfTheChatNeedsNoRestart(t *testing.T) {
	certFile, keyFile, _ := issued(t)
	h := newHouse(t, func(h *house) { h.config.CertFile, h.config.KeyFile = certFile, keyFile })
	serial := func() *big.Int {
		t.Helper()
		conn, err := tls.Dial("tcp", strings.TrimPrefix(h.url, "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	renewed, key := *pair.Leaf, pair.PrivateKey.(crypto.Signer)
	renewed.SerialNumber = new(big.Int).Add(serial(), big.NewInt(1))
	der, err := x509.CreateCertificate(rand.Reader, &renewed, &renewed, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(certFile, time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got.Cmp(renewed.SerialNumber) != 0 {
		t.Errorf("certificate %v after %v was issued", got, renewed.SerialNumber)
	}
}

func TestARenewedCertificateThatCannotBeReadIsToldWhileTheOldOneServes(t *testing.T) {
	certFile, keyFile, _ := issued(t)
	h := newHouse(t, func(h *house) {
		h.config.CertFile, h.config.KeyFile = certFile, keyFile
		h.timing = func(t *timing) { t.report = time.Millisecond }
	})
	whole, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	site := h.channel.config.Sites[0].Name
	for _, content := range [][]byte{whole[:len(whole)/2], whole} {
		broken := len(content) < len(whole)
		if err := os.WriteFile(certFile, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := h.health.Await(t.Context(), Kind, site, func(err error, told bool) bool {
			return told && (err != nil && strings.Contains(err.Error(), "cert_file")) == broken
		}); err != nil {
			t.Fatal(err)
		}
		conn, err := tls.Dial("tcp", strings.TrimPrefix(h.url, "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatalf("the certificate before does not serve: %v", err)
		}
		_ = conn.Close()
	}
}

func TestCheckSaysThatAProxyIsMissingWhichMustBeThere(t *testing.T) {
	for want, c := range map[bool]Config{
		true:  {URL: "https://chat.example.police.uk"},
		false: {URL: "https://chat.example.police.uk", TrustedProxies: []string{"127.0.0.1"}},
	} {
		if tried := checked(t, c); strings.Contains(tried.Detail, "without trusted_proxies") != want {
			t.Errorf("%v: %s", c.TrustedProxies, tried.Detail)
		}
	}
}

// checked is what a check of a site says.
func checked(t *testing.T, c Config) channels.Tried {
	t.Helper()
	ch, err := New(c, Deps{Blobs: &channelstest.Blobs{}, Health: &channelstest.Health{}, Folders: folder(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	return ch.Check(t.Context())[0]
}

func TestCheckTriesWhatTheServerNeeds(t *testing.T) {
	certFile, keyFile, _ := issued(t)
	try := func(c Config) error { return checked(t, c).Err }
	if err := try(Config{CertFile: certFile, KeyFile: keyFile}); err != nil {
		t.Error(err)
	}
	for key, c := range map[string]Config{
		"cert_file":                        {CertFile: keyFile, KeyFile: keyFile},
		"languages_dir: /no/such/folder: ": {LanguagesDir: "/no/such/folder"},
		"clamav.address":                   {ClamAV: clamav.Config{Address: servers.FreeAddress(t)}},
	} {
		if err := try(c); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestLogsHoldNeitherTextsNorTokens(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.ClamAV = clamav.Config{Address: servers.FreeAddress(t)} })
	p := h.arrives()
	ticket := p.ticket()
	w := p.opens(0)
	p.upload("canary-name.pdf", pdf, "application/pdf")
	w.says(map[string]any{"type": "message", "id": "message-1", "text": "canary-text", "files": []string{p.uploaded}})
	w.sees("message")
	w.says(map[string]any{"type": "details", "id": "details-1", "name": "canary-person", "reach": "canary@example.org"})
	w.sees("details")
	w.sends([]byte(`{"type":"canary-type"`))
	w.sees("refused")
	h.replies(p, "1", "canary-reply")
	w.sees("reply")
	conn, _, err := p.dial(ticket+"x", 0) //nolint:bodyclose // Dial has no body beside a connection
	if err == nil {
		_ = conn.CloseNow()
	}
	h.restart()
	logged := h.logged.String()
	for _, secret := range []string{"canary", p.token, ticket, p.uploaded} {
		if strings.Contains(logged, secret) {
			t.Errorf("%s was logged: %s", secret, logged)
		}
	}
	if logged == "" {
		t.Error("nothing was logged, so nothing was tried")
	}
}

func TestAChatThatCannotBeReadNowIsNotSaidToBeUnknown(t *testing.T) {
	h := newHouse(t)
	closes := func(p *person, ticket string, want websocket.StatusCode) {
		t.Helper()
		conn, _, err := p.dial(ticket, 0) //nolint:bodyclose // Dial has no body beside a connection
		if err != nil {
			t.Fatal(err)
		}
		w := &window{p: p, conn: conn}
		defer w.close()
		if code := w.ends(); code != want {
			t.Errorf("closed with %d, want %d", code, want)
		}
	}
	left, stays := h.arrives(), h.arrives()
	ticketOfWhoLeft, ticket := left.ticket(), stays.ticket()
	if status := left.do(left.request("POST", "/chat/v1/bye?forget=1", bytesOf(left.token)), nil); status != http.StatusNoContent {
		t.Fatalf("bye: %d", status)
	}
	closes(left, ticketOfWhoLeft, closeUnknown)
	if err := h.channel.current().store.Close(); err != nil {
		t.Fatal(err)
	}
	closes(stays, ticket, websocket.StatusTryAgainLater)
}
