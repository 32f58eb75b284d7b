package journal

import (
	"fmt"
	"testing"
	"time"

	"contactd/contact"
)

// setBack is a journal whose clock can be set.
func setBack(t *testing.T) (*Journal, *clock) {
	now := newClock(time.Unix(1790000000, 0))
	return open(t, t.TempDir(), func(_ *Config, d *Deps) { d.Now = now.Now }), now
}

func TestAPostponedReplyDoesNotWaitForAClockThatWasSetBack(t *testing.T) {
	j, now := setBack(t)
	due := dueReplies(t, j)
	reply := replyTo(someone(t, j, "ann"), "hello")
	queue(t, j, reply)
	_, env := nextReply(t, due)
	handOver(t, j, reply.ID)
	if err := j.Postpone(t.Context(), reply.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	now.Advance(-24 * time.Hour)
	env.Ack()
	nextReply(t, due)
}

func TestAnUncertainReplyDoesNotHoldTheNextOneUntilAClockThatWasSetBackIsWhereItWas(t *testing.T) {
	j, now := setBack(t)
	conversation := someone(t, j, "ann")
	first, second := replyTo(conversation, "first"), replyTo(conversation, "second")
	queue(t, j, first, second)
	due := dueReplies(t, j)
	_, env := nextReply(t, due)
	handOver(t, j, first.ID)
	outcome(t, j, first.ID, contact.Uncertain)
	now.Advance(-24 * time.Hour)
	if err := j.Postpone(t.Context(), first.ID, time.Minute); err != nil { // it was looked up in vain
		t.Fatal(err)
	}
	env.Ack()
	if out, _ := nextReply(t, due); out.ID != second.ID {
		t.Errorf("delivered %q, want the second", out.Text)
	}
}

func TestAutomaticRepliesDoNotStopForAClockThatWasSetBack(t *testing.T) {
	j, now := setBack(t)
	for i := range 21 { // one more than in a minute
		reply := replyTo(someone(t, j, fmt.Sprint(i)), "thank you")
		reply.Automatic = true
		if i == 20 {
			now.Advance(-24 * time.Hour)
		}
		queue(t, j, reply)
		if i == 20 {
			wantStates(t, j, reply.ID, contact.Queued)
		}
	}
}
