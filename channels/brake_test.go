package channels_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"contactd/channels"
)

// pile is a backlog of a test's size.
type pile struct {
	waiting atomic.Int64
	asked   atomic.Int64
	err     error
}

func (p *pile) Unread(limit int) (int, error) {
	p.asked.Add(1)
	return min(int(p.waiting.Load()), limit), p.err
}

func TestAFloodIsHeldWhileMuchWaitsAndOneLooksForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pile{}
		p.waiting.Store(channels.Enough + 1)
		b := &channels.Brake{Backlog: p, Limit: time.Minute}
		var all sync.WaitGroup
		var passed atomic.Int64
		for range 100 {
			all.Go(func() { b.Hold(t.Context()); passed.Add(1) })
		}
		time.Sleep(time.Second)
		if n := passed.Load(); n != 0 {
			t.Errorf("%d passed", n)
		}
		if n := p.asked.Load(); n > 201 {
			t.Errorf("%d looks in a second", n)
		}
		p.waiting.Store(channels.Enough)
		all.Wait()
	})
}

func TestNobodyWaitsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pile{}
		p.waiting.Store(1 << 20)
		began := time.Now()
		b := &channels.Brake{Backlog: p, Limit: 5 * time.Second}
		b.Hold(t.Context())
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("held for %s", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		b.Hold(ctx)
		p.err = errors.New("the journal is away")
		b = &channels.Brake{Backlog: p, Limit: time.Hour}
		b.Hold(t.Context())
		(&channels.Brake{}).Hold(t.Context())
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("held for %s in all", took)
		}
	})
}
