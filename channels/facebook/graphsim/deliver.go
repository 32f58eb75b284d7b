package graphsim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
)

// Weather is how unreliable deliveries are, and calls of the API; each part is
// a chance from 0 to 1.
type Weather struct {
	Duplicate, Reorder, Drop float64
	// Calls fail in one of the ways in which they do fail: with an error of
	// Meta's or of a proxy, by a connection that breaks, before or after the
	// call has done its work, or late.
	Calls float64
	// Batch gathers what waits into one delivery, up to so many elements; 0
	// and 1 for none.
	Batch int
}

// deliveries are what waits to be delivered.
type deliveries struct {
	server *Server
	client *http.Client
	mutex  sync.Mutex
	more   *sync.Cond
	queue  []Element
	active int
	told   []Element // answered by 200
	random *rand.Rand
	sky    Weather
	ended  bool
	failed int // deliveries that were not answered by 200
}

// deliverers is how many deliveries are under way at once.
const deliverers = 4

func newDeliveries(s *Server) *deliveries {
	d := &deliveries{server: s, random: rand.New(rand.NewPCG(s.options.Seed, 7)), client: &http.Client{Timeout: 10 * time.Second}}
	d.more = sync.NewCond(&d.mutex)
	context.AfterFunc(s.base, func() {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		d.ended = true
		d.more.Broadcast()
	})
	for range deliverers {
		s.workers.Go(d.work)
	}
	return d
}

// Weather changes how unreliable everything is.
func (s *Server) Weather(w Weather) {
	s.waiting.mutex.Lock()
	defer s.waiting.mutex.Unlock()
	s.waiting.sky = w
}

// deliver queues an element when the account is subscribed to it. The caller
// holds s.mutex.
func (s *Server) deliver(e Element) {
	a := s.state.Accounts[e.Account]
	if a == nil || !a.Subscribed[e.Field] && !a.Subscribed["*"] {
		return
	}
	d := s.waiting
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.random.Float64() < d.sky.Drop {
		return
	}
	d.put(e)
	if d.random.Float64() < d.sky.Duplicate {
		d.put(e)
	}
}

// put queues, somewhere when the weather is so. The caller holds mutex.
func (d *deliveries) put(e Element) {
	d.queue = append(d.queue, e)
	if n := len(d.queue); n > 1 && d.random.Float64() < d.sky.Reorder {
		i := d.random.IntN(n)
		d.queue[i], d.queue[n-1] = d.queue[n-1], d.queue[i]
	}
	d.more.Signal()
}

func (d *deliveries) work() {
	for {
		batch, ok := d.take()
		if !ok {
			return
		}
		taken := d.server.post(batch)
		d.note(batch, taken)
		if !taken {
			select {
			case <-time.After(d.server.options.Retry):
			case <-d.server.base.Done():
			}
			d.server.again(batch)
		}
		d.mutex.Lock()
		d.active--
		d.more.Broadcast()
		d.mutex.Unlock()
	}
}

func (d *deliveries) note(batch []Element, taken bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if taken {
		d.told = append(d.told, batch...)
	} else {
		d.failed++
	}
}

// take waits for what is to be delivered next.
func (d *deliveries) take() ([]Element, bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for len(d.queue) == 0 && !d.ended {
		d.more.Wait()
	}
	if d.ended {
		return nil, false
	}
	n := min(len(d.queue), max(1, d.sky.Batch))
	batch := append([]Element(nil), d.queue[:n]...)
	d.queue = d.queue[n:]
	d.active++
	return batch, true
}

// again queues what was not taken, unless its account was unsubscribed for
// failing for an hour.
func (s *Server) again(batch []Element) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, e := range batch {
		a := s.state.Accounts[e.Account]
		if a.FailingAt.IsZero() {
			a.FailingAt = s.now()
		}
		if s.now().Sub(a.FailingAt) > time.Hour {
			a.Subscribed = map[string]bool{}
			continue
		}
		s.waiting.mutex.Lock()
		s.waiting.put(e)
		s.waiting.mutex.Unlock()
	}
}

