package listener

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"contactd/contact"
)

// Originals finds what platforms delivered.
type Originals interface {
	// Original opens one by the message's id or its number in the journal. It
	// returns fs.ErrNotExist for one that never was or is no longer kept. The
	// caller closes.
	Original(ctx context.Context, name string) (Original, error)
	// Blob opens the bytes with this SHA-256, lower-case hex, or returns
	// fs.ErrNotExist. The caller closes.
	Blob(sha256 string) (io.ReadCloser, error)
	// Store keeps bytes to be sent with a reply. It returns ErrFull when there
	// is no room.
	Store(ctx context.Context, bytes io.Reader) (contact.Blob, error)
}

// ErrFull says that there is no room for an upload now.
var ErrFull = errors.New("no room")

// Original is what a platform delivered, untouched.
type Original struct {
	// Name is the file name to save it under.
	Name      string
	MediaType string
	// SHA256 is the digest of the bytes, lower-case hex.
	SHA256 string
	// Size in bytes.
	Size  int64
	Bytes io.ReadCloser
}

type files struct {
	originals Originals
	log       *slog.Logger
}

// originalName allows a message id or a number of the journal: nothing else
// is looked up.
func originalName(name string) bool {
	if id, ok := strings.CutPrefix(name, "m-"); ok {
		return len(id) == 26 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuv") == ""
	}
	number, err := strconv.ParseInt(name, 10, 64)
	return err == nil && number > 0 && name[0] != '+'
}

func digestName(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

func (f files) original(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !originalName(name) {
		http.NotFound(w, r)
		return
	}
	original, err := f.originals.Original(r.Context(), name)
	if err != nil {
		f.fail(w, r, err)
		return
	}
	defer func() { _ = original.Bytes.Close() }()
	w.Header().Set("Content-Length", strconv.FormatInt(original.Size, 10))
	w.Header().Set("X-Content-Sha256", original.SHA256)
	// The platform's media type is told, not obeyed: the answer is a download.
	w.Header().Set("X-Original-Media-Type", oneLine(original.MediaType))
	f.send(w, r, original.Name, original.Bytes)
}

func (f files) blob(w http.ResponseWriter, r *http.Request) {
	digest := r.PathValue("sha256")
	if !digestName(digest) {
		http.NotFound(w, r)
		return
	}
	bytes, err := f.originals.Blob(digest)
	if err != nil {
		f.fail(w, r, err)
		return
	}
	defer func() { _ = bytes.Close() }()
	w.Header().Set("X-Content-Sha256", digest)
	f.send(w, r, digest+".bin", bytes)
}

// send hands bytes out as a download. After the first byte an error can only
// be told by cutting the answer off.
func (f files) send(w http.ResponseWriter, r *http.Request, name string, bytes io.Reader) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	if r.Method == http.MethodHead {
		return
	}
	if _, err := io.Copy(w, bytes); err != nil {
		f.log.Warn("send original", "err", err)
		panic(http.ErrAbortHandler)
	}
}

func (f files) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		http.Error(w, "not here: never accepted, or no longer kept", http.StatusNotFound)
		return
	}
	f.log.Error("open original", "path", r.URL.Path, "err", err)
	http.Error(w, "cannot be opened now; the log says why", http.StatusInternalServerError)
}

// oneLine keeps a header one line.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
}
