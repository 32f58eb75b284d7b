package webchat

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"contactd/channels/webchat/clamav"
	"contactd/channels/webchat/store"
	"contactd/channels/webchat/upload"
	"contactd/contact"
)

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
	taken, err := r.taker().Take(req.Context(), req.Body, unescaped(req.Header.Get("X-File-Name")), req.Header.Get("Content-Type"))
	if err != nil {
		r.cutShort(w, err)
		return
	}
	f := store.File{
		ID: rand.Text(), SHA256: taken.SHA256, Name: taken.Name, Size: taken.Size,
		MediaType: taken.MediaType, Claimed: taken.Claimed, Scan: taken.Scan, At: r.deps.Now().UTC(),
	}
	r.metrics.uploads.WithLabelValues(orNone(f.Scan)).Inc()
	err = r.store.AddFile(req.Context(), session.ID, r.config.Uploads.FilesPerSession, f)
	switch {
	case errors.Is(err, store.ErrFull): // others came at the same time
		status, code, message := r.tooManyFiles()
		r.fail(w, status, code, message)
	case err != nil:
		r.unavailable(w, err)
	default:
		answer(w, http.StatusCreated, onWire(f))
	}
}

// taker takes files as the configuration says.
func (r *running) taker() *upload.Taker {
	t := &upload.Taker{
		Limits: upload.Limits{FileBytes: r.config.Uploads.FileBytes, MediaTypes: r.config.Uploads.MediaTypes}, Blobs: r.deps.Blobs,
	}
	if r.config.ClamAV.Address != "" {
		t.Scan = r.scan
	}
	if r.deps.Room != nil {
		t.Spare = r.deps.Room.Spare
	}
	return t
}

// scan asks the scanner, and tells the operator what it says.
func (r *running) scan(ctx context.Context, file io.Reader) (found string, err error) {
	found, err = clamav.Infected(ctx, r.config.ClamAV, file)
	switch {
	case err != nil:
		r.deps.Log.Error("file could not be scanned and is kept back", "err", err)
	case found != "":
		r.deps.Log.Warn("infected file was kept back", "signature", found)
	}
	return found, err
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
	files, err := r.store.Files(req.Context(), session.ID)
	if err != nil {
		return http.StatusServiceUnavailable, "unavailable", "this cannot be done now; try again in a moment"
	}
	if files >= r.config.Uploads.FilesPerSession {
		return r.tooManyFiles()
	}
	return 0, "", ""
}

func (r *running) tooManyFiles() (status int, code, message string) {
	return http.StatusTooManyRequests, "too_many_files", fmt.Sprintf("at most %d files can be sent in one chat", r.config.Uploads.FilesPerSession)
}

// cutShort answers an upload that ended early.
func (r *running) cutShort(w http.ResponseWriter, err error) {
	w.Header().Set("Connection", "close")
	switch {
	case errors.Is(err, upload.ErrTooLarge):
		r.fail(w, http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("a file may have %d bytes", r.config.Uploads.FileBytes))
	case errors.Is(err, upload.ErrKind):
		r.fail(w, http.StatusUnsupportedMediaType, "media_type", "this kind of file cannot be taken: pictures, films and PDF can")
	case errors.Is(err, upload.ErrEmpty):
		r.fail(w, http.StatusBadRequest, "empty", "the file is empty")
	case errors.Is(err, upload.ErrFull), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		r.deps.Log.Error("upload was refused: the disk is full", "err", err)
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

func orNone(scan string) string {
	if scan == "" {
		return "none"
	}
	return scan
}

// keptBack reports whether one of the files is not handed out.
func keptBack(files []store.File) bool {
	for _, f := range files {
		if f.Scan == upload.Infected || f.Scan == upload.Failed {
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

func unescaped(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}