// post delivers a batch and reports whether it was taken.
func (s *Server) post(batch []Element) bool {
	s.mutex.Lock()
	body, callback := s.body(batch), s.options.Callback
	s.mutex.Unlock()
	request, err := http.NewRequestWithContext(s.base, http.MethodPost, callback, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Hub-Signature-256", Sign(s.options.AppSecret, body))
	response, err := s.waiting.client.Do(request)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	taken := response.StatusCode == http.StatusOK
	if taken {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		for _, e := range batch {
			s.state.Accounts[e.Account].FailingAt = time.Time{}
		}
	}
	return taken
}

// body writes a delivery as Meta does: all of one object, entries by account.
// The caller holds mutex. Elements of several objects do not mix: the first
// one's counts, as a test of one kind of account needs it.
func (s *Server) body(batch []Element) []byte {
	type change struct {
		Field string          `json:"field"`
		Value json.RawMessage `json:"value"`
	}
	type entry struct {
		ID        string            `json:"id"`
		Time      int64             `json:"time"`
		Messaging []json.RawMessage `json:"messaging,omitempty"`
		Standby   []json.RawMessage `json:"standby,omitempty"`
		Changes   []change          `json:"changes,omitempty"`
	}
	var entries []*entry
	for _, e := range batch {
		at := &entry{ID: e.Account, Time: s.now().Unix()}
		switch e.List {
		case "messaging":
			at.Time = s.now().UnixMilli()
			at.Messaging = []json.RawMessage{e.Value}
		case "standby":
			at.Time = s.now().UnixMilli()
			at.Standby = []json.RawMessage{e.Value}
		default:
			at.Changes = []change{{e.Field, e.Value}}
		}
		entries = append(entries, at)
	}
	return Escaped(mustJSON(object{"object": s.state.Accounts[batch[0].Account].Object, "entry": entries}))
}

// Sign is the header of a delivery.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Escaped writes JSON as Meta sends it: everything beyond ASCII, and slashes,
// escaped.
func Escaped(raw []byte) []byte {
	var out strings.Builder
	for _, r := range string(raw) {
		switch {
		case r == '/':
			out.WriteString(`\/`)
		case r < 0x80:
			out.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		}
	}
	return []byte(out.String())
}

// Told reports whether a delivery that holds text was answered by 200.
func (s *Server) Told(text string) bool {
	d := s.waiting
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, e := range d.told {
		if bytes.Contains(e.Value, []byte(text)) {
			return true
		}
	}
	return false
}

// Again delivers everything once more.
func (s *Server) Again() {
	d := s.waiting
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, e := range d.told {
		d.put(e)
	}
}

// Settle waits until nothing is to be delivered.
func (s *Server) Settle(ctx context.Context) error {
	d := s.waiting
	stop := context.AfterFunc(ctx, func() { d.mutex.Lock(); d.more.Broadcast(); d.mutex.Unlock() })
	defer stop()
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for (len(d.queue) > 0 || d.active > 0) && ctx.Err() == nil {
		d.more.Wait()
	}
	return ctx.Err()
}

// Failed counts deliveries that were not taken.
func (s *Server) Failed() int {
	s.waiting.mutex.Lock()
	defer s.waiting.mutex.Unlock()
	return s.waiting.failed
}

// Verify asks whether the callback is ours, as when a webhook is set up.
func (s *Server) Verify(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.options.Callback+"?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="+s.options.VerifyToken, nil)
	if err != nil {
		return err
	}
	response, err := s.waiting.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1000))
	if err != nil || response.StatusCode != http.StatusOK || string(body) != "1158201444" {
		return fmt.Errorf("verify webhook: HTTP %d, %q, %w", response.StatusCode, body, err)
	}
	return nil
}
