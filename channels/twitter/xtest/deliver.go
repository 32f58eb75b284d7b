package xtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// event is something to be delivered, in the words of both forms.
type event struct {
	field, word string
	value       any
	users       object // beside it
	includes    object
}

// Sky is the weather over deliveries, as shares of 1.
type Sky struct {
	// Repeat delivers twice, Drop never, Reorder out of turn; of the calls of
	// the API that many Calls fail, before or after they did their work.
	Repeat, Drop, Reorder, Calls float64
}

// deliveries wait for the callback.
type deliveries struct {
	server *Server
	client *http.Client
	random *rand.Rand

	mutex  sync.Mutex
	more   *sync.Cond
	queue  [][]byte
	told   [][]byte
	active int
	failed int
	sky    Sky
	ended  bool
}

func newDeliveries(s *Server) *deliveries {
	d := &deliveries{server: s, client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}, random: rand.New(rand.NewPCG(1, 2))}
	d.more = sync.NewCond(&d.mutex)
	s.workers.Go(d.work)
	return d
}

func (d *deliveries) end() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.ended = true
	d.more.Broadcast()
	d.client.CloseIdleConnections()
}

// Weather sets the weather.
func (s *Server) Weather(sky Sky) {
	s.waiting.mutex.Lock()
	defer s.waiting.mutex.Unlock()
	s.waiting.sky = sky
}

// deliverPost delivers a post to the accounts that it concerns. The caller
// holds mutex.
func (s *Server) deliverPost(p *Post) {
	for id := range s.state.Accounts {
		under, quoted := s.find(p.InReplyTo), s.find(p.Quoted)
		word := ""
		switch {
		case slices.Contains(p.Mentions, id):
			word = "post.mention.create"
		case under != nil && under.User == id:
			word = "post.reply.create"
		case quoted != nil && quoted.User == id:
			word = "post.quote.create"
		case p.User == id:
			word = "post.create"
		default:
			continue
		}
		includes := object{"users": []any{s.v2User(p.User)}}
		if media := s.v2Media(p.Media); media != nil {
			includes["media"] = media
		}
		if quoted != nil {
			includes["tweets"] = []any{s.v2Post(quoted)}
		}
		s.deliver(id, event{field: "tweet_create_events", word: word, value: both{s.v1Post(p), s.v2Post(p)}, includes: includes})
	}
}

// both is something that the two forms write differently.
type both struct{ v1, v2 any }

func (s *Server) deliverDM(d *DM) {
	for id := range s.state.Accounts {
		if id != d.From && id != d.To {
			continue
		}
		word := "dm.received"
		if id == d.From {
			word = "dm.sent"
		}
		u := s.v2User(d.From)
		s.deliver(id, event{
			field: "direct_message_events", word: word, value: s.v1DM(d),
			users: object{d.From: object{"id": d.From, "name": u["name"], "screen_name": u["username"], "created_timestamp": "1"}},
		})
	}
}

// Encrypted has somebody send an encrypted message.
func (s *Server) Encrypted(from, to string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	id, form := s.id(), s.form
	s.form = ActivityAPI // the other knows none
	s.deliver(to, event{word: "chat.received", value: object{
		"id": id, "sender_id": from, "conversation_id": from + ":" + to, "created_at_msec": millis(s.now()), "encoded_event": "c2VjcmV0",
	}})
	s.form = form
	return id
}

// Revoke has an account withdraw its consent.
func (s *Server) Revoke(account string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.deliver(account, event{field: "user_event", word: "oauth.revoke", value: object{"user_id": account, "app_id": "1", "date_time": s.now().Format(time.RFC3339)}})
}

// Raw delivers a body of one's own, signed.
func (s *Server) Raw(body []byte) { s.waiting.put(body) }

// deliver writes an event in the form of the day. The caller holds mutex.
func (s *Server) deliver(account string, e event) {
	if s.state.Hook != nil && slices.Contains(s.state.Hook.Events, account+" "+e.word) {
		form := s.form
		s.form = ActivityAPI
		s.say("/2/activity/stream", s.body(account, e))
		s.form = form
	}
	if s.options.Callback == "" {
		return
	}
	body := s.body(account, e)
	s.note(body)
	s.waiting.put(body)
}

