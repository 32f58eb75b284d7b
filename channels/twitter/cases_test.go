package twitter

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/twitter/activity"
	"contactd/channels/twitter/element"
	"contactd/contact"
)

var update = flag.Bool("update", false, "rewrite the wanted results")

// listed is what a case of a list holds instead of a delivery.
type listed struct {
	Dialect, Kind string
	Things        []json.RawMessage
	Users         []json.RawMessage
	Posts         []json.RawMessage
	Media         []json.RawMessage
}

// seenElement is what became of one element: what is wanted of a case.
type seenElement struct {
	Ignored string        `json:"ignored,omitempty"`
	Sent    *element.Sent `json:"sent,omitempty"`
	Taken   []seenMessage `json:"taken,omitempty"`
	// Files are those to be fetched.
	Files []element.File `json:"files,omitempty"`
}

type seenMessage struct {
	ID       string              `json:"id"`
	Account  string              `json:"account"`
	Kind     string              `json:"kind"`
	Public   bool                `json:"public,omitempty"`
	Thread   string              `json:"conversation,omitempty"`
	Refers   []string            `json:"refers,omitempty"`
	Sender   contact.Sender      `json:"sender"`
	SentAt   *time.Time          `json:"sentAt,omitempty"`
	Text     string              `json:"text,omitempty"`
	Own      string              `json:"own,omitempty"`
	Fields   []contact.Field     `json:"fields,omitempty"`
	Places   []contact.Location  `json:"places,omitempty"`
	Language string              `json:"language,omitempty"`
	Revision *revised            `json:"revision,omitempty"`
	Flags    []contact.Flag      `json:"flags,omitempty"`
	Answer   string              `json:"answer,omitempty"`
	Rules    *contact.ReplyRules `json:"rules,omitempty"`
	Link     string              `json:"link,omitempty"`
	Unread   string              `json:"unreadable,omitempty"`
	Failed   string              `json:"failed,omitempty"`
}

// revised names what is revised by X's id, for people.
type revised struct {
	Of     string           `json:"of"`
	Action contact.Revising `json:"action"`
	By     string           `json:"by,omitempty"`
}

// reader is a channel that only reads.
func reader() *Channel {
	metrics, _ := newMetrics(nil)
	ch := &Channel{metrics: metrics}
	ch.accounts = []*account{{Account: Account{Name: "town", UserID: townID}, sent: accounts.NewSent(), watched: newWatched("town"), threads: newThreads("town")}}
	return ch
}

// see says what becomes of an element.
func see(t testing.TB, e element.Element) seenElement {
	t.Helper()
	ch := reader()
	sorted := element.Sort(e)
	s := seenElement{Ignored: sorted.Ignored, Sent: sorted.Sent, Files: e.Files()}
	for _, taken := range sorted.Taken {
		name := nameFor(ch.accounts.With(e.Owner), e)
		original := channels.Original{Channel: Kind, Account: name, ID: taken.ID, MediaType: element.MediaType, ReceivedAt: taken.At, Bytes: taken.Element.Original()}
		s.Taken = append(s.Taken, seeMessage(ch, original))
	}
	return s
}

func seeMessage(ch *Channel, original channels.Original) seenMessage {
	s := seenMessage{ID: original.ID, Account: original.Account}
	m, err := ch.Read(context.Background(), original)
	if err != nil {
		s.Failed = err.Error()
		return s
	}
	s.Kind, s.Public, s.Thread, s.Refers, s.Sender = m.Channel.Kind, m.Channel.Visibility == "public", m.Conversation, m.Thread.References, m.Sender
	s.Text, s.Places, s.Language, s.Flags, s.Unread, s.Link = m.Text, m.Locations, m.Language, m.Flags, m.Unreadable, m.Channel.ThreadURL
	if s.Fields = m.Fields; m.Authored != m.Text {
		s.Own = m.Authored
	}
	if !m.SentAt.IsZero() {
		s.SentAt = &m.SentAt
	}
	if m.Revision != nil {
		s.Revision = &revised{m.Revision.Of, m.Revision.Action, m.Revision.By}
	}
	if m.Answer.Address != "" || m.Answer.Rules.Reason != "" {
		s.Answer, s.Rules = m.Answer.Address, &m.Answer.Rules
	}
	return s
}

// elementsOf takes a case apart.
func elementsOf(t testing.TB, raw []byte) []element.Element {
	t.Helper()
	var l listed
	if json.Unmarshal(raw, &l) == nil && l.Dialect != "" {
		var elements []element.Element
		in := element.NewIncludes(l.Users, l.Posts, l.Media)
		for _, thing := range l.Things {
			e := element.Element{Owner: townID, Dialect: l.Dialect, Kind: l.Kind, Via: element.Poll, Raw: thing}
			if l.Dialect == element.V2 {
				e.With = in.For(thing)
			}
			elements = append(elements, e)
		}
		return elements
	}
	elements, err := activity.Split(raw)
	if err != nil {
		t.Fatal(err)
	}
	return elements
}

func cases(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*/in.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return files
}

func TestEveryShapeReadsAsWanted(t *testing.T) {
	kinds := map[string]int{}
	for _, file := range cases(t) {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all := []seenElement{}
			for _, e := range elementsOf(t, raw) {
				kinds[e.Dialect+" "+e.Field+" "+e.Kind]++
				all = append(all, see(t, e))
			}
			var got bytes.Buffer
			encoder := json.NewEncoder(&got)
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(all); err != nil {
				t.Fatal(err)
			}
			want := filepath.Join(filepath.Dir(file), "want.json")
			if *update {
				if err := os.WriteFile(want, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			wanted, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(wanted, got.Bytes()) {
				t.Errorf("got\n%s\nwant\n%s", got.Bytes(), wanted)
			}
		})
	}
	var covered []string
	for kind, n := range kinds {
		covered = append(covered, fmt.Sprintf("%s: %d", kind, n))
	}
	slices.Sort(covered)
	t.Logf("covered (dialect, name, kind):\n%s", strings.Join(covered, "\n"))
}
