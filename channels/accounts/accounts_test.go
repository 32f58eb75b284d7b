package accounts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/contact"
)

// page is an account of the tests.
type page struct{ name, id string }

func (p *page) Names() (name, id string) { return p.name, p.id }

func TestAccountsAreFoundByNameAndId(t *testing.T) {
	l := List[*page]{{"town", "1"}, {"county", "2"}}
	if l.Of("county") != l[1] || l.With("1") != l[0] || l.Of("1") != nil || l.With("town") != nil || !slices.Equal(l.Names(), []string{"town", "county"}) {
		t.Errorf("%+v", l)
	}
}

func TestWhatIsWrongWithAccountsIsToldWithItsKey(t *testing.T) {
	told := fmt.Sprint(Doubles([]string{"a", "b", "a"}, []string{"1", "1", "2"}, "user_id"))
	for _, want := range []string{`accounts[2].name: "a" is used twice`, `accounts[1].user_id: "1" is used twice`} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told in %s", want, told)
		}
	}
	for name, good := range map[string]bool{"town": true, "a.b_c-9": true, "": false, "a b": false, "a/b": false, strings.Repeat("a", 65): false} {
		if (CheckName(name) == nil) != good {
			t.Errorf("%q: %v", name, CheckName(name))
		}
	}
	for text, good := range map[string]bool{
		"https://api.x.com": true, "http://127.0.0.1:8080": true, "http://[::1]:1": true, "http://localhost": true,
		"http://api.x.com": false, "https://user@api.x.com": false, "https://api.x.com?a=b": false, "ftp://x": false, "": false, "http://127.evil.example": false,
	} {
		if IsService(text) != good {
			t.Errorf("%q: %v", text, !good)
		}
	}
}

func TestAModeForbidsWhatItSays(t *testing.T) {
	plain, automatic, silent := contact.Reply{}, contact.Reply{Automatic: true}, contact.Reply{Way: contact.Hide}
	for mode, want := range map[string][3]bool{On: {true, true, true}, AnswerOnly: {true, false, false}, Off: {}} {
		for i, reply := range []contact.Reply{plain, automatic, silent} {
			if (MaySend(mode, reply) == nil) != want[i] {
				t.Errorf("%s, %d: %v", mode, i, MaySend(mode, reply))
			}
		}
		if CheckMode(mode) != nil {
			t.Error(CheckMode(mode))
		}
	}
	if CheckMode("loud") == nil {
		t.Error("loud is a mode")
	}
}

func TestAnAccountWorksWhenNothingOfItFails(t *testing.T) {
	var well channelstest.Health
	h := NewHealth("test", "town", &well)
	state := func() (err error, told bool) {
		_ = well.Await(t.Context(), "test", "town", func(e error, so bool) bool { err, told = e, so; return true })
		return err, told
	}
	h.Report("token", errors.New("dead"))
	h.Report("polling", nil)
	if err, told := state(); !told || err == nil || err.Error() != "token: dead" {
		t.Errorf("%v, %v", err, told)
	}
	h.Report("sending", errors.New("refused"))
	h.Report("sending", nil)
	if err, _ := state(); err == nil || err.Error() != "token: dead" {
		t.Errorf("what fails is told as %v", err)
	}
	h.Report("token", nil)
	if err, told := state(); !told || err != nil {
		t.Errorf("%v, %v", err, told)
	}
}

func TestAllAccountsAreTriedAtOnceAndNoneForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		tried := Check(t.Context(), On, List[*page]{{"slow", "1"}, {"good", "2"}}, func(ctx context.Context, p *page) ([]string, error) {
			if p.name == "slow" {
				<-ctx.Done()
				return []string{"asked"}, ctx.Err()
			}
			return []string{"token good", "subscribed"}, nil
		})
		if took := time.Since(began); took != time.Minute {
			t.Errorf("took %s", took)
		}
		if tried[0].Account != "slow" || !errors.Is(tried[0].Err, context.DeadlineExceeded) || tried[1] != (channels.Tried{Account: "good", Detail: "token good, subscribed"}) {
			t.Errorf("%+v", tried)
		}
		if off := Check(t.Context(), Off, List[*page]{{"town", "1"}}, nil); len(off) != 1 || off[0].Detail != "switched off" {
			t.Errorf("%+v", off)
		}
	})
}

