package channelstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
)

// The promises of a Replier: an answer arrives once, and what became of it is
// told truly.

func handsOverOnce(t *testing.T, r *replyRig) {
	ch := r.platform.Open(r.deps())
	for n := range 3 {
		receipt, err := r.send(ch, r.platform.To, n)
		if err != nil {
			t.Fatalf("reply %d: %v", n, err)
		}
		if receipt.PlatformID == "" {
			t.Errorf("reply %d: the receipt names nothing by which it can be looked up", n)
		}
		if count := r.received(n, 1); count != 1 {
			t.Errorf("reply %d was received %d times", n, count)
		}
	}
	if r.setup.CannotTell {
		return
	}
	// After a restart too it is known that the platform has it.
	found, err := r.find(r.platform.Open(r.deps()), 1)
	if err != nil {
		t.Fatalf("find what was sent: %v", err)
	}
	if found.PlatformID == "" {
		t.Error("find gave no platform id")
	}
	if count := r.received(1, 1); count != 1 {
		t.Errorf("looking it up made it be received %d times", count)
	}
}

func neverSent(t *testing.T, r *replyRig) {
	ch := r.platform.Open(r.deps())
	if _, err := r.send(ch, r.platform.To, 0); err != nil {
		t.Fatal(err)
	}
	_, err := r.find(ch, 1)
	switch {
	case err == nil:
		t.Error("found what was never sent")
	case r.setup.CannotTell == errors.Is(err, channels.ErrNotFound):
		t.Errorf("got %v; a channel says ErrNotFound exactly when it can tell", err)
	}
}

func platformAway(t *testing.T, r *replyRig) {
	if r.platform.Away == nil {
		t.Log("this platform is never away")
		return
	}
	ch := r.platform.Open(r.deps())
	r.platform.Away(true)
	_, err := r.send(ch, r.platform.To, 0)
	if !channels.IsNotSent(err) || channels.IsRefused(err) {
		t.Errorf("while the platform is away: %v; want an error by channels.NotSent", err)
	}
	if _, err := r.find(ch, 0); err == nil || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("find while the platform is away: %v; that cannot be told now", err)
	}
	r.platform.Away(false)
	if _, err := r.send(ch, r.platform.To, 0); err != nil {
		t.Fatalf("when it is back: %v", err)
	}
	if count := r.received(0, 1); count != 1 {
		t.Errorf("it was received %d times", count)
	}
}

func refusedForGood(t *testing.T, r *replyRig) {
	if r.platform.Nobody == (channels.Address{}) {
		t.Log("this platform refuses nobody")
		return
	}
	_, err := r.send(r.platform.Open(r.deps()), r.platform.Nobody, 0)
	if !channels.IsRefused(err) || channels.IsNotSent(err) {
		t.Errorf("got %v; want an error by channels.Refused", err)
	}
	if got := r.platform.Received(); len(got) != 0 {
		t.Errorf("somebody received %q", got)
	}
}

func lostAnswer(t *testing.T, r *replyRig) {
	if r.platform.Lose == nil {
		t.Log("no answer of this platform can be lost")
		return
	}
	ch := r.platform.Open(r.deps())
	r.platform.Lose()
	_, err := r.send(ch, r.platform.To, 0)
	if err == nil || channels.IsNotSent(err) || channels.IsRefused(err) {
		t.Fatalf("got %v; the reply may have been sent, and may not", err)
	}
	if count := r.received(0, 1); count != 1 {
		t.Errorf("it was received %d times", count)
	}
	_, err = r.find(ch, 0)
	if errors.Is(err, channels.ErrNotFound) || (err != nil) != r.setup.CannotTell {
		t.Errorf("find: %v", err)
	}
}

func callEndsPromptly(t *testing.T, r *replyRig) {
	ch := r.platform.Open(r.deps())
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ch.Reply(gone, r.platform.To, reply(0)); err == nil || channels.IsRefused(err) {
		t.Errorf("a call whose context had ended: %v", err)
	}
	if r.platform.Silent == nil {
		return
	}
	r.platform.Silent(true)
	defer r.platform.Silent(false)
	for what, call := range map[string]func(context.Context) error{
		"reply": func(ctx context.Context) error { _, err := ch.Reply(ctx, r.platform.To, reply(1)); return err },
		"find":  func(ctx context.Context) error { _, err := ch.Find(ctx, r.platform.To, reply(1)); return err },
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		ended := make(chan error, 1)
		go func() { ended <- call(ctx) }()
		select {
		case err := <-ended:
			if err == nil || errors.Is(err, channels.ErrNotFound) || channels.IsRefused(err) {
				t.Errorf("%s to a silent platform: %v", what, err)
			}
		case <-time.After(prompt):
			t.Errorf("%s did not return within %s of its context's end", what, prompt)
			r.platform.Silent(false)
			<-ended
		}
		cancel()
	}
}

func noSecretInReplies(t *testing.T, r *replyRig) {
	told := []string{}
	try := func(ch channels.Replier, to channels.Address) {
		_, err := r.send(ch, to, 7)
		told = append(told, fmt.Sprintf("%v %+v", err, err))
	}
	if r.platform.Refusing != nil {
		ch := r.platform.Refusing(r.deps())
		_, err := r.send(ch, r.platform.To, 7)
		if !channels.IsNotSent(err) {
			t.Errorf("a refused login: %v; want an error by channels.NotSent, since an operator can mend it", err)
		}
		told = append(told, fmt.Sprintf("%v %+v", err, err))
	}
	ch := r.platform.Open(r.deps())
	if r.platform.Nobody != (channels.Address{}) {
		try(ch, r.platform.Nobody)
	}
	if r.platform.Lose != nil {
		r.platform.Lose()
		try(ch, r.platform.To)
	}
	for _, err := range r.health.Failures() {
		told = append(told, fmt.Sprintf("%v %+v", err, err))
	}
	told = append(told, r.log.String())
	for what, secret := range map[string]string{"secret": r.setup.Secret, "text": words(7)} {
		if secret != "" && slices.ContainsFunc(told, func(text string) bool { return strings.Contains(text, secret) }) {
			t.Errorf("the %s was told: %s", what, strings.ReplaceAll(strings.Join(told, "\n"), secret, "[the "+what+"]"))
		}
	}
}
