// Package channelstest is what every channel must pass: Run proves the promises
// of channels.Channel against a platform that the channel's own test plays or
// starts. It also holds an inbox, blobs and health in memory for other tests.
//
// What only one platform has (a signature, a chat session, a mail folder) is
// left to that channel's tests.
package channelstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"contactd/channels"
	"contactd/contact"
)

// Deps are what a channel under test is made with.
type Deps struct {
	Blobs  channels.Blobs
	Health channels.Health
	Log    *slog.Logger
}

// Platform is an outside world with nothing in it yet. Its methods are called
// from one goroutine.
type Platform struct {
	// Open makes the channel under test. It is called several times, one
	// channel after the other, and each is for the same platform.
	Open func(Deps) channels.Channel
	// Send has somebody write one message that holds text, a few plain words.
	// The platform delivers it as the real one does: again until it is taken.
	Send func(text string)
	// Again makes the platform deliver all messages again, for one that does
	// so only by accident. Nil when a channel finds them by itself, once it
	// meets an inbox that knows no cursor.
	Again func()
	// Told reports whether the platform was told that the message with text
	// was taken. Nil when the channel tells its platform nothing.
	Told func(text string) bool
	// Refusing makes a channel whose Secret the platform does not accept.
	// Nil when no secret is sent.
	Refusing func(Deps) channels.Channel
}

// Setup says how to try a channel.
type Setup struct {
	// New starts a fresh platform, which ends with the test.
	New func(t *testing.T) Platform
	// Secret is the secret of the channels that Platform.Refusing makes.
	Secret string
	// Unreadable are originals of which nothing, or not all, can be read: an
	// empty message without a remark would pass for a calm one.
	Unreadable []channels.Original
}

// The times that a test waits: for something to come, and for a channel to end.
const (
	patience = 30 * time.Second
	prompt   = 2 * time.Second
)

// Run tries the channel.
func Run(t *testing.T, s Setup) {
	for _, each := range []struct {
		promise string
		try     func(*testing.T, *rig)
	}{
		{"the platform is told only after acceptance", toldAfterAcceptance},
		{"the same message has the same identity after a restart", sameIdentity},
		{"nothing is lost while the inbox fails at random", randomFailures},
		{"the end of the context ends Receive", endsPromptly},
		{"errors and logs hold no secret", noSecret},
		{"reading is repeatable and keeps the text", readsTheSame},
		{"the unreadable is kept", keepsUnreadable},
	} {
		t.Run(strings.ReplaceAll(each.promise, " ", "_"), func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			// Registered first, so that it looks after the platform has ended.
			t.Cleanup(func() {
				if err := goleak.Find(before); err != nil && !t.Failed() {
					t.Errorf("goroutines are left: %v", err)
				}
			})
			r := &rig{t: t, setup: s, platform: s.New(t), inbox: &Inbox{}, blobs: &Blobs{}, health: &Health{}}
			each.try(t, r)
		})
	}
}

// rig is one platform with what a channel on it needs.
type rig struct {
	t        *testing.T
	setup    Setup
	platform Platform
	inbox    *Inbox
	blobs    *Blobs
	health   *Health
	log      logBuffer
}

func (r *rig) deps() Deps {
	return Deps{Blobs: r.blobs, Health: r.health, Log: slog.New(slog.NewJSONHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

// receive runs a channel until the returned function is called.
func (r *rig) receive(ch channels.Channel) (stop func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- ch.Receive(ctx, r.inbox) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					r.t.Errorf("receive returned %v after its context ended", err)
				}
			case <-time.After(prompt):
				r.t.Errorf("receive did not return within %s", prompt)
				<-done
			}
		})
	}
	r.t.Cleanup(stop)
	return stop
}

// await waits until the inbox has n originals.
func (r *rig) await(n int) []channels.Original {
	r.t.Helper()
	r.until("originals to be accepted", func(ctx context.Context) error {
		return r.inbox.Await(ctx, func(o []channels.Original) bool { return len(o) >= n })
	})
	return r.inbox.Accepted()
}