func TestWhatAnEarlierRunLeftIsReadUntilItCanBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		Remember(t.Context(), time.Second, slog.New(slog.DiscardHandler), func(context.Context) error {
			if tries++; tries < 3 {
				return errors.New("the journal is away")
			}
			return nil
		})
		if tries != 3 {
			t.Errorf("%d tries", tries)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if Remember(ctx, time.Hour, slog.New(slog.DiscardHandler), nil); Sleep(ctx, time.Hour) {
			t.Error("it slept after the end")
		}
	})
}

func TestWhatWasSentIsRememberedByPart(t *testing.T) {
	m, at := NewSent(), time.Date(2026, 11, 3, 21, 14, 10, 0, time.UTC)
	m.Attempt("r-1", "jo", 2, at)
	m.Know("r-1", 1, 2, "a")
	if ids, complete := m.Parts("r-1"); complete || ids[1] != "a" || m.ReplyOf("a") != "r-1" || !m.Attempted("r-1").Equal(at) {
		t.Errorf("%v, %v", ids, complete)
	}
	always := func(time.Time, string) bool { return true }
	if in := m.In("jo", always); len(in) != 0 {
		t.Errorf("half a reply counts: %v", in)
	}
	m.Know("r-1", 2, 0, "b")
	m.Know("r-2", 1, 0, "c") // by an echo, of how many is not known
	m.Know("r-3", 1, 1, "")
	if in := m.In("jo", always); len(in) != 1 || in["r-1"] != "b" {
		t.Errorf("in the thread: %v", in)
	}
	if in := m.In("jo", func(attempted time.Time, _ string) bool { return attempted.After(at) }); len(in) != 0 {
		t.Errorf("later: %v", in)
	}
	if _, complete := m.Parts("r-2"); complete || m.ReplyOf("") != "" {
		t.Error("a reply is complete of which nobody knows the parts")
	}
}

func TestTheMemoryOfWhatWasSentIsBounded(t *testing.T) {
	m := NewSent()
	for n := range 2 * remembered {
		m.Attempt(fmt.Sprint("r-", n), "jo", 1, time.Now())
		m.Know(fmt.Sprint("r-", n), 1, 1, fmt.Sprint(n))
	}
	if len(m.sent) != remembered || len(m.by) != remembered || m.ReplyOf("0") != "" || m.ReplyOf(fmt.Sprint(2*remembered-1)) == "" {
		t.Errorf("%d replies, %d ids", len(m.sent), len(m.by))
	}
}

func TestLargeOriginalsGoByReferenceAndAreReadTheSame(t *testing.T) {
	var blobs channelstest.Blobs
	large := strings.Repeat("a", channels.InlineLimit+1)
	originals := []channels.Original{{Channel: "test", Account: "town", ID: "1", Bytes: []byte("small")}, {Channel: "test", Account: "town", ID: "2", Bytes: []byte(large)}}
	if err := Refer(t.Context(), &blobs, originals); err != nil {
		t.Fatal(err)
	}
	if originals[0].Blob != nil || originals[1].Blob == nil || originals[1].Bytes != nil {
		t.Fatalf("%+v", originals)
	}
	for i, want := range []string{"small", large} {
		msg, err := Read(&blobs, originals[i], i == 0, func(raw []byte) (contact.Message, error) { return contact.Message{Text: string(raw)}, nil })
		if err != nil || msg.Text != want || msg.ID != contact.MessageID("test", "town", originals[i].ID) || slices.Contains(msg.Flags, contact.NotAddressed) != (i == 1) {
			t.Errorf("%d: %.100v, %v", i, msg, err)
		}
	}
	broken := channels.Original{Channel: "test", Account: "town", ID: "3", Defect: "no JSON", Blob: &contact.Blob{SHA256: "gone"}}
	if msg, err := Read(&blobs, broken, true, nil); err != nil || msg.Unreadable != "no JSON" || msg.Original.SHA256 != "gone" {
		t.Errorf("%+v, %v", msg, err)
	}
	broken.Defect = ""
	if _, err := Read(&blobs, broken, true, nil); err == nil {
		t.Error("a blob that is gone was read")
	}
	if _, err := Read(&blobs, originals[0], true, func([]byte) (contact.Message, error) { return contact.Message{}, io.ErrUnexpectedEOF }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("told %v", err)
	}
}
