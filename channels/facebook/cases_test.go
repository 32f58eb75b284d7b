package facebook

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/loose"
	"contactd/contact"
)

var update = flag.Bool("update", false, "rewrite the wanted results")

// polled is what a case of polling holds instead of a delivery.
type polled struct {
	Object, Entry, Under, Field, Via string
	Time                             int64
	Objects                          []json.RawMessage
}

// seen is what became of one element: what is wanted of a case.
type seen struct {
	ID       string              `json:"id,omitempty"`
	Ignored  string              `json:"ignored,omitempty"`
	Changed  *delivery.Reference `json:"changed,omitempty"`
	Sent     *delivery.Sent      `json:"sent,omitempty"`
	Files    []delivery.File     `json:"files,omitempty"`
	Kind     string              `json:"kind,omitempty"`
	Public   bool                `json:"public,omitempty"`
	Thread   string              `json:"thread,omitempty"`
	Sender   *contact.Sender     `json:"sender,omitempty"`
	SentAt   *time.Time          `json:"sentAt,omitempty"`
	Text     string              `json:"text,omitempty"`
	Fields   []contact.Field     `json:"fields,omitempty"`
	Places   []contact.Location  `json:"places,omitempty"`
	Revision *revised            `json:"revision,omitempty"`
	Flags    []contact.Flag      `json:"flags,omitempty"`
	Auto     contact.Automatic   `json:"automatic,omitempty"`
	Answer   string              `json:"answer,omitempty"`
	Rules    *contact.ReplyRules `json:"rules,omitempty"`
	Ends     *time.Time          `json:"windowEndsAt,omitempty"`
	Link     string              `json:"link,omitempty"`
	Unread   string              `json:"unreadable,omitempty"`
}

// revised names what is revised by the platform's id, for people.
type revised struct {
	Of     string           `json:"of"`
	Action contact.Revising `json:"action"`
	By     string           `json:"by,omitempty"`
	Value  string           `json:"value,omitempty"`
}

// reader is a channel that only reads.
func reader() *Channel {
	return &Channel{accounts: []*account{
		{Account: Account{Name: "town", ID: townPage, Kind: kindPage, HumanAgent: true}},
		{Account: Account{Name: "insta", ID: "17841400000000001", Kind: kindInstagram}},
		{Account: Account{Name: "phone", ID: "106540000000001", Kind: kindWhatsApp}},
	}}
}

func see(t testing.TB, e delivery.Element) seen {
	t.Helper()
	ch := reader()
	sorted := sortElement(e)
	s := seen{ID: sorted.ID, Ignored: sorted.Ignored, Sent: sorted.Sent, Files: sorted.Files}
	if sorted.Changed.ID != "" {
		s.Changed = &sorted.Changed
	}
	if sorted.ID == "" {
		return s
	}
	o := channels.Original{Channel: Kind, Account: nameFor(ch.accounts.With(e.Entry), e), ID: sorted.ID, Bytes: e.Original()}
	m, err := ch.Read(t.Context(), o)
	if err != nil {
		s.Unread = "error: " + err.Error()
		return s
	}
	s.Kind, s.Public, s.Thread, s.Text, s.Fields, s.Places = m.Channel.Kind, m.Channel.Visibility == "public", m.Conversation, m.Text, m.Fields, m.Locations
	s.Flags, s.Auto, s.Answer, s.Ends, s.Link, s.Unread = m.Flags, m.Automatic, m.Answer.Address, m.Channel.ReplyWindowEndsAt, m.Channel.ThreadURL, m.Unreadable
	s.Sender = &m.Sender
	if !m.SentAt.IsZero() {
		s.SentAt = &m.SentAt
	}
	if r := m.Answer.Rules; r.Allowed || r.Reason != "" {
		s.Rules = &r
	}
	if m.Revision != nil {
		s.Revision = &revised{Of: target(o, m.Revision.Of), Action: m.Revision.Action, By: m.Revision.By, Value: m.Revision.Value}
	}
	return s
}

// target is the platform's id behind a contact: the revision's own, shortened
// until it fits, or for a reaction and a fetched file the message that it names.
func target(o channels.Original, of string) string {
	for id := o.ID; ; id = id[:strings.LastIndex(id, ":")] {
		if contact.MessageID(Kind, o.Account, id) == of {
			return id
		}
		if !strings.Contains(id, ":") {
			return of
		}
	}
}

