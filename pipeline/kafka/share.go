package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// commitBackoff is the pause after a failed commit.
const commitBackoff = 200 * time.Millisecond

// share is the part of a topic that a member reads in one generation.
type share struct {
	*membership
	generation *kafkago.Generation
	partitions []*partition

	mu   sync.Mutex
	done map[int]int64 // offsets to commit, by partition
	wake chan struct{}
}

func newShare(m *membership, g *kafkago.Generation, client *kafkago.Client) *share {
	s := &share{membership: m, generation: g, done: make(map[int]int64), wake: make(chan struct{}, 1)}
	assigned := g.Assignments[m.topic]
	troubles := m.unreadFor(assigned)
	if len(assigned) == 0 {
		m.committing.over() // whoever reads on commits
	}
	for _, a := range assigned {
		s.partitions = append(s.partitions, newPartition(s, client, a, troubles[a.ID]))
	}
	return s
}

// run reads until the generation or ctx ends, and then commits what was
// acknowledged. A partition without progress is an error.
func (s *share) run(ctx context.Context, generation context.Context) error {
	// What is being worked on may be finished when the generation ends, so
	// that the next owner does not repeat it, but not when ctx does.
	working, stop := context.WithCancel(ctx)
	defer stop()
	fetching, end := context.WithCancel(working)
	defer end()
	var wg sync.WaitGroup
	for _, p := range s.partitions {
		wg.Go(func() { p.run(working, fetching) })
	}
	err := s.watchOver(ctx, generation)
	end()
	if err != nil {
		stop()
	}
	wg.Wait()
	s.commit()
	return err
}

// watchOver commits until the generation or ctx ends, or a partition stalls.
func (s *share) watchOver(ctx, generation context.Context) error {
	check := time.NewTicker(stallCheck)
	defer check.Stop()
	for {
		select {
		case <-s.wake:
			if err := s.commit(); err != nil {
				s.committing.goesOn(err)
				pause(ctx, generation.Done(), commitBackoff)
			} else {
				s.committing.over()
			}
		case now := <-check.C:
			for _, p := range s.partitions {
				if still := now.Sub(p.progress()); still > stallLimit {
					s.watch.Metrics.stalled.WithLabelValues(s.topic).Inc()
					return fmt.Errorf("read %s/%d: no progress for %v", s.topic, p.partition, still.Round(time.Second))
				}
			}
		case <-ctx.Done():
			return nil
		case <-generation.Done():
			return nil
		}
	}
}

// acknowledged notes that a partition was dealt with up to the offset.
func (s *share) acknowledged(partition int, next int64) {
	s.mu.Lock()
	s.done[partition] = next
	s.mu.Unlock()
	s.nudge()
}

func (s *share) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// commit sends all that was acknowledged since the last time, in one request.
func (s *share) commit() error {
	s.mu.Lock()
	offsets := s.done
	s.done = make(map[int]int64)
	s.mu.Unlock()
	if len(offsets) == 0 {
		return nil
	}
	err := s.generation.CommitOffsets(map[string]map[int]int64{s.topic: offsets})
	if err != nil {
		s.mu.Lock()
		for partition, next := range offsets {
			if _, newer := s.done[partition]; !newer {
				s.done[partition] = next
			}
		}
		s.mu.Unlock()
		s.nudge()
		return fmt.Errorf("commit offsets of %s: %w", s.topic, err)
	}
	return nil
}
