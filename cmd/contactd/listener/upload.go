package listener

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// UploadLimit is the size in bytes of what POST /blobs takes: the largest
// message of common mail servers.
const UploadLimit = 25 << 20

// upload stores the body, whatever it is; its media type is what its bytes
// look like.
func (f files) upload(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		http.Error(w, "send the file's bytes as the body, not a form", http.StatusUnsupportedMediaType)
		return
	}
	// The time-out of small requests is too short for a file over a slow line.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(writeTimeout))
	blob, err := f.originals.Store(r.Context(), http.MaxBytesReader(w, r.Body, UploadLimit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, fmt.Sprintf("larger than %d bytes", UploadLimit), http.StatusRequestEntityTooLarge)
		return
	case errors.Is(err, ErrFull):
		f.log.Warn("refuse upload", "err", err)
		http.Error(w, "there is no room now", http.StatusInsufficientStorage)
		return
	case r.Context().Err() != nil:
		return // nobody waits for an answer
	case err != nil:
		f.log.Error("store upload", "err", err)
		http.Error(w, "cannot be stored now; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(blob)
}
