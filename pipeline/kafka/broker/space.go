package broker

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sys/unix"
)

const (
	// enoughSpace is always enough: several times what is ever kept.
	enoughSpace = 1 << 30
	// leastShare of the disk, in percent, must be free on one that is smaller.
	leastShare = 10
	spaceCheck = 2 * time.Second
)

// space refuses writes before the disk is full, because the broker
// acknowledges commits that a full disk did not take.
type space struct {
	dir  string
	log  *slog.Logger
	free func(dir string) (free, total uint64, err error)
	full atomic.Bool
	// blind is that the disk cannot be looked at, as was told.
	blind bool
}

// check looks at the disk.
func (s *space) check() error {
	free, total, err := s.free(s.dir)
	if err != nil {
		return fmt.Errorf("look at free space of %s: %w", s.dir, err)
	}
	full := nearlyFull(free, total)
	if full != s.full.Swap(full) {
		if full {
			s.log.Error("disk nearly full, refusing to write", "dir", s.dir, "free", free, "total", total)
		} else {
			s.log.Info("disk has room again", "dir", s.dir, "free", free, "total", total)
		}
	}
	return nil
}

// look checks, and tells when that begins to fail and when it works again.
func (s *space) look() {
	err := s.check()
	switch {
	case err != nil && !s.blind:
		s.log.Error("the broker's folder cannot be looked at; if it was moved, put it back", "err", err)
	case err == nil && s.blind:
		s.log.Info("the broker's folder can be looked at again", "dir", s.dir)
	}
	s.blind = err != nil
}

func nearlyFull(free, total uint64) bool {
	return free < enoughSpace && free*100 < total*leastShare
}

// TryRoom returns an error when the disk of a broker that has run here is so
// full that it takes no record. Whoever only asks that broker sees nothing of
// it before there is something to publish.
func (c Config) TryRoom() error { return c.tryRoom(statfs) }

func (c Config) tryRoom(statfs func(dir string) (free, total uint64, err error)) error {
	free, total, err := statfs(c.Dir)
	if err != nil {
		return fmt.Errorf("look at free space of %s: %w", c.Dir, err)
	}
	if !nearlyFull(free, total) {
		return nil
	}
	return fmt.Errorf("publish messages: %d of %d bytes are free in %s, too few for the broker: free some space, %d bytes or %d %% of the disk, and it goes on by itself",
		free, total, c.Dir, enoughSpace, leastShare)
}

// watch looks again and again until ctx ends.
func (s *space) watch(ctx context.Context) {
	tick := time.NewTicker(spaceCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.look()
		}
	}
}

// refuse answers Produce and OffsetCommit with an error while there is no room.
func (s *space) refuse(c *kfake.Cluster) {
	c.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		produce, ok := request.(*kmsg.ProduceRequest)
		if !ok || !s.full.Load() {
			return nil, nil, false
		}
		return refusedProduce(produce), nil, true
	})
	c.ControlKey(int16(kmsg.OffsetCommit), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		commit, ok := request.(*kmsg.OffsetCommitRequest)
		if !ok || !s.full.Load() {
			return nil, nil, false
		}
		return refusedCommit(commit), nil, true
	})
}

func refusedProduce(request *kmsg.ProduceRequest) kmsg.Response {
	answer := request.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range request.Topics {
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			partition := kmsg.NewProduceResponseTopicPartition()
			partition.Partition, partition.ErrorCode = p.Partition, kerr.KafkaStorageError.Code
			topic.Partitions = append(topic.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

func refusedCommit(request *kmsg.OffsetCommitRequest) kmsg.Response {
	answer := request.ResponseKind().(*kmsg.OffsetCommitResponse)
	for _, t := range request.Topics {
		topic := kmsg.NewOffsetCommitResponseTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			partition := kmsg.NewOffsetCommitResponseTopicPartition()
			partition.Partition, partition.ErrorCode = p.Partition, kerr.CoordinatorNotAvailable.Code
			topic.Partitions = append(topic.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

func statfs(dir string) (free, total uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	size := uint64(s.Bsize) //nolint:gosec,unconvert // positive; its type differs by platform
	return s.Bavail * size, s.Blocks * size, nil
}
