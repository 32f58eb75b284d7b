package channelstest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"contactd/channels"
	"contactd/contact"
)

// ReplyPlatform is an outside world in which somebody waits for an answer. Its
// functions are called from one goroutine. Those that may be nil stand for
// what this world cannot do.
type ReplyPlatform struct {
	// Open makes the channel under test. It is called several times, for the
	// same platform.
	Open func(Deps) channels.Replier
	// To leads to the person who waits.
	To channels.Address
	// Received returns what the person has received so far, each reply as a
	// text that contains the reply's.
	Received func() []string
	// Nobody leads to a person whom the platform does not know and never will.
	// The zero value when the platform takes everything.
	Nobody channels.Address
	// Away makes the platform unreachable, so that it certainly takes nothing,
	// or reachable again. Nil when it lives in this process.
	Away func(away bool)
	// Silent makes the platform take connections and answer nothing, or
	// answer again. Nil when it lives in this process.
	Silent func(silent bool)
	// Lose makes the platform take the next reply and break the connection
	// before it says so. Nil when no answer can be lost.
	Lose func()
	// Refusing makes a channel whose Secret the platform does not accept. Nil
	// when no secret is sent.
	Refusing func(Deps) channels.Replier
}

// ReplySetup says how to try a channel that answers.
type ReplySetup struct {
	// New starts a fresh platform, which ends with the test.
	New func(t *testing.T) ReplyPlatform
	// Secret is the secret of the channels that ReplyPlatform.Refusing makes.
	Secret string
	// CannotTell is set when Find can never tell whether a reply was taken. It
	// must then say so, and never ErrNotFound.
	CannotTell bool
}

// RunReplier tries the promises of channels.Replier.
func RunReplier(t *testing.T, s ReplySetup) {
	for _, each := range []struct {
		promise string
		try     func(*testing.T, *replyRig)
	}{
		{"a reply is handed over once", handsOverOnce},
		{"what was never sent is not found", neverSent},
		{"a platform that is away has certainly taken nothing", platformAway},
		{"a person whom the platform does not know is refused for good", refusedForGood},
		{"a lost answer is neither not sent nor refused", lostAnswer},
		{"the end of the context ends a call", callEndsPromptly},
		{"errors and logs of replies hold no secret and no text", noSecretInReplies},
	} {
		t.Run(strings.ReplaceAll(each.promise, " ", "_"), func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			t.Cleanup(func() {
				if err := goleak.Find(before); err != nil && !t.Failed() {
					t.Errorf("goroutines are left: %v", err)
				}
			})
			each.try(t, &replyRig{t: t, setup: s, platform: s.New(t)})
		})
	}
}

// replyRig is one platform with what a channel on it needs.
type replyRig struct {
	t        *testing.T
	setup    ReplySetup
	platform ReplyPlatform
	blobs    Blobs
	health   Health
	log      logBuffer
}

func (r *replyRig) deps() Deps {
	return Deps{Blobs: &r.blobs, Health: &r.health, Log: slog.New(slog.NewJSONHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

// reply is the nth answer to the person.
func reply(n int) contact.Reply {
	conversation := contact.ConversationID("channelstest", "account", "thread")
	return contact.Reply{
		ID:           contact.ReplyID(conversation, fmt.Sprint(n)),
		Conversation: conversation,
		Text:         fmt.Sprintf("somebody will come to number %d\nat eight", n),
		Author:       "h214",
		RequestedAt:  time.Date(2026, 11, 3, 21, 16, 40, 0, time.UTC),
	}
}

// words are what is looked for at the person's side.
func words(n int) string { return fmt.Sprintf("somebody will come to number %d", n) }

// send calls Reply with patience.
func (r *replyRig) send(ch channels.Replier, to channels.Address, n int) (channels.Receipt, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return ch.Reply(ctx, to, reply(n))
}

func (r *replyRig) find(ch channels.Replier, n int) (channels.Receipt, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return ch.Find(ctx, r.platform.To, reply(n))
}

// received counts how often the person has received a reply, as soon as that
// is at least want times.
func (r *replyRig) received(n, want int) int {
	r.t.Helper()
	end := time.Now().Add(patience)
	for {
		count := 0
		for _, text := range r.platform.Received() {
			if strings.Contains(text, words(n)) {
				count++
			}
		}
		if count >= want || time.Now().After(end) {
			return count
		}
		time.Sleep(20 * time.Millisecond)
	}
}

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