func (s *Server) body(account string, e event) []byte {
	value := e.value
	two, different := value.(both)
	if s.form == AccountActivity {
		if different {
			value = two.v1
		}
		body := object{"for_user_id": account, e.field: []any{value}}
		if e.field == "user_event" {
			body = object{"user_event": object{"revoke": object{"source": object{"user_id": account}}}, "for_user_id": account}
		}
		if e.users != nil {
			body["users"] = e.users
		}
		return mustJSON(body)
	}
	if different {
		value = two.v2
	}
	if e.field == "direct_message_events" || e.field == "direct_message_mark_read_events" {
		users := object{}
		for id, u := range e.users {
			flat, _ := u.(object)
			users[id] = object{"data": object{"id": id, "name": flat["name"], "username": flat["screen_name"]}}
		}
		value = object{e.field: []any{value}, "users": users}
	}
	data := object{"event_uuid": s.id(), "filter": object{"user_id": account}, "event_type": e.word, "tag": "contactd", "payload": value}
	if e.includes != nil {
		data["includes"] = e.includes
	}
	return mustJSON(object{"data": data})
}

func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// put queues a delivery as the weather wants it.
func (d *deliveries) put(body []byte) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.random.Float64() < d.sky.Drop {
		return
	}
	d.queue = append(d.queue, body)
	if d.random.Float64() < d.sky.Repeat {
		d.queue = append(d.queue, body)
	}
	if n := len(d.queue); n > 1 && d.random.Float64() < d.sky.Reorder {
		i := d.random.IntN(n)
		d.queue[i], d.queue[n-1] = d.queue[n-1], d.queue[i]
	}
	d.more.Broadcast()
}

func (d *deliveries) work() {
	for {
		d.mutex.Lock()
		for len(d.queue) == 0 && !d.ended {
			d.more.Wait()
		}
		if d.ended {
			d.mutex.Unlock()
			return
		}
		body := d.queue[0]
		d.queue, d.active = d.queue[1:], d.active+1
		d.mutex.Unlock()
		taken := d.server.call(body)
		d.mutex.Lock()
		d.active--
		if taken {
			d.told = append(d.told, body)
		} else {
			d.failed++
			d.queue = append(d.queue, body)
		}
		d.more.Broadcast()
		d.mutex.Unlock()
		if !taken {
			select {
			case <-time.After(d.server.options.Retry):
			case <-d.server.base.Done():
			}
		}
	}
}

// call delivers and reports whether it was taken.
func (s *Server) call(body []byte) bool {
	s.mutex.Lock()
	callback := s.options.Callback
	s.mutex.Unlock()
	r, err := http.NewRequestWithContext(s.base, http.MethodPost, callback, bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("x-twitter-webhooks-signature", Sign(s.options.ConsumerSecret, body))
	response, err := s.waiting.client.Do(r)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// Sign is the header of a delivery.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// failing is what the weather does to a call, nil for nothing.
func (s *Server) failing() *Fault {
	d := s.waiting
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.random.Float64() >= d.sky.Calls {
		return nil
	}
	return &Fault{After: d.random.IntN(2) == 0, Status: []int{0, 503}[d.random.IntN(2)], Body: "over capacity"}
}

// Failed counts deliveries that were not taken.
func (s *Server) Failed() int {
	s.waiting.mutex.Lock()
	defer s.waiting.mutex.Unlock()
	return s.waiting.failed
}

// Told reports whether a delivery that holds text was taken.
func (s *Server) Told(text string) bool {
	s.waiting.mutex.Lock()
	defer s.waiting.mutex.Unlock()
	return slices.ContainsFunc(s.waiting.told, func(body []byte) bool { return bytes.Contains(body, []byte(text)) })
}

// Again delivers once more what was taken.
func (s *Server) Again() {
	s.waiting.mutex.Lock()
	told := slices.Clone(s.waiting.told)
	s.waiting.mutex.Unlock()
	for _, body := range told {
		s.waiting.put(body)
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

// Challenge asks whether the callback is ours (CRC).
func (s *Server) Challenge(ctx context.Context, token string) error {
	s.mutex.Lock()
	callback := s.options.Callback
	s.mutex.Unlock()
	return s.challenge(ctx, callback, token)
}

func (s *Server) challenge(ctx context.Context, callback, token string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, callback+"?crc_token="+url.QueryEscape(token), nil)
	if err != nil {
		return err
	}
	response, err := s.waiting.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Token string `json:"response_token"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 4096)).Decode(&answer)
	if err != nil || response.StatusCode != http.StatusOK || answer.Token != Sign(s.options.ConsumerSecret, []byte(token)) {
		return fmt.Errorf("challenge webhook: HTTP %d: %w", response.StatusCode, err)
	}
	return nil
}
