package graphsim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf16"
)

// deliver queues an element when the account is subscribed to it. The caller
// holds s.mutex.
func (s *Server) deliver(e Element) {
	a := s.state.Accounts[e.Account]
	if a == nil || !a.Subscribed[e.Field] && !a.Subscribed["*"] {
		return
	}
	s.Put(e)
}

// refused are the elements that are delivered again: not those of an account
// that was unsubscribed for failing for an hour.
func (s *Server) refused(batch []Element) []Element {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var again []Element
	for _, e := range batch {
		a := s.state.Accounts[e.Account]
		if a.FailingAt.IsZero() {
			a.FailingAt = s.Now()
		}
		if s.Now().Sub(a.FailingAt) > time.Hour {
			a.Subscribed = map[string]bool{}
			continue
		}
		again = append(again, e)
	}
	return again
}

func (s *Server) taken(batch []Element) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, e := range batch {
		s.state.Accounts[e.Account].FailingAt = time.Time{}
	}
}

// signed writes a delivery and signs it.
func (s *Server) signed(batch []Element, header http.Header) []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	body := s.body(batch)
	header.Set("X-Hub-Signature-256", Sign(s.options.AppSecret, body))
	return body
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
		at := &entry{ID: e.Account, Time: s.Now().Unix()}
		switch e.List {
		case "messaging":
			at.Time = s.Now().UnixMilli()
			at.Messaging = []json.RawMessage{e.Value}
		case "standby":
			at.Time = s.Now().UnixMilli()
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

// Verify asks whether the callback is ours, as when a webhook is set up.
func (s *Server) Verify(ctx context.Context) error {
	status, body, err := s.Ask(ctx, s.CallbackURL()+"?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="+s.options.VerifyToken)
	if err != nil || status != http.StatusOK || string(body) != "1158201444" {
		return fmt.Errorf("verify webhook: HTTP %d, %q, %w", status, body, err)
	}
	return nil
}
