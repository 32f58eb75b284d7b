package listener

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// tokensLimit bounds the file of tokens.
const tokensLimit = 64 << 10

// door decides who may have what.
type door struct {
	tokensFile string
	log        *slog.Logger
	warned     atomic.Int64 // when it was last told that tokens cannot be read, Unix nanoseconds
}

// quiet is the least time between two warnings.
const quiet = time.Minute

// forIntegrators lets through who has a token; without a file of tokens, who
// is on this machine.
func (d *door) forIntegrators(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case d.tokensFile == "" && local(r), d.token(r):
			next.ServeHTTP(w, r)
		case d.tokensFile == "":
			http.Error(w, "only for programs on this machine; set http.tokens_file to hand out originals to others", http.StatusForbidden)
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="contactd"`)
			http.Error(w, "a token of http.tokens_file is needed", http.StatusUnauthorized)
		}
	})
}

// forInsiders lets through who has a token or is on this machine.
func (d *door) forInsiders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.insider(r) {
			http.Error(w, "only for programs on this machine, or with a token of http.tokens_file", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (d *door) insider(r *http.Request) bool { return local(r) || d.token(r) }

// local reports whether a program on this machine asks by itself: neither
// through a proxy, nor a browser that was led here by a foreign name.
func local(r *http.Request) bool {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" || name == "X-Real-Ip" || name == "Via" {
			return false
		}
	}
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && client.Addr().Unmap().IsLoopback() && loopbackName(r.Host)
}

func loopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.Unmap().IsLoopback()
}

// token reports whether the request carries one of the tokens. A file that
// cannot be read lets nobody in.
func (d *door) token(r *http.Request) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || d.tokensFile == "" {
		return false
	}
	tokens, err := readTokens(d.tokensFile)
	if err != nil {
		d.warn(err)
		return false
	}
	// Digests are compared so that the time tells neither text nor length.
	mine := sha256.Sum256([]byte(strings.TrimSpace(given)))
	found := 0
	for _, token := range tokens {
		theirs := sha256.Sum256(token)
		found |= subtle.ConstantTimeCompare(mine[:], theirs[:])
	}
	return found == 1
}

// warn tells whoever looks for why a good token is refused.
func (d *door) warn(err error) {
	now := time.Now().UnixNano()
	if last := d.warned.Load(); now-last < int64(quiet) || !d.warned.CompareAndSwap(last, now) {
		return
	}
	d.log.Error("a token is refused because none can be read", "setting", section+".tokens_file", "err", err)
}

// readTokens reads all tokens. A file without any is an error.
func readTokens(name string) ([][]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open tokens: %w", err)
	}
	defer func() { _ = file.Close() }()
	raw, err := io.ReadAll(io.LimitReader(file, tokensLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	if len(raw) > tokensLimit { // what is cut off may be the half of a token
		return nil, fmt.Errorf("read tokens: larger than %d bytes", tokensLimit)
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // editors of other systems begin a file with it
	var tokens [][]byte
	for line := range bytes.Lines(raw) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			tokens = append(tokens, line)
		}
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("there is no token in %s", name)
	}
	return tokens, nil
}
