package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Tail gives every record of a topic to f, from the oldest or from now on,
// until ctx ends, which returns nil, or f returns an error, which it returns. It
// joins no group and commits nothing. Records of one partition come in order;
// f is called by one goroutine at a time. A record that cannot be believed has
// its Err set. What transactions took back is left out, and open ones are waited
// for. Partitions added later are not read.
func (c *Cluster) Tail(ctx context.Context, topic string, fromBeginning bool, f func(Record) error) error {
	which := c.EndOffsets
	if fromBeginning {
		which = c.startOffsets
	}
	offsets, err := which(ctx, topic)
	if err != nil {
		return err
	}
	return c.TailFrom(ctx, topic, offsets, f)
}

// TailFrom is Tail from these offsets on, by partition, such as EndOffsets
// gave before something was asked for.
func (c *Cluster) TailFrom(ctx context.Context, topic string, offsets map[int]int64, f func(Record) error) error {
	ends := make(map[int]int64, len(offsets))
	for partition := range offsets {
		ends[partition] = forever
	}
	err := c.between(ctx, topic, offsets, ends, f)
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return err
}

// tail is one call of Tail.
type tail struct {
	client *kafkago.Client
	watch  Watch
	stop   context.CancelCauseFunc

	mu sync.Mutex // around f
	f  func(Record) error
}

// give passes one record on.
func (t *tail) give(ctx context.Context, s *source, r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	s.next = r.Offset + 1
	if err := t.f(r); err != nil {
		t.stop(fmt.Errorf("tail %s: %w", r.Topic, err))
	}
}

// Read gives every record that a topic holds now to f, as Tail does, and
// returns nil behind the last. It gives up when a partition cannot be read for
// half a minute.
func (c *Cluster) Read(ctx context.Context, topic string, f func(Record) error) error {
	starts, err := c.startOffsets(ctx, topic)
	if err != nil {
		return err
	}
	ends, err := c.EndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	return c.between(ctx, topic, starts, ends, f)
}

// Since gives f every sound record that a topic holds now from these offsets
// on, and returns where its partitions end. One without an offset, or that ends
// before it, as of a topic that was made anew, is read from its oldest record.
// It implements pipeline.History.
func (c *Cluster) Since(ctx context.Context, topic string, from map[int]int64, f func(key string, headers map[string]string, value []byte)) (map[int]int64, error) {
	starts, err := c.startOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	ends, err := c.EndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	for partition, offset := range from {
		if offset <= ends[partition] {
			starts[partition] = max(starts[partition], offset)
		}
	}
	return ends, c.between(ctx, topic, starts, ends, func(r Record) error {
		if r.Err == nil {
			f(r.Key, r.Headers, r.Value)
		}
		return nil
	})
}

// between gives f the records of a topic from some offsets up to others, by
// partition.
func (c *Cluster) between(ctx context.Context, topic string, starts, ends map[int]int64, f func(Record) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pool := c.connect.transport(topic)
	defer pool.CloseIdleConnections()
	t := tail{client: c.connect.client(pool), watch: c.watch, f: f, stop: cancel}
	var wg sync.WaitGroup
	for partition, end := range ends {
		wg.Go(func() {
			if err := t.read(ctx, &source{client: t.client, topic: topic, partition: partition, next: starts[partition]}, end); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// forever is the end of a partition that is read until ctx ends.
const forever = math.MaxInt64

// quietLimit is how long a partition is read up to its end without progress.
const quietLimit = 30 * time.Second

// read reads one partition up to an offset. What was taken away meanwhile, by
// age, is not waited for.
func (t *tail) read(ctx context.Context, s *source, end int64) error {
	trouble := trouble{watch: t.watch, about: Trouble{Kind: CannotRead, Topic: s.topic, Partition: s.partition}}
	moved := time.Now()
	for failed := 0; s.next < end; {
		before := s.next
		records, _, err := s.fetch(ctx)
		for _, r := range records {
			if r.Offset >= end {
				return nil
			}
			r.Err = r.verify()
			t.give(ctx, s, r)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err() // called off, no trouble
		case err == nil || len(records) > 0:
			failed = 0
			trouble.over()
		default:
			failed++
			trouble.goesOn(err)
			if errors.Is(err, errUnreadable) && failed > damageRetries {
				t.give(ctx, s, Record{Topic: s.topic, Partition: s.partition, Offset: s.next, Err: err})
				continue
			}
			if errors.Is(err, kafkago.OffsetOutOfRange) {
				s.reposition(ctx, end)
			}
			pause(ctx, nil, min(backoff(failed, readBackoff), time.Second))
		}
		if s.next > before {
			moved = time.Now()
		}
		if end != forever && time.Since(moved) > quietLimit {
			if err == nil {
				err = errors.New("the broker gives nothing; a transaction of another producer may be open")
			}
			return fmt.Errorf("read %s/%d: no progress for %v: %w", s.topic, s.partition, quietLimit, err)
		}
	}
	return nil
}

// reposition goes on at the oldest record when there is nothing at next: those
// before it are gone, or the log has lost its end and none up to end would come.
func (s *source) reposition(ctx context.Context, end int64) {
	if start, _, err := s.bounds(ctx); err == nil && (s.next < start || end == forever) {
		s.next = start
	}
}
