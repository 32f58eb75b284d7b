package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"
)

const (
	// readBackoff is the longest pause after failed fetches.
	readBackoff      = 2 * time.Second
	defaultNackPause = time.Second
	// finishGrace is how long an envelope may be worked on when the group
	// gives the partition to another member; less than rebalanceTimeout.
	finishGrace = 5 * time.Second
)

// partition delivers the records of one partition, one at a time. One goroutine
// runs it.
type partition struct {
	*source
	share   *share
	trouble *trouble
	moved   atomic.Int64 // unix nanoseconds of the last progress
	failed  int          // fetches that failed in a row
	damage  damage
}

func newPartition(s *share, client *kafkago.Client, a kafkago.PartitionAssignment, unread *trouble) *partition {
	p := &partition{
		source: &source{client: client, topic: s.topic, partition: a.ID, next: a.Offset}, share: s, trouble: unread,
	}
	p.move()
	return p
}

// move notes progress; busy, that whoever reads is at work, which may take long.
func (p *partition) move()               { p.moved.Store(time.Now().UnixNano()) }
func (p *partition) busy()               { p.moved.Store(math.MaxInt64) }
func (p *partition) progress() time.Time { return time.Unix(0, p.moved.Load()) }

// run delivers until ctx ends or, after what is being worked on, fetching does.
func (p *partition) run(ctx, fetching context.Context) {
	ending := fetching.Done()
	labels := []string{p.topic, p.share.config.Group, strconv.Itoa(p.partition)}
	lag := p.share.watch.Metrics.lag.WithLabelValues(labels...)
	// Another member may go on; this one knows no more.
	defer p.share.watch.Metrics.lag.DeleteLabelValues(labels...)
	for !isOver(ctx, ending) {
		records, end, err := p.load(fetching)
		if len(records) == 0 && err != nil {
			p.mend(ctx, ending, err)
			continue
		}
		p.failed = 0
		p.trouble.over()
		p.move()
		lag.Set(float64(end - p.next))
		for _, r := range records {
			if !p.deal(ctx, ending, r) {
				break
			}
			lag.Set(float64(end - p.next))
		}
	}
}

// load fetches, from the oldest record on when the group has no offset yet.
func (p *partition) load(ctx context.Context) ([]Record, int64, error) {
	if p.next < 0 {
		start, _, err := p.bounds(ctx)
		if err != nil {
			return nil, 0, err
		}
		p.next = start
	}
	return p.fetch(ctx)
}

// deal delivers one record. False means that the partition must be read again
// from next on, or that reading is over.
func (p *partition) deal(ctx context.Context, ending <-chan struct{}, r Record) bool {
	p.noticeHole(r)
	if err := r.verify(); err != nil {
		r.Err = err
		return p.damaged(ctx, ending, r)
	}
	if !p.deliver(ctx, ending, r) {
		return false
	}
	p.share.watch.Metrics.delivered.WithLabelValues(p.topic).Inc()
	p.past(r.Offset)
	return true
}

// past notes that everything up to the offset is dealt with.
func (p *partition) past(offset int64) {
	p.next = offset + 1
	p.damage = damage{}
	p.share.acknowledged(p.partition, p.next)
}

// deliver offers a record until it is acknowledged.
func (p *partition) deliver(ctx context.Context, ending <-chan struct{}, r Record) bool {
	defer p.move()
	for n := 1; ; n++ {
		env := r.open()
		working, cancel := context.WithCancel(ctx)
		env.SetContext(working)
		p.busy()
		acked, over := p.offer(ctx, ending, env)
		cancel()
		if acked || over {
			return acked
		}
		p.share.watch.Metrics.redelivered.WithLabelValues(p.topic).Inc()
		pause(ctx, ending, backoff(n, p.share.config.NackPause))
	}
}

// offer waits until somebody takes the envelope, and for the answer.
func (p *partition) offer(ctx context.Context, ending <-chan struct{}, env *message.Message) (acked, over bool) {
	select {
	case p.share.out <- env:
	case <-ctx.Done():
		return false, true
	case <-ending:
		return false, true
	}
	var late <-chan time.Time
	for {
		select {
		case <-env.Acked():
			return true, false
		case <-env.Nacked():
			return false, isOver(ctx, ending)
		case <-ctx.Done():
			return isClosed(env.Acked()), true
		case <-late:
			return false, true
		case <-ending:
			ending = nil
			timer := time.NewTimer(finishGrace)
			defer timer.Stop()
			late = timer.C
		}
	}
}

// mend does what a failed fetch asks for.
func (p *partition) mend(ctx context.Context, ending <-chan struct{}, err error) {
	switch {
	case isOver(ctx, ending):
		return
	case errors.Is(err, errUnreadable):
		p.damaged(ctx, ending, Record{Topic: p.topic, Partition: p.partition, Offset: p.next, Err: err})
		return
	case errors.Is(err, kafkago.OffsetOutOfRange):
		moved, failure := p.relocate(ctx)
		if moved {
			return
		}
		err = errors.Join(err, failure)
	}
	p.failed++
	p.trouble.goesOn(err)
	pause(ctx, ending, backoff(p.failed, readBackoff))
}

// relocate finds the place to go on at when there is nothing at next. When the
// log ends before it, the broker has lost records, and what was written since
// may lie anywhere: all is read again.
func (p *partition) relocate(ctx context.Context) (bool, error) {
	start, end, err := p.bounds(ctx)
	if err != nil {
		return false, err
	}
	switch {
	case p.next > end:
		p.share.watch.Metrics.rewound.WithLabelValues(p.topic).Inc()
		p.alarm(OffsetsFell, fmt.Errorf("read up to offset %d, but the log ends at %d; reading again from %d", p.next, end, start))
	case p.next < start:
		p.alarm(Missed, fmt.Errorf("offsets %d to %d were deleted before they were read", p.next, start-1))
	default:
		return false, nil
	}
	p.next = start
	return true, nil
}

// noticeHole tells of records that should be before r and are not. They cannot
// be read; whoever published them can publish them again.
func (p *partition) noticeHole(r Record) {
	missing := r.Offset - p.next
	for _, marker := range p.markers {
		if marker >= p.next && marker < r.Offset {
			missing--
		}
	}
	if missing > 0 {
		p.alarm(Missed, fmt.Errorf("offsets %d to %d are not there", p.next, r.Offset-1))
	}
}

func (p *partition) alarm(kind Kind, err error) {
	p.share.watch.Log.Error("kafka lost records", "kind", string(kind), "topic", p.topic, "partition", p.partition, "err", err.Error())
	p.share.watch.Alarm(Trouble{Kind: kind, Topic: p.topic, Partition: p.partition, Since: time.Now(), Err: err})
}

// pause waits unless reading is over.
func pause(ctx context.Context, ending <-chan struct{}, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-ending:
	}
}

func isOver(ctx context.Context, ending <-chan struct{}) bool {
	return ctx.Err() != nil || isClosed(ending)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
