package xtest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// event is something to be delivered, in the words of both forms.
type event struct {
	field, word string
	value       any
	users       object // beside it
	includes    object
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

// Encrypted has somebody send an encrypted message. It is never dropped: no list
// shows it, so that it would be lost.
func (s *Server) Encrypted(from, to string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	id, form := s.id(), s.form
	s.form = ActivityAPI // the other knows none
	s.deliver(to, event{word: "chat.received", value: object{
		"id": id, "sender_id": from, "conversation_id": from + ":" + to, "created_at_msec": millis(s.Now()), "encoded_event": "c2VjcmV0",
	}})
	s.form = form
	return id
}

// Revoke has an account withdraw its consent.
func (s *Server) Revoke(account string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.deliver(account, event{field: "user_event", word: "oauth.revoke", value: object{"user_id": account, "app_id": "1", "date_time": s.Now().Format(time.RFC3339)}})
}

// Raw delivers a body of one's own, signed.
func (s *Server) Raw(body []byte) { s.Put(body) }

// deliver writes an event in the form of the day. The caller holds mutex.
func (s *Server) deliver(account string, e event) {
	if s.state.Hook != nil && slices.Contains(s.state.Hook.Events, account+" "+e.word) {
		form := s.form
		s.form = ActivityAPI
		s.say("/2/activity/stream", s.body(account, e))
		s.form = form
	}
	if s.CallbackURL() == "" {
		return
	}
	body := s.body(account, e)
	s.note(body)
	if e.word == "chat.received" {
		s.PutSurely(body)
	} else {
		s.Put(body)
	}
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

// signed is a delivery, with its signature.
func (s *Server) signed(batch [][]byte, header http.Header) []byte {
	header.Set("x-twitter-webhooks-signature", Sign(s.options.ConsumerSecret, batch[0]))
	return batch[0]
}

// Sign is the header of a delivery.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Challenge asks whether the callback is ours (CRC).
func (s *Server) Challenge(ctx context.Context, token string) error {
	return s.challenge(ctx, s.CallbackURL(), token)
}

func (s *Server) challenge(ctx context.Context, callback, token string) error {
	status, body, err := s.Ask(ctx, callback+"?crc_token="+url.QueryEscape(token))
	if err != nil {
		return err
	}
	var answer struct {
		Token string `json:"response_token"`
	}
	err = json.Unmarshal(body, &answer)
	if err != nil || status != http.StatusOK || answer.Token != Sign(s.options.ConsumerSecret, []byte(token)) {
		return fmt.Errorf("challenge webhook: HTTP %d: %w", status, err)
	}
	return nil
}
