package journal

import (
	"maps"
	"strconv"
	"testing"

	"contactd/pipeline"
)

func TestWhatAPartitionLostIsDeliveredAgainAndNothingElse(t *testing.T) {
	j := open(t, t.TempDir())
	readied(t, j, 6)
	out := subscribe(t, j.Outbox())
	for range 6 { // odd messages to partition 1, even ones to partition 0
		e, env := next(t, out)
		env.Metadata.Set(pipeline.MetaPartition, strconv.FormatInt(e.Seq%2, 10))
		env.Metadata.Set(pipeline.MetaOffset, strconv.FormatInt(100+e.Seq, 10))
		env.Ack()
	}
	waitPublished(t, j, 6)
	ends, err := j.Ends(t.Context())
	if want := map[int]int64{0: 107, 1: 106}; err != nil || !maps.Equal(ends, want) {
		t.Fatalf("ends %v, %v, want %v", ends, err, want)
	}

	count, err := j.RepublishFrom(t.Context(), 1, 103)
	if err != nil || count != 2 {
		t.Fatalf("made %d ready, %v; want messages 3 and 5", count, err)
	}
	if again := seqsOf(t, out, 2); again[0] != 3 || again[1] != 5 {
		t.Errorf("delivered %v again, want 3 and 5", again)
	}
	nothing(t, out)
	ends, err = j.Ends(t.Context())
	if err != nil || ends[1] != 103 || ends[0] != 107 {
		t.Errorf("ends %v, %v after the loss", ends, err)
	}
}
