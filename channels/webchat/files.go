package webchat

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"contactd/channels/webchat/clamav"
	"contactd/channels/webchat/store"
	"contactd/contact"
)

// What the scanner said of a file.
const (
	scanClean    = "clean"
	scanInfected = "infected"
	scanFailed   = "failed"
)

// sniffBytes is how much of a file its type is told from.
const sniffBytes = 3072

// An upload has the time of any request, and a second more for each slowest bytes: a poor
// mobile line, but no drip.
const slowest = 8 << 10

// messageID is the id of what a session sent.
func messageID(site, platformID string) string { return contact.MessageID(Kind, site, platformID) }

// postFile streams a file into the blob folder, if it is what it may be.
func (r *running) postFile(w http.ResponseWriter, req *http.Request) {
	session, ok := r.authorized(w, req)
	if !ok {
		return
	}
	if status, code, message := r.mayUpload(req, session); status != 0 {
		w.Header().Set("Connection", "close") // the body is not worth reading
		r.fail(w, status, code, message)
		return
	}
	size := req.ContentLength
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(r.timing.read + time.Duration(size/slowest)*time.Second))
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(r.timing.read + time.Duration(size/slowest)*time.Second + r.config.ClamAV.Timeout + r.timing.write))
	in := bufio.NewReaderSize(http.MaxBytesReader(w, req.Body, r.config.Uploads.FileBytes), sniffBytes)
	head, err := in.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		r.cutShort(w, err)
		return
	}
	sniffed := mimetype.Detect(head)
	if !takes(r.config.Uploads.MediaTypes, sniffed.String()) {
		w.Header().Set("Connection", "close")
		r.fail(w, http.StatusUnsupportedMediaType, "media_type", "this kind of file cannot be taken: pictures, films and PDF can")
		return
	}
	blob, err := r.deps.Blobs.Store(req.Context(), in)
	if err != nil {
		r.cutShort(w, err)
		return
	}
	f := store.File{
		ID: rand.Text(), SHA256: blob.SHA256, Name: fileName(unescaped(req.Header.Get("X-File-Name"))), Size: blob.Size,
		MediaType: sniffed.String(), Claimed: claimed(req.Header.Get("Content-Type")), At: r.deps.Now().UTC(),
	}
	f.Scan = r.scan(req.Context(), f)
	r.metrics.uploads.WithLabelValues(orNone(f.Scan)).Inc()
	if err := r.store.AddFile(req.Context(), session.ID, f); err != nil {
		r.unavailable(w, err)
		return
	}
	answer(w, http.StatusCreated, onWire(f))
}

// mayUpload looks at what is known before the first byte; status 0 is yes.
func (r *running) mayUpload(req *http.Request, session store.Session) (status int, code, message string) {
	switch {
	case session.Ended:
		return http.StatusConflict, "ended", "this chat has ended; begin a new one"
	case req.ContentLength < 0:
		return http.StatusLengthRequired, "length", "the length must be said before"
	case req.ContentLength == 0:
		return http.StatusBadRequest, "empty", "the file is empty"
	case req.ContentLength > r.config.Uploads.FileBytes:
		return http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("a file may have %d bytes", r.config.Uploads.FileBytes)
	}
	files, err := r.store.Uploaded(req.Context(), session.ID)
	if err != nil {
		return http.StatusServiceUnavailable, "unavailable", "this cannot be done now; try again in a moment"
	}
	if files >= r.config.Uploads.FilesPerSession {
		return http.StatusTooManyRequests, "too_many_files", fmt.Sprintf("at most %d files can be sent in one chat", r.config.Uploads.FilesPerSession)
	}
	return 0, "", ""
}

// cutShort answers an upload that ended early.
func (r *running) cutShort(w http.ResponseWriter, err error) {
	w.Header().Set("Connection", "close")
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		r.fail(w, http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("a file may have %d bytes", large.Limit))
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		r.deps.Log.Error("upload was refused: the disk is full", "error", err)
		r.fail(w, http.StatusInsufficientStorage, "full", "there is no room for files now; send the text without it")
	case errors.Is(err, io.ErrUnexpectedEOF), isTimeout(err):
		r.fail(w, http.StatusRequestTimeout, "too_slow", "the file did not arrive whole; send it again")
	default:
		r.unavailable(w, err)
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// takes reports whether files of a type are taken. Text that a browser could
// run, and what hides other files, never is.
func takes(patterns []string, mediaType string) bool {
	kind, _, err := mime.ParseMediaType(mediaType)
	if err != nil || kind == "image/svg+xml" || strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+xml") {
		return false
	}
	for _, pattern := range patterns {
		if ok, _ := path.Match(strings.ToLower(pattern), kind); ok {
			return true
		}
	}
	return false
}

