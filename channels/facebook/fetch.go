package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graph"
	"contactd/contact"
)

const (
	fileLimit   = 100 << 20 // bytes; WhatsApp's documents are the largest
	fileTimeout = 2 * time.Minute
)

// fetchFile fetches a file while its address holds, and makes it the news that
// the message has it. What cannot be had is told too.
func (ch *Channel) fetchFile(ctx context.Context, a *account, f fetch, tries int) ([]channels.Original, error) {
	attachment, err := ch.download(ctx, a, f)
	if err != nil && ctx.Err() == nil && (tries+1 < fileTries && !errors.Is(err, errForbidden) || graph.Is(err, graph.TokenDead, graph.Throttled)) {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	e := delivery.Element{Object: f.Object, Entry: a.ID, Time: f.At, Via: delivery.Poll, Kind: delivery.Fetched, Under: f.Of, Blob: attachment}
	if err != nil {
		ch.metrics.dropped.WithLabelValues(a.Name, "unavailable").Inc()
		ch.log.Warn("file of a message cannot be fetched", "account", a.Name, "err", err)
		e.Blob = nil
	}
	if e.Raw, err = json.Marshal(f.Origin); err != nil {
		return nil, err
	}
	id := fmt.Sprintf("%s:file:%d", f.Of, f.Number)
	return []channels.Original{original(a.Name, id, delivery.Moment(f.At), e)}, nil
}

var errForbidden = errors.New("fetch file: its address is none of the platform's")

func (ch *Channel) download(ctx context.Context, a *account, f fetch) (*contact.Attachment, error) {
	ctx, cancel := context.WithTimeout(ctx, fileTimeout)
	defer cancel()
	address, token := f.File.URL, ""
	if f.File.Media != "" { // WhatsApp tells the address on demand, and wants the token
		var media struct {
			URL string `json:"url"`
		}
		if err := a.graph.Get(ctx, f.File.Media, nil, &media); err != nil {
			return nil, err
		}
		var err error
		if token, err = a.token(); err != nil {
			return nil, err
		}
		address = media.URL
	}
	if !ch.allowed(address) {
		return nil, errForbidden
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errForbidden
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := ch.files()
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch file: %w", bare(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch file: HTTP %d", response.StatusCode)
	}
	if response.ContentLength > fileLimit {
		return nil, fmt.Errorf("fetch file: more than %d bytes", fileLimit)
	}
	blob, err := ch.deps.Blobs.Store(ctx, &bounded{r: response.Body, left: fileLimit})
	if err != nil {
		return nil, fmt.Errorf("fetch file: %w", err)
	}
	return &contact.Attachment{Blob: blob, Name: f.name(address), Claimed: response.Header.Get("Content-Type")}, nil
}

// name is what the file is called, without anything that could lead elsewhere.
func (f fetch) name(address string) string {
	name := f.File.Name
	if name == "" {
		if u, err := url.Parse(address); err == nil {
			name = path.Base(u.Path)
		}
	}
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '/' || r == '\\' {
			return -1
		}
		return r
	}, name)
	if name == "." || name == ".." {
		return ""
	}
	return name[:min(len(name), 120)]
}

// allowed reports whether an address is one of the platform's hosts, by HTTPS.
// A simulator on this machine, set as graph_url, is its own host.
func (ch *Channel) allowed(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	if ch.simulated() {
		return strings.HasPrefix(address, ch.config.GraphURL+"/")
	}
	if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, each := range ch.config.MediaHosts {
		if host == each || strings.HasSuffix(host, "."+each) {
			return true
		}
	}
	return false
}

func (ch *Channel) simulated() bool { return strings.HasPrefix(ch.config.GraphURL, "http://") }

// files is a client that goes where the address says and nowhere else: no
// redirects, no proxy of ours reachable, no private network.
func (ch *Channel) files() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if !ch.simulated() {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !public(at.Addr()) {
				return errForbidden
			}
			return nil
		}
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// public reports whether an address belongs to the open internet.
func public(address netip.Addr) bool {
	address = address.Unmap()
	for _, network := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "2002::/16",
	} {
		if netip.MustParsePrefix(network).Contains(address) {
			return false
		}
	}
	return address.IsValid() && address.IsGlobalUnicast() && !address.IsPrivate() && !address.IsLoopback() && !address.IsLinkLocalUnicast()
}

// bare takes the address out of an error: it is a key to the file.
func bare(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// bounded fails above a size, so that no cut file passes for a whole one.
type bounded struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, fmt.Errorf("more than %d bytes", fileLimit)
	}
	return n, err
}
