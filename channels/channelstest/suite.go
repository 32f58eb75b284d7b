// Package channelstest is what every channel must pass: Run proves the promises
// of channels.Channel against a platform that the channel's own test plays or
// starts. It also holds an inbox, blobs and health in memory for other tests.
//
// What only one platform has (a signature, a chat session, a mail folder) is
// left to that channel's tests.
package channelstest

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"contactd/channels"
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
