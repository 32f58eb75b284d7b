package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/channels"
)

// Hooked is a channel whose platform calls it. The public listener mounts each
// receiver at its path; they answer 503 until the channel's Receive runs.
type Hooked interface {
	Webhooks() []*Receiver
}

// Config says what is particular to a platform.
type Config struct {
	// Channel is the kind of channel, for figures and logs.
	Channel string
	// Path is where the platform calls, such as "/facebook". Required.
	Path string
	// Limit is the size in bytes above which a body is refused. Required.
	Limit int64
	// Verify returns nil when the body, byte for byte, comes from the
	// platform. Its error holds no secret and no signature. Required.
	Verify func(r *http.Request, body []byte) error
	// Take makes a delivery durable, all of it, and returns nil only then. It
	// parks what it cannot read. It must not keep body. Required.
	Take func(ctx context.Context, inbox channels.Inbox, body []byte) error
	// Challenge answers GET, by which a platform makes sure of us; nil answers
	// 405. It works whether or not Receive runs.
	Challenge http.HandlerFunc
	// Limits of time; the zero value is what both Meta and X can wait for.
	TakeLimit time.Duration

	// Log, nil for none.
	Log *slog.Logger
	// Metrics, nil for none. Receivers may share one.
	Metrics prometheus.Registerer
}

const (
	// takeLimit bounds Take: X gives up after 10 s and Meta after 20 s, and an
	// answer that comes later than that counts as a failure.
	takeLimit = 8 * time.Second
	// largeAtOnce is for how many bodies of the largest size there is room.
	largeAtOnce = 8
	// quiet is the least time between two warnings that anybody can cause.
	quiet = time.Minute
)

// Receiver answers a platform's calls. Make one with New. It is safe for
// concurrent use.
type Receiver struct {
	config Config
	log    *slog.Logger
	figure figures
	inbox  atomic.Pointer[open]
	room   room
	// When a bad signature was last told, and a delivery that is too large.
	forged, outsize Seldom
}

// Seldom lets what strangers cause fill no log: it may be told once a minute.
// The zero value is ready. It is safe for concurrent use.
type Seldom struct{ last atomic.Int64 } // Unix nanoseconds

// Now reports whether it may be told now, and takes that it is.
func (s *Seldom) Now() bool {
	now, last := time.Now().UnixNano(), s.last.Load()
	return now-last >= int64(quiet) && s.last.CompareAndSwap(last, now)
}

// open is an inbox that originals may go to, and who is using it.
type open struct {
	inbox channels.Inbox
	busy  sync.WaitGroup
	mutex sync.RWMutex
	shut  bool
}

// CheckPath says what is wrong with a path, with its key.
func CheckPath(p string) error {
	if !strings.HasPrefix(p, "/") || p == "/" || path.Clean(p) != p || strings.ContainsAny(p, " {}?#") {
		return fmt.Errorf("path: want /name, got %q", p)
	}
	return nil
}

// New checks the configuration.
func New(c Config) (*Receiver, error) {
	if err := CheckPath(c.Path); err != nil {
		return nil, fmt.Errorf("make webhook: %w", err)
	}
	if c.Limit <= 0 || c.Verify == nil || c.Take == nil {
		return nil, errors.New("make webhook: limit, verify and take are needed")
	}
	if c.TakeLimit == 0 {
		c.TakeLimit = takeLimit
	}
	r := &Receiver{config: c, log: c.Log, room: newRoom(largeAtOnce, c.Limit)}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	var err error
	r.figure, err = newFigures(c.Metrics, c.Channel)
	return r, err
}

// Path is where the receiver is to be mounted.
func (r *Receiver) Path() string { return r.config.Path }

// Receive opens the receiver until ctx ends, and returns when no delivery is
// in work any more. It may run once at a time.
func (r *Receiver) Receive(ctx context.Context, inbox channels.Inbox) {
	o := &open{inbox: inbox}
	r.inbox.Store(o)
	<-ctx.Done()
	r.inbox.CompareAndSwap(o, nil)
	o.mutex.Lock()
	o.shut = true
	o.mutex.Unlock()
	o.busy.Wait()
}

// enter returns the inbox and a function to leave it, or nil.
func (r *Receiver) enter() (channels.Inbox, func()) {
	o := r.inbox.Load()
	if o == nil {
		return nil, nil
	}
	o.mutex.RLock()
	defer o.mutex.RUnlock()
	if o.shut {
		return nil, nil
	}
	o.busy.Add(1)
	return o.inbox, o.busy.Done
}

// ServeHTTP answers one call of the platform.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	switch {
	case request.Method == http.MethodPost:
		began := time.Now()
		outcome := r.receive(w, request)
		r.figure.delivered(outcome, time.Since(began))
	case request.Method == http.MethodGet && r.config.Challenge != nil:
		r.config.Challenge(w, request)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "not allowed", http.StatusMethodNotAllowed)
	}
}

// receive takes a delivery and says what became of it.
func (r *Receiver) receive(w http.ResponseWriter, request *http.Request) string {
	inbox, leave := r.enter()
	if inbox == nil {
		return again(w, "closed")
	}
	defer leave()
	if request.ContentLength > r.config.Limit {
		return r.unread(w, &http.MaxBytesError{Limit: r.config.Limit})
	}
	sent := body{from: http.MaxBytesReader(w, request.Body, r.config.Limit), control: http.NewResponseController(w), room: r.room}
	defer sent.done()
	if err := sent.read(request.Context(), request.ContentLength); err != nil {
		return r.unread(w, err)
	}
	if err := r.config.Verify(request, sent.bytes); err != nil {
		r.refuse(request, err)
		http.Error(w, "bad signature", http.StatusUnauthorized)
		return "bad_signature"
	}
	// A platform that hangs up early must not undo what is being stored.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(request.Context()), r.config.TakeLimit)
	defer cancel()
	if err := r.config.Take(ctx, inbox, sent.bytes); err != nil {
		r.log.Error("delivery not taken, the platform will repeat it", "channel", r.config.Channel, "err", err)
		return again(w, "refused")
	}
	w.WriteHeader(http.StatusOK)
	return "taken"
}

// again asks the platform to deliver it once more.
func again(w http.ResponseWriter, outcome string) string {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "not now", http.StatusServiceUnavailable)
	return outcome
}

func (r *Receiver) unread(w http.ResponseWriter, err error) string {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		// It is never going to fit, so an alarm must ring: figures and log.
		if r.outsize.Now() {
			r.log.Error("delivery is larger than its platform promises", "channel", r.config.Channel, "limit", r.config.Limit)
		}
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return "too_large"
	case errors.Is(err, errNoRoom):
		return again(w, "no_room")
	default:
		http.Error(w, "body cut short", http.StatusBadRequest)
		return "cut_short"
	}
}

// refuse tells of a bad signature: a rotated secret looks the same as an
// attack, and the platform switches off what keeps refusing.
func (r *Receiver) refuse(request *http.Request, err error) {
	if !r.forged.Now() {
		return
	}
	r.log.Warn("delivery with a bad signature; if the platform's secret was changed, change it here too",
		"channel", r.config.Channel, "from", request.RemoteAddr, "err", err)
}
