package journal

import (
	"maps"
	"strconv"
	"testing"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
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

func TestAGreatLossIsMadeToWaitInStepsSoThatOthersNeedNot(t *testing.T) {
	j := open(t, t.TempDir())
	readied(t, j, 1)
	out := subscribe(t, j.Outbox())
	lie(t, out, 0, 100)
	waitPublished(t, j, 1)
	tools := j.Tools()
	defer tools.Close()
	const many = 2*republishRows + 2 // all copies of the first
	err := tools.change(func(conn *sqlite.Conn) error {
		const following = "WITH RECURSIVE more (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM more WHERE n < ?) "
		err := execute(conn, following+`INSERT INTO messages SELECT n, randomblob(32), source, id || n, media, received, accepted, size, sha256, chain, blob, defect, body
			FROM more, messages m WHERE m.seq = 1`, many)
		if err != nil {
			return err
		}
		return execute(conn, following+`INSERT INTO progress SELECT n, source, conversation + n, sequence, foreigner, mark, rank, attempts, reason, published, part, offs + n
			FROM more, progress p WHERE p.seq = 1`, many)
	})
	if err != nil {
		t.Fatal(err)
	}
	changes := func() (n int64) {
		_ = tools.read(t.Context(), func(conn *sqlite.Conn) (err error) {
			n, err = queryInt(conn, "SELECT tools FROM state")
			return err
		})
		return n
	}
	before := changes()
	count, err := j.RepublishFrom(t.Context(), 0, 0)
	if err != nil || count != many {
		t.Errorf("made %d ready, %v; want %d", count, err, many)
	}
	if steps := changes() - before; steps < 3 {
		t.Errorf("in %d transactions: whoever writes meanwhile waits for all", steps)
	}
}
