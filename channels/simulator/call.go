package simulator

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"time"
)

// Call is one call of the API.
type Call struct {
	Method, Path, Query, Body string
	// Status is what the API answered, 0 when a fault met the call before its
	// work, or it was answered piece by piece.
	Status int
}

// Calls returns the calls so far.
func (b *Base) Calls() []Call {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([]Call(nil), b.calls...)
}

// bodyLimit is above what a client of ours sends: files.
const bodyLimit = 64 << 20

func (b *Base) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
	if err != nil {
		return
	}
	b.mutex.Lock()
	n, silent := len(b.calls), b.silent
	b.calls = append(b.calls, Call{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body)})
	b.mutex.Unlock()
	w.Header().Set("Date", b.Now().Format(http.TimeFormat)) // a platform tells the time by its own clock
	if silent != nil {
		select {
		case <-silent:
		case <-r.Context().Done():
		}
		breakOff(w, false)
	}
	f := b.fault(r.Method, r.URL.Path)
	if f != nil && f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
		}
	}
	if f != nil && f.answers() {
		f.answer(w)
		return
	}
	if b.api.Whole != nil && b.api.Whole(r) {
		b.api.Answer(w, r, body)
		return
	}
	kept := answer{header: http.Header{}, status: http.StatusOK}
	b.api.Answer(&kept, r, body)
	b.mutex.Lock()
	b.calls[n].Status = kept.status
	b.mutex.Unlock()
	if f != nil && f.After {
		f.answer(w)
		return
	}
	maps.Copy(w.Header(), kept.header)
	w.WriteHeader(kept.status)
	_, _ = w.Write(kept.body.Bytes())
}

// answer keeps what the API answers until it is known whether it arrives.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
