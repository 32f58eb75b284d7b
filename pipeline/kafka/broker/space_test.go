package broker

import (
	"bytes"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestWritesAreRefusedWhileTheDiskIsNearlyFull(t *testing.T) {
	const gib = 1 << 30
	for _, test := range []struct {
		free, total uint64
		full        bool
	}{
		{10 * gib, 500 * gib, false}, // little of a large disk is still enough
		{gib / 2, 4 * gib, false},
		{gib / 2, 100 * gib, true},
		{600 << 10, 8 << 20, true},
		{0, gib, true},
	} {
		free := func(string) (uint64, uint64, error) { return test.free, test.total, nil }
		s := &space{log: slog.New(slog.DiscardHandler), free: free}
		if err := s.check(); err != nil || s.full.Load() != test.full {
			t.Errorf("%d of %d free: full %v, %v", test.free, test.total, s.full.Load(), err)
		}
		err := Config{Dir: "data/kafka"}.tryRoom(free)
		if (err != nil) != test.full || err != nil && !strings.Contains(err.Error(), "data/kafka") {
			t.Errorf("%d of %d free: whoever asks is told %v", test.free, test.total, err)
		}
	}
}

func TestADiskThatCannotBeLookedAtIsToldOfOnce(t *testing.T) {
	var trouble error
	var log bytes.Buffer
	s := &space{dir: "data/kafka", log: slog.New(slog.NewTextHandler(&log, nil)), free: func(string) (uint64, uint64, error) { return 1 << 40, 1 << 40, trouble }}
	for _, trouble = range []error{nil, fs.ErrNotExist, fs.ErrNotExist, fs.ErrNotExist, nil, nil} {
		s.look()
	}
	if told := log.String(); strings.Count(told, "level=ERROR") != 1 || !strings.Contains(told, "data/kafka") || strings.Count(told, "level=INFO") != 1 {
		t.Errorf("logged %s", told)
	}
}

func TestARefusalNamesEveryPartition(t *testing.T) {
	produce := kmsg.NewPtrProduceRequest()
	produce.Topics = []kmsg.ProduceRequestTopic{{Topic: "t", Partitions: []kmsg.ProduceRequestTopicPartition{{Partition: 3}}}}
	refused := refusedProduce(produce).(*kmsg.ProduceResponse).Topics[0]
	if p := refused.Partitions[0]; refused.Topic != "t" || p.Partition != 3 || p.ErrorCode != kerr.KafkaStorageError.Code {
		t.Errorf("%+v", refused)
	}
	commit := kmsg.NewPtrOffsetCommitRequest()
	commit.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: "t", Partitions: []kmsg.OffsetCommitRequestTopicPartition{{Partition: 3}}}}
	not := refusedCommit(commit).(*kmsg.OffsetCommitResponse).Topics[0]
	if p := not.Partitions[0]; not.Topic != "t" || p.Partition != 3 || p.ErrorCode != kerr.CoordinatorNotAvailable.Code {
		t.Errorf("%+v", not)
	}
}