// scan asks the scanner; empty when there is none.
func (r *running) scan(ctx context.Context, f store.File) string {
	if r.config.ClamAV.Address == "" {
		return ""
	}
	body, err := r.deps.Blobs.Open(f.SHA256)
	if err == nil {
		defer body.Close()
		var found string
		if found, err = clamav.Infected(ctx, r.config.ClamAV, body); err == nil && found != "" {
			r.deps.Log.Warn("infected file was kept back", "signature", found, "sha256", f.SHA256)
			return scanInfected
		}
	}
	if err != nil {
		r.deps.Log.Error("file could not be scanned and is kept back", "error", err, "sha256", f.SHA256)
		return scanFailed
	}
	return scanClean
}

func orNone(scan string) string {
	if scan == "" {
		return "none"
	}
	return scan
}

// keptBack reports whether one of the files is not handed out.
func keptBack(files []store.File) bool {
	for _, f := range files {
		if f.Scan == scanInfected || f.Scan == scanFailed {
			return true
		}
	}
	return false
}

// filesOf finds the files that a message names.
func (r *running) filesOf(ctx context.Context, session store.Session, ids []string) ([]store.File, error) {
	var files []store.File
	named := map[string]bool{}
	for _, id := range ids {
		f, err := r.store.File(ctx, session.ID, id)
		if errors.Is(err, store.ErrUnknown) || named[id] {
			return nil, refuse("unknown_file", "a file of this message was not uploaded, or is named twice")
		}
		if err != nil {
			return nil, err
		}
		named[id] = true
		files = append(files, f)
	}
	return files, nil
}

// getFile hands out a file of the session, as a download and never to be shown.
func (r *running) getFile(w http.ResponseWriter, req *http.Request) {
	session, ok := r.authorized(w, req)
	if !ok {
		return
	}
	f, err := r.store.File(req.Context(), session.ID, req.PathValue("file"))
	if errors.Is(err, store.ErrUnknown) {
		r.fail(w, http.StatusNotFound, "unknown_file", "there is no such file in this chat")
		return
	}
	if err != nil {
		r.unavailable(w, err)
		return
	}
	if keptBack([]store.File{f}) {
		r.fail(w, http.StatusForbidden, "file_quarantined", "this file may be harmful and is kept back")
		return
	}
	body, err := r.deps.Blobs.Open(f.SHA256)
	if err != nil {
		r.fail(w, http.StatusGone, "gone", "this file is not kept any more")
		return
	}
	defer body.Close()
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(r.timing.write + time.Duration(f.Size/slowest)*time.Second))
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Content-Length", fmt.Sprint(f.Size))
	_, _ = io.Copy(w, body)
}

// fileNameLimit is in characters.
const fileNameLimit = 120

// fileName is what a person called a file, without path and control
// characters.
func fileName(name string) string {
	name = oneLine(strings.ToValidUTF8(name, ""))
	name = name[strings.LastIndexAny(name, `/\:`)+1:]
	name = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune("\"<>|*?\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f", r) {
			return -1 // not for file systems; or turns the name round, so that exe.jpg shows
		}
		return r
	}, name), " .")
	for utf8.RuneCountInString(name) > fileNameLimit {
		_, size := utf8.DecodeRuneInString(name)
		name = name[size:] // the end tells the type
	}
	if name == "" {
		return "file"
	}
	return name
}

func unescaped(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// claimed is a media type as the client states it, or empty.
func claimed(text string) string {
	kind, _, err := mime.ParseMediaType(text)
	if err != nil || len(kind) > 100 {
		return ""
	}
	return kind
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (u *untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(b)
}

// prefix keeps the first bytes written to it.
type prefix struct {
	into  *strings.Builder
	limit int
}

// Write implements io.Writer.
func (p *prefix) Write(b []byte) (int, error) {
	p.into.Write(b[:min(len(b), p.limit-p.into.Len())])
	return len(b), nil
}
