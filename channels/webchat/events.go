package webchat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"contactd/channels/webchat/store"
)

// stream is the wire over server-sent events, for networks that let no socket
// through.
type stream struct {
	mutex   sync.Mutex
	writer  http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration // of one frame
	cancel  context.CancelFunc
	closed  bool
}

func (s *stream) write(_ context.Context, n int64, frame []byte) error {
	if n == 0 {
		return s.send("data: %s\n\n", frame)
	}
	return s.send("id: %d\ndata: %s\n\n", n, frame)
}

// ping sends a comment: whether it arrives shows only when the connection
// breaks.
func (s *stream) ping(context.Context) error { return s.send(": ping\n\n") }

func (s *stream) send(format string, args ...any) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return errors.New("the stream has ended")
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(s.limit)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.writer, format, args...); err != nil {
		return err
	}
	return s.control.Flush()
}

func (s *stream) end(code websocket.StatusCode, _ string) {
	_ = s.send("event: end\ndata: {\"type\":\"close\",\"code\":%d}\n\n", code)
	s.cut()
}

func (s *stream) cut() { s.cancel() }

// openEvents streams the frames of a session until either side goes.
func (r *running) openEvents(w http.ResponseWriter, req *http.Request) {
	id, ok := r.redeem(req)
	if !ok {
		r.fail(w, http.StatusUnauthorized, "ticket", "this ticket is not known, or was used")
		return
	}
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Now().Add(r.timing.cut))); err != nil {
		r.unavailable(w, err)
		return
	}
	out := &stream{writer: w, control: control, limit: r.timing.cut}
	l := r.newLine(out, id)
	out.cancel = l.cancel
	defer l.cancel()
	address := r.proxies.Client(req)
	if !r.lines.add(l, address, r.shared(address)) {
		r.fail(w, http.StatusTooManyRequests, "too_many", "too many connections from this address")
		return
	}
	defer r.lines.remove(l)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // nginx would keep frames back
	w.WriteHeader(http.StatusOK)
	in, err := r.join(l.ctx, l, max(number(req.URL.Query().Get("after")), number(req.Header.Get("Last-Event-ID"))))
	if err != nil {
		r.turnBack(l, err)
		return
	}
	defer r.leave(in, l)
	select {
	case <-l.ctx.Done():
	case <-req.Context().Done():
	}
	// Nobody may write to w after this returns.
	l.cancel()
	out.mutex.Lock()
	defer out.mutex.Unlock()
	out.closed = true
}

// postFrame takes one frame of a client that has a stream. What follows comes
// over the stream; without one it can be asked for later.
func (r *running) postFrame(w http.ResponseWriter, req *http.Request) {
	session, ok := r.authorized(w, req)
	if !ok {
		return
	}
	raw, err := body(w, req, frameLimit)
	if err != nil {
		r.fail(w, http.StatusRequestEntityTooLarge, "too_long", "this is longer than can be sent at once")
		return
	}
	if !r.begin() {
		r.fail(w, http.StatusServiceUnavailable, "unavailable", "this cannot be done now; try again in a moment")
		return
	}
	defer r.work.Done()
	in, err := r.rooms.enter(session.ID, func() (store.Session, error) { return r.store.ByID(req.Context(), session.ID) })
	if err != nil {
		r.unavailable(w, err)
		return
	}
	defer r.rooms.leave(in)
	// A frame may wait for longer than an answer usually does.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(r.timing.write + longestDelay))
	again, _, err := r.take(req.Context(), in, r.proxies.Client(req), raw)
	if err != nil {
		r.failFrame(w, r.refusalOf(err))
		return
	}
	if again != nil {
		in.mutex.Lock()
		in.tell(again)
		in.mutex.Unlock()
	}
	w.WriteHeader(http.StatusAccepted)
}

// failFrame answers with what a socket is told by a frame.
func (r *running) failFrame(w http.ResponseWriter, why refusal) {
	if why.later {
		r.fail(w, http.StatusServiceUnavailable, why.code, "this cannot be taken now; keep it and send it again")
		return
	}
	r.fail(w, http.StatusUnprocessableEntity, why.code, why.message)
}
