package journal

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"contactd/pipeline"
)

// lie acknowledges the next messages at these offsets of a partition.
func lie(t *testing.T, out <-chan *message.Message, partition int, offsets ...int64) (seqs []int64) {
	t.Helper()
	for _, offset := range offsets {
		e, env := next(t, out)
		lieAt(env, partition, offset)
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

func lieAt(env *message.Message, partition int, offset int64) {
	env.Metadata.Set(pipeline.MetaPartition, strconv.Itoa(partition))
	env.Metadata.Set(pipeline.MetaOffset, strconv.FormatInt(offset, 10))
	env.Ack()
}

// readied accepts and sorts messages from 1 on, each of a conversation of its
// own.
func readied(t *testing.T, j *Journal, messages int64) {
	t.Helper()
	for seq := int64(1); seq <= messages; seq++ {
		accept(t, j, original(fmt.Sprint(seq)))
		ready(t, j, pipeline.LaneNormal, seq)
	}
}

func TestWhatAnotherMessageHasDisplacedIsDeliveredAgain(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	readied(t, j, 5)
	out := subscribe(t, j.Outbox())
	lie(t, out, 2, 100, 101, 102)
	waitPublished(t, j, 3)

	// The broker was killed and had lost 101 and 102. Who publishes two at a time
	// may hear of the second first: here it hears of one after the other.
	_, fourth := next(t, out)
	_, fifth := next(t, out)
	lieAt(fourth, 2, 101)
	waitFor(t, func() bool { return testutil.ToFloat64(j.metrics.displaced) == 1 })
	lieAt(fifth, 2, 102)
	if again := lie(t, out, 2, 103, 104); again[0] != 2 || again[1] != 3 {
		t.Errorf("delivered %v again, want 2 and 3", again)
	}
	waitPublished(t, j, 5)
	nothing(t, out)
}

func TestADisplacedMessageIsNoticedAfterARestart(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	readied(t, j, 2)
	lie(t, subscribe(t, j.Outbox()), 0, 7)
	waitPublished(t, j, 1)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	out := subscribe(t, j.Outbox())
	lie(t, out, 0, 7)
	if again := lie(t, out, 0, 8); again[0] != 1 {
		t.Errorf("delivered %v again, want 1", again)
	}
	waitPublished(t, j, 2)
}