func (r *rig) until(what string, wait func(context.Context) error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := wait(ctx); err != nil {
		r.t.Fatalf("wait for %s: %v; told failures: %v", what, err, r.health.Failures())
	}
}

// read returns the text of what was accepted, by original.
func (r *rig) read(ch channels.Channel, originals []channels.Original) []contact.Message {
	r.t.Helper()
	var messages []contact.Message
	for _, original := range originals {
		message, err := ch.Read(context.Background(), original)
		if err != nil {
			r.t.Errorf("read %s: %v", original.ID, err)
		}
		messages = append(messages, message)
	}
	return messages
}

// wantTexts fails unless each text is in exactly one message.
func (r *rig) wantTexts(messages []contact.Message, texts []string) {
	r.t.Helper()
	for _, text := range texts {
		found := 0
		for _, message := range messages {
			if strings.Contains(message.Text, text) {
				found++
			}
		}
		if found != 1 {
			r.t.Errorf("%q was taken %d times", text, found)
		}
	}
	if len(messages) != len(texts) {
		r.t.Errorf("%d messages were taken, want %d", len(messages), len(texts))
	}
}

func numbered(n int) string { return fmt.Sprintf("please send help to number %d of this street", n) }

func toldAfterAcceptance(t *testing.T, r *rig) {
	full := errors.New("the disk is full")
	offered := make(chan struct{}, 1000)
	r.inbox.Refuse(func(o []channels.Original) error {
		if len(o) == 0 {
			return nil
		}
		select {
		case offered <- struct{}{}:
		default:
		}
		return full
	})
	ch := r.platform.Open(r.deps())
	r.receive(ch)
	r.platform.Send(numbered(1))
	for range 2 { // it is offered again
		select {
		case <-offered:
		case <-time.After(patience):
			t.Fatal("the message was not offered to the inbox twice")
		}
	}
	if r.platform.Told != nil && r.platform.Told(numbered(1)) {
		t.Error("the platform was told before the inbox had accepted")
	}
	r.inbox.Refuse(nil)
	r.wantTexts(r.read(ch, r.await(1)), []string{numbered(1)})
	if r.platform.Told == nil {
		return
	}
	r.until("the platform to be told", func(ctx context.Context) error {
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for !r.platform.Told(numbered(1)) {
			select {
			case <-again.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
}

func sameIdentity(t *testing.T, r *rig) {
	var texts []string
	ch := r.platform.Open(r.deps())
	stop := r.receive(ch)
	for n := range 5 {
		texts = append(texts, numbered(n))
		r.platform.Send(texts[n])
	}
	first := r.await(len(texts))
	stop()
	r.wantTexts(r.read(ch, first), texts)

	// A restart takes nothing twice and misses nothing.
	ch = r.platform.Open(r.deps())
	stop = r.receive(ch)
	texts = append(texts, numbered(5))
	r.platform.Send(texts[5])
	second := r.await(len(texts))
	stop()
	r.wantTexts(r.read(ch, second), texts)

	// What comes again has the identity it had.
	if r.platform.Again == nil {
		r.inbox = &Inbox{}
	}
	stop = r.receive(r.platform.Open(r.deps()))
	defer stop()
	if r.platform.Again != nil {
		r.platform.Again()
		r.until("the repetition", func(ctx context.Context) error {
			return r.inbox.Await(ctx, func([]channels.Original) bool { return r.inbox.Repeated() >= len(texts) })
		})
	}
	again := r.await(len(texts))
	if want, got := identities(second), identities(again); !reflect.DeepEqual(got, want) {
		t.Errorf("identities changed from %v to %v", want, got)
	}
}

// identities maps what was accepted to its identity.
func identities(originals []channels.Original) map[string]string {
	ids := map[string]string{}
	for _, original := range originals {
		ids[Digest(original)] = contact.MessageID(original.Channel, original.Account, original.ID)
	}
	return ids
}

func randomFailures(_ *testing.T, r *rig) {
	const messages = 40
	random := rand.New(rand.NewPCG(1, 2))
	r.inbox.Refuse(func([]channels.Original) error { // called under the inbox's lock
		if random.IntN(2) == 0 {
			return errors.New("the disk is slow")
		}
		return nil
	})
	ch := r.platform.Open(r.deps())
	stop := r.receive(ch)
	var texts []string
	for n := range messages {
		texts = append(texts, numbered(n))
		r.platform.Send(texts[n])
		if n == messages/2 {
			stop()
			ch = r.platform.Open(r.deps())
			stop = r.receive(ch)
		}
	}
	accepted := r.await(messages)
	stop()
	r.wantTexts(r.read(ch, accepted), texts)
}

func endsPromptly(_ *testing.T, r *rig) {
	r.receive(r.platform.Open(r.deps()))() // at once, perhaps while dialling
	stop := r.receive(r.platform.Open(r.deps()))
	r.platform.Send(numbered(1))
	r.await(1)
	stop() // while waiting for the next

	var refused atomic.Int64
	r.inbox.Refuse(func([]channels.Original) error { refused.Add(1); return errors.New("the disk is full") })
	stop = r.receive(r.platform.Open(r.deps()))
	r.platform.Send(numbered(2))
	r.until("a refusal", func(ctx context.Context) error {
		return r.inbox.Await(ctx, func([]channels.Original) bool { return refused.Load() > 0 })
	})
	stop() // between two attempts
}

func noSecret(t *testing.T, r *rig) {
	if r.platform.Refusing == nil {
		t.Log("this channel sends no secret")
		return
	}
	failing := make(chan struct{}, 1000)
	deps := r.deps()
	deps.Health = tellingHealth{r.health, failing}
	stop := r.receive(r.platform.Refusing(deps))
	for range 2 {
		select {
		case <-failing:
		case <-time.After(patience):
			t.Fatal("the refusal was not told to Health twice")
		}
	}
	stop()
	told := r.log.String()
	for _, err := range r.health.Failures() {
		told += err.Error() + fmt.Sprintf("%+v", err)
	}
	if strings.Contains(told, r.setup.Secret) {
		t.Errorf("the secret was told: %s", strings.ReplaceAll(told, r.setup.Secret, "[the secret]"))
	}
}

// tellingHealth tells a test of every failure.
type tellingHealth struct {
	*Health
	failing chan struct{}
}

// Failing notes and tells.
func (h tellingHealth) Failing(channel, account string, err error) {
	h.Health.Failing(channel, account, err)
	select {
	case h.failing <- struct{}{}:
	default:
	}
}

func readsTheSame(t *testing.T, r *rig) {
	ch := r.platform.Open(r.deps())
	stop := r.receive(ch)
	r.platform.Send(numbered(1))
	original := r.await(1)[0]
	stop()
	first := r.read(ch, []channels.Original{original})[0]
	second := r.read(r.platform.Open(r.deps()), []channels.Original{original})[0]
	if !reflect.DeepEqual(first, second) {
		t.Errorf("read twice:\n%+v\n%+v", first, second)
	}
	checkIdentity(t, first, original)
	if first.Channel.Visibility == "" || first.Channel.Direction != "inbound" || first.Sender.Address == "" {
		t.Errorf("read %+v: channel or sender is incomplete", first)
	}
}

// checkIdentity fails unless a message says where its original came from.
func checkIdentity(t *testing.T, m contact.Message, o channels.Original) {
	t.Helper()
	if m.ID != contact.MessageID(o.Channel, o.Account, o.ID) || m.PlatformID != o.ID || m.Channel.Account != o.Account || m.Channel.Kind == "" {
		t.Errorf("original %s was read as message %s, platform id %s, channel %+v", o.ID, m.ID, m.PlatformID, m.Channel)
	}
}

func keepsUnreadable(t *testing.T, r *rig) {
	ch := r.platform.Open(r.deps())
	for _, original := range r.setup.Unreadable {
		message, err := ch.Read(t.Context(), original)
		if err != nil {
			continue // quarantined, which keeps it
		}
		checkIdentity(t, message, original)
		if message.Unreadable == "" && len(message.Flags) == 0 && message.Text == "" {
			t.Errorf("original %s was read as if nothing were wrong", original.ID)
		}
	}
}

// logBuffer keeps what was logged.
type logBuffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write appends.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(p)
}

// String returns everything that was written.
func (b *logBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}
