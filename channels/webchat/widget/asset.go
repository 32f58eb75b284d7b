package widget

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// asset is a public file that any page may fetch. It is compressed once, at
// start.
type asset struct {
	plain, packed []byte
	mediaType     string
	etag          string
}

// newAsset makes one of parts that differ in what they hold.
func newAsset(mediaType string, parts ...[]byte) asset {
	body := bytes.Join(parts, nil)
	digest := sha256.Sum256(body)
	return asset{
		plain: body, packed: pack(parts), mediaType: mediaType,
		etag: `"` + hex.EncodeToString(digest[:8]) + `"`,
	}
}

// pack gives each part a code of its own: what is frequent in English is not in
// a style.
func pack(parts [][]byte) []byte {
	var packed bytes.Buffer
	// Nothing can fail: the level is a valid one, and a buffer takes all.
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	for i, part := range parts {
		if i > 0 {
			_ = w.Flush()
		}
		_, _ = w.Write(part)
	}
	_ = w.Close()
	return packed.Bytes()
}

// ServeHTTP lets browsers keep the file for five minutes, so that a new version
// of contactd reaches pages soon, and asks for it by its digest afterwards.
func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, etag := a.plain, a.etag
	header := w.Header()
	if acceptsGzip(r) {
		// Its own tag: a cache must not mix the two up (RFC 9110 8.8.3).
		body, etag = a.packed, strings.TrimSuffix(a.etag, `"`)+`-gzip"`
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Content-Type", a.mediaType)
	header.Set("Cache-Control", "public, max-age=300")
	header.Set("ETag", etag)
	header.Set("Vary", "Accept-Encoding")
	header.Set("X-Content-Type-Options", "nosniff")
	// Public, the same for everybody, and wanted by pages of other origins.
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if matches(r.Header.Get("If-None-Match"), etag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// acceptsGzip reads Accept-Encoding as far as browsers write it; whoever writes
// "gzip;q=0" gets the plain file.
func acceptsGzip(r *http.Request) bool {
	for _, each := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(each), ";")
		if coding == "gzip" && !strings.HasPrefix(strings.ReplaceAll(weight, " ", ""), "q=0") {
			return true
		}
	}
	return false
}

func matches(list, etag string) bool {
	for _, each := range strings.Split(list, ",") {
		if strings.TrimPrefix(strings.TrimSpace(each), "W/") == etag {
			return true
		}
	}
	return false
}
