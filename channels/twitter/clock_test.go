package twitter

import (
	"errors"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/twitter/xtest"
)

func TestAnAnswerIsFoundAndNoOtherTakenForItThoughOurClockIsWrong(t *testing.T) {
	for _, transport := range []string{version2, version1} {
		for _, ahead := range []time.Duration{-time.Hour, -time.Minute, time.Minute, time.Hour} {
			r := newRig(t)
			wrong := func() time.Time { return r.Clock.Now().Add(ahead) }
			open := func() *Channel { // nothing is remembered of what was sent before
				c := r.config()
				c.Accounts[0].Transport = transport
				ch := r.open(c, r.Deps())
				ch.now, ch.started = wrong, wrong()
				return ch
			}
			post := toPost(r.x.Post(resident, xtest.Draft{Text: "@town where?"}))
			for name, to := range map[string]channels.Address{"post": post, "message": toPerson(resident)} {
				first := r.answer("thank you")
				first.ID, first.RequestedAt = "r-1", wrong()
				r.x.Fail(lostAnswer("POST"))
				if _, err := open().Reply(t.Context(), to, first); err == nil {
					t.Fatal("the answer was not lost")
				}
				if receipt, err := open().Find(t.Context(), to, first); err != nil || receipt.PlatformID == "" {
					t.Errorf("%s, our clock %v ahead: %s that was sent: %v", transport, ahead, name, err)
				}
				r.Clock.Pass(30 * time.Second)
				second := r.answer("thank you")
				second.ID, second.RequestedAt = "r-2", wrong()
				if _, err := open().Find(t.Context(), to, second); !errors.Is(err, channels.ErrNotFound) {
					t.Errorf("%s, our clock %v ahead: %s that was not sent: %v", transport, ahead, name, err)
				}
			}
		}
	}
}

func TestAnAnswerIsFoundThoughWhoAskedForItHasAnotherClock(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	for name, to := range map[string]channels.Address{"post": toPost(r.x.Post(resident, xtest.Draft{Text: "@town where?"})), "message": toPerson(resident)} {
		reply := r.answer("thank you, " + name)
		reply.RequestedAt = r.Clock.Now().Add(time.Minute)
		r.x.Fail(lostAnswer("POST"))
		if _, err := ch.Reply(t.Context(), to, reply); err == nil {
			t.Fatal("the answer was not lost")
		}
		if receipt, err := ch.Find(t.Context(), to, reply); err != nil || receipt.PlatformID == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWrongClockIsNotCalledADeadToken(t *testing.T) {
	r := newRig(t)
	r.x.Fail(xtest.Fault{Call: "GET me", Times: -1, Status: 401, Body: `{"title":"Unauthorized","status":401}`})
	for ahead, want := range map[time.Duration]string{0: "access token is no longer valid", 10 * time.Minute: "10m0s", -time.Hour: "1h0m0s"} {
		ch := r.open(r.config(), r.Deps())
		ch.now = func() time.Time { return r.Clock.Now().Add(ahead) }
		err := ch.Check(t.Context())[0].Err
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "token_file") != (ahead == 0) {
			t.Errorf("%v ahead: %v", ahead, err)
		}
	}
}
