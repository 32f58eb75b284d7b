package channelstest

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
)

// The promises of Receive: nothing is lost or taken twice, the platform is told
// in time, and it ends.

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
