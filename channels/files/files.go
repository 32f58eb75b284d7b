// Package files fetches the files of messages from the hosts of a platform
// while their addresses hold, and keeps them as blobs. Addresses come from what
// strangers wrote, so it goes to the platform's hosts alone, by HTTPS, follows
// no redirect and reaches no private network. Which files to fetch, how often to
// try, and what becomes of them is left to the channels.
package files

import (
	"context"
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
	"contactd/contact"
)

// Fetcher fetches files of one platform. It is safe for concurrent use and
// keeps no connection open.
type Fetcher struct {
	// Hosts are the platform's, subdomains included.
	Hosts []string
	// Simulator is the address of a simulator on this machine, the only host
	// then; empty for none.
	Simulator string
	// Blobs keeps the files.
	Blobs channels.Blobs
}

// File is one to fetch.
type File struct {
	// URL is its address, Name what the sender called it; without one, the
	// address says. Kind is what the platform said that it is, as in Fits.
	URL, Name, Kind string
	// Sign adds what the host wants to know of the caller to the transport
	// below; nil for nothing.
	Sign func(ctx context.Context, base http.RoundTripper) (http.RoundTripper, error)
}

// The bounds of one file: the largest are WhatsApp's documents.
const (
	Limit   = 100 << 20 // bytes
	timeout = 2 * time.Minute
)

// ErrGone says that nothing, or nothing for us, is at an address; also when it is
// only not there yet.
var ErrGone = errors.New("fetch file: it is not there")

// Elsewhere reports whether another address of a file that could not be fetched
// may do better; otherwise the same one may later.
func Elsewhere(err error) bool {
	return errors.Is(err, ErrForbidden) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrUnauthorised) || errors.Is(err, ErrGone) || errors.Is(err, ErrOther)
}

// tries is how often a file is tried, with pauses that double up to five
// minutes: about half an hour, by when its address may have expired.
const tries = 14

// ErrUnauthorised says that the caller cannot prove who it is, which an operator
// may have to mend.
var ErrUnauthorised = errors.New("fetch file: not authorised")

// ErrNotKept says that there is no room for a file here, which an operator must
// mend.
var ErrNotKept = errors.New("fetch file: it cannot be kept")

// mendableTries is how often it is tried then: about a day.
const mendableTries = 290

// Again reports whether a file that could not be fetched, after it had failed
// some times before, is worth another try.
func Again(err error, failed int) bool {
	switch {
	case errors.Is(err, ErrForbidden), errors.Is(err, ErrTooLarge):
		return false
	case errors.Is(err, ErrUnauthorised), errors.Is(err, ErrNotKept):
		return failed+1 < mendableTries
	default:
		return failed+1 < tries
	}
}

// ErrForbidden says that an address is none of the platform's.
var ErrForbidden = errors.New("fetch file: its address is none of the platform's")

// ErrTooLarge says that a file is above the limit.
var ErrTooLarge = fmt.Errorf("fetch file: more than %d bytes", Limit)

// Fetch fetches a file. Its errors hold no address: that is a key to the file.
// With ErrOther comes what was kept.
func (f *Fetcher) Fetch(ctx context.Context, file File) (contact.Attachment, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if !f.Allowed(file.URL) {
		return contact.Attachment{}, ErrForbidden
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, file.URL, nil)
	if err != nil {
		return contact.Attachment{}, ErrForbidden
	}
	base := f.transport()
	defer base.CloseIdleConnections()
	client := &http.Client{
		Transport:     base,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if file.Sign != nil {
		if client.Transport, err = file.Sign(ctx, base); err != nil {
			return contact.Attachment{}, fmt.Errorf("%w: %w", ErrUnauthorised, err)
		}
	}
	response, err := client.Do(request)
	if err != nil {
		return contact.Attachment{}, fmt.Errorf("fetch file: %w", bare(err))
	}
	defer response.Body.Close()
	if err := judge(response.StatusCode); err != nil {
		return contact.Attachment{}, err
	}
	if response.ContentLength > Limit {
		return contact.Attachment{}, ErrTooLarge
	}
	body := &bounded{r: response.Body, left: Limit}
	blob, err := f.Blobs.Store(ctx, body)
	switch {
	case err != nil && body.err == nil && ctx.Err() == nil:
		return contact.Attachment{}, fmt.Errorf("%w: %w", ErrNotKept, err)
	case err != nil:
		return contact.Attachment{}, fmt.Errorf("fetch file: %w", err)
	}
	kept := contact.Attachment{Blob: blob, Name: file.name(), Claimed: response.Header.Get("Content-Type")}
	if !Fits(file.Kind, blob) {
		return kept, ErrOther
	}
	return kept, nil
}

func judge(status int) error {
	switch status {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized:
		return ErrUnauthorised
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("%w: HTTP %d", ErrGone, status)
	default:
		return fmt.Errorf("fetch file: HTTP %d", status)
	}
}

// Allowed reports whether an address is one of the platform's.
func (f *Fetcher) Allowed(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	if f.Simulator != "" {
		return strings.HasPrefix(address, f.Simulator+"/")
	}
	if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, each := range f.Hosts {
		if host == each || strings.HasSuffix(host, "."+each) {
			return true
		}
	}
	return false
}

// transport goes where the address says and nowhere else: through no proxy, to
// no private network.
func (f *Fetcher) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if f.Simulator == "" {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !public(at.Addr()) {
				return ErrForbidden
			}
			return nil
		}
	}
	return &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second}
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

// name is what the file is called, without anything that could lead elsewhere.
func (file File) name() string {
	name := file.Name
	if name == "" {
		if u, err := url.Parse(file.URL); err == nil {
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
	return strings.ToValidUTF8(name[:min(len(name), 120)], "")
}

// bare takes the address out of an error.
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
	err  error // why the file did not come
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		err = ErrTooLarge
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
