package kafka

import (
	"cmp"
	"context"
	"errors"
	"slices"

	kafkago "github.com/segmentio/kafka-go"

	"contactd/pipeline"
)

// Records returns a reader of single records of a topic. It implements
// pipeline.Broker.
func (c *Cluster) Records(topic string) pipeline.Records {
	pool := c.connect.transport(topic)
	return &records{topic: topic, pool: pool, client: c.connect.client(pool)}
}

// records reads single records over connections of its own.
type records struct {
	topic  string
	pool   *kafkago.Transport
	client *kafkago.Client
}

// Close implements pipeline.Records.
func (r *records) Close() error {
	r.pool.CloseIdleConnections()
	return nil
}

// Records that are wanted and lie as close to each other as nearby are read in
// one call, for which recordBytes each are asked; an answer of fewer is gone on
// from. A broker gives at least a batch.
const (
	nearby      = 16
	recordBytes = 4 << 10
	mostBytes   = 1 << 20
)

// At implements pipeline.Records. It gives whatever lies there, also what a
// transaction took back; a marker that ended one has no headers.
func (r *records) At(ctx context.Context, partition int, offsets []int64, f func(offset int64, headers map[string]string)) (start int64, err error) {
	s := &source{client: r.client, topic: r.topic, partition: partition, uncommitted: true}
	failed := 0
	for len(offsets) > 0 {
		s.next = offsets[0]
		got, end, err := s.fetchSome(ctx, bytesFor(offsets))
		left := s.pick(offsets, got, f)
		switch {
		case len(left) < len(offsets):
			offsets, failed = left, 0
		case errors.Is(err, kafkago.OffsetOutOfRange):
			if start, end, err = s.bounds(ctx); err != nil {
				return 0, err
			}
			at, _ := slices.BinarySearch(offsets, start)
			if offsets = offsets[at:]; len(offsets) > 0 && (at == 0 || offsets[0] >= end) {
				return start, nil
			}
		case errors.Is(err, errUnreadable) && failed < damageRetries:
			failed++
		case err != nil && !errors.Is(err, errUnreadable):
			return start, err
		case err == nil && offsets[0] >= end:
			return start, nil
		default: // a hole, or damage
			offsets, failed = offsets[1:], 0
		}
	}
	return start, nil
}

// bytesFor is how much is asked for, for those of the wanted that lie close.
func bytesFor(offsets []int64) int64 {
	last := 0
	for last+1 < len(offsets) && offsets[last+1]-offsets[last] <= nearby {
		last++
	}
	return min(mostBytes, (offsets[last]-offsets[0]+1)*recordBytes)
}

// pick gives f what an answer has of the wanted, and returns those behind it.
func (s *source) pick(offsets []int64, got []Record, f func(int64, map[string]string)) []int64 {
	through := int64(-1)
	if n := len(got); n > 0 {
		through = got[n-1].Offset
	}
	if n := len(s.markers); n > 0 {
		through = max(through, s.markers[n-1])
	}
	for len(offsets) > 0 && offsets[0] <= through {
		at, found := slices.BinarySearchFunc(got, offsets[0], func(r Record, offset int64) int { return cmp.Compare(r.Offset, offset) })
		switch {
		case found:
			f(offsets[0], got[at].Headers)
		case slices.Contains(s.markers, offsets[0]):
			f(offsets[0], nil)
		}
		offsets = offsets[1:]
	}
	return offsets
}
