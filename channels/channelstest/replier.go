package channelstest

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"contactd/channels"
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
