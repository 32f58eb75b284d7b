package facebook

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/graphsim"
	"contactd/contact"
)

func TestAnAnswerIsFoundAndNoOtherTakenForItThoughOurClockIsWrong(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, -time.Minute, time.Minute, time.Hour} {
		r := newRig(t)
		r.meta.Echoes(graphsim.EchoNever)
		wrong := func() time.Time { return r.Clock.Now().Add(ahead) }
		open := func() *Channel { // nothing is remembered of what was sent before
			ch := r.open(r.config(), r.Deps())
			ch.now, ch.started = wrong, wrong()
			return ch
		}
		comment := r.meta.Comment(townPage, "77", r.meta.Post(townPage, townPage, "news"), "", "where?")
		r.meta.Write(townPage, resident, "hello")
		for name, to := range map[string]channels.Address{
			"comment": answerTo(address.Comment, comment, r.Clock.Now()), "message": answerTo(address.Messenger, resident, r.Clock.Now()),
		} {
			first := contact.Reply{ID: "r-1", Text: "thank you", RequestedAt: wrong()}
			r.meta.Fail(lostAnswer)
			if _, err := r.send(open(), to, first); err == nil {
				t.Fatal("the answer was not lost")
			}
			if receipt, err := open().Find(t.Context(), to, first); err != nil || receipt.PlatformID == "" {
				t.Errorf("our clock %v ahead: %s that was sent: %v", ahead, name, err)
			}
			r.Clock.Pass(30 * time.Second)
			second := contact.Reply{ID: "r-2", Text: "thank you", RequestedAt: wrong()}
			if _, err := open().Find(t.Context(), to, second); !errors.Is(err, channels.ErrNotFound) {
				t.Errorf("our clock %v ahead: %s that was not sent: %v", ahead, name, err)
			}
		}
	}
}

func TestAnAnswerIsFoundThoughWhoAskedForItHasAnotherClock(t *testing.T) {
	r := newRig(t)
	r.meta.Echoes(graphsim.EchoNever)
	ch := r.open(r.config(), r.Deps())
	r.meta.Write(townPage, resident, "hello")
	to := answerTo(address.Messenger, resident, r.Clock.Now())
	reply := contact.Reply{ID: "r-1", Text: "thank you", RequestedAt: r.Clock.Now().Add(time.Minute)}
	r.meta.Fail(lostAnswer)
	if _, err := r.send(ch, to, reply); err == nil {
		t.Fatal("the answer was not lost")
	}
	if receipt, err := ch.Find(t.Context(), to, reply); err != nil || receipt.PlatformID == "" {
		t.Errorf("find: %v", err)
	}
}

func TestWhatMovesToTheTopWhilePagesAreReadIsFoundThoughOurClockIsAhead(t *testing.T) {
	r := newRig(t)
	var want []string
	for i := range 10 {
		want = append(want, fmt.Sprintf("hello %d", i))
		r.meta.Write(townPage, fmt.Sprint(100+i), want[i])
	}
	r.Clock.Pass(time.Hour)
	moved := false
	r.meta.Pages(2, func() {
		for i := 0; !moved && i < 6; i++ {
			want = append(want, fmt.Sprintf("again %d", i))
			r.meta.Write(townPage, fmt.Sprint(100+i), want[len(want)-1])
		}
		moved = true
	})
	ch := r.open(r.config(), r.Deps())
	ch.now = func() time.Time { return r.Clock.Now().Add(time.Hour) }
	for range 2 {
		if err := ch.look(t.Context(), ch.accounts[0], &r.Inbox); err != nil {
			t.Fatal(err)
		}
	}
	got := texts(r.Read(ch))
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestAWindowClosesByMetasClock(t *testing.T) {
	for _, ahead := range []time.Duration{-2 * time.Hour, 2 * time.Hour} {
		r := newRig(t)
		c := r.config()
		c.Accounts[0].HumanAgent = false
		ch := r.open(c, r.Deps())
		ch.now = func() time.Time { return r.Clock.Now().Add(ahead) }
		r.meta.Write(townPage, resident, "hello")
		to := answerTo(address.Messenger, resident, r.Clock.Now())
		if err := ch.look(t.Context(), ch.accounts[0], &r.Inbox); err != nil { // as it does all the time
			t.Fatal(err)
		}
		r.Clock.Pass(23 * time.Hour)
		if _, err := r.send(ch, to, answer(1, "we are coming")); err != nil {
			t.Errorf("our clock %v ahead, within a day: %v", ahead, err)
		}
		r.Clock.Pass(2 * time.Hour)
		calls := len(r.meta.Calls())
		if _, err := r.send(ch, to, answer(2, "late")); !channels.IsRefused(err) || len(r.meta.Calls()) != calls {
			t.Errorf("our clock %v ahead, after a day: %v", ahead, err)
		}
	}
}