func TestEveryShapeIsReadAsWanted(t *testing.T) {
	dirs, err := filepath.Glob("testdata/*/in.json")
	if err != nil || len(dirs) < 90 {
		t.Fatalf("%d cases, %v", len(dirs), err)
	}
	covered := map[string]bool{}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var all []seen
			for _, e := range elementsOf(t, body) {
				covered[pair(e)] = true
				all = append(all, see(t, e))
			}
			got, err := json.MarshalIndent(all, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			wanted := filepath.Join(dir, "want.json")
			if *update {
				if err := os.WriteFile(wanted, got, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(wanted)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("read as\n%s\nwant\n%s", got, want)
			}
		})
	}
	var list []string
	for each := range covered {
		list = append(list, each)
	}
	slices.Sort(list)
	t.Logf("%d cases cover %d shapes (object, field, item, verb):\n%s", len(dirs), len(list), strings.Join(list, "\n"))
}

// elementsOf reads a case: a delivery, or objects of Graph.
func elementsOf(t testing.TB, body []byte) []delivery.Element {
	t.Helper()
	var p polled
	if json.Unmarshal(body, &p) == nil && len(p.Objects) > 0 {
		var all []delivery.Element
		if p.Via == "" {
			p.Via = delivery.Poll
		}
		for _, raw := range p.Objects {
			all = append(all, delivery.Element{Object: p.Object, Entry: p.Entry, Time: p.Time, Via: p.Via, Kind: delivery.Object, Field: p.Field, Under: p.Under, Raw: raw})
		}
		return all
	}
	split, err := delivery.Split(body)
	if err != nil {
		t.Fatal(err)
	}
	var all []delivery.Element
	for _, each := range split {
		all = append(all, apart(each)...)
	}
	return all
}

// pair names the shape of an element.
func pair(e delivery.Element) string {
	var v struct {
		Item, Verb, Type, Status string
	}
	_, _ = loose.Decode(e.Raw, &v)
	var keys map[string]json.RawMessage
	_ = json.Unmarshal(e.Raw, &keys)
	if e.Kind == delivery.Messaging || e.Kind == delivery.Standby {
		for key := range keys {
			if !slices.Contains([]string{"sender", "recipient", "timestamp"}, key) {
				v.Item = key
			}
		}
	}
	return strings.TrimRight(fmt.Sprintf("%s %s %s %s %s", e.Object, e.Kind, e.Field, v.Item+v.Type, v.Verb+v.Status), " ")
}

func FuzzElementsAreSortedAndRead(f *testing.F) {
	cases, _ := filepath.Glob("testdata/*/in.json")
	for _, file := range cases {
		if body, err := os.ReadFile(file); err == nil {
			f.Add(body)
		}
	}
	ch := reader()
	f.Fuzz(func(t *testing.T, body []byte) {
		split, err := delivery.Split(body)
		if err != nil {
			return
		}
		for _, whole := range split {
			for _, e := range apart(whole) {
				tryElement(t, ch, e)
			}
		}
	})
}

// tryElement holds what becomes of an element to what holds for all.
func tryElement(t *testing.T, ch *Channel, e delivery.Element) {
	t.Helper()
	sorted := sortElement(e)
	if sorted.ID == "" {
		if sorted.Ignored == "" {
			t.Errorf("%q is neither taken nor ignored", e.Raw)
		}
		return
	}
	o := channels.Original{Channel: Kind, Account: nameFor(ch.accounts.With(e.Entry), e), ID: sorted.ID, Bytes: e.Original()}
	first, err := ch.Read(t.Context(), o)
	if err != nil {
		return
	}
	if second, _ := ch.Read(t.Context(), o); !reflect.DeepEqual(first, second) {
		t.Errorf("%q is read in two ways", e.Raw)
	}
	if len(first.Answer.Address) > contact.AnswerLimit && len(o.ID) < 500 {
		t.Errorf("an answer of %d bytes", len(first.Answer.Address))
	}
	if first.Channel.Kind == "" || first.Sender.Address == "" && first.Unreadable == "" {
		t.Errorf("%q has no kind or sender: %+v", e.Raw, first)
	}
}

// FuzzObjectsOfGraph reads what polling and reading again bring.
func FuzzObjectsOfGraph(f *testing.F) {
	cases, _ := filepath.Glob("testdata/*/in.json")
	for _, file := range cases {
		body, err := os.ReadFile(file)
		var p polled
		if err != nil || json.Unmarshal(body, &p) != nil {
			continue
		}
		for _, raw := range p.Objects {
			f.Add(p.Field, p.Object == objectInstagram, p.Via == delivery.Reread, []byte(raw))
		}
	}
	ch := reader()
	f.Fuzz(func(t *testing.T, field string, insta, again bool, raw []byte) {
		if !json.Valid(raw) { // lists are taken apart by encoding/json
			return
		}
		e := delivery.Element{Object: objectPage, Entry: townPage, Time: 1793740450, Via: delivery.Poll, Kind: delivery.Object, Field: field, Under: "1_2", Raw: raw}
		if insta {
			e.Object, e.Entry = objectInstagram, "17841400000000001"
		}
		if again {
			e.Via = delivery.Reread
		}
		tryElement(t, ch, e)
	})
}
