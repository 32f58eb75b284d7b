package journal

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// open opens a journal that the test closes at its end.
func open(t testing.TB, dir string, change ...func(*Config, *Deps)) *Journal {
	t.Helper()
	cfg := Config{Dir: dir, MinFree: -1}
	var deps Deps
	if os.Getenv("JOURNAL_LOG") != "" {
		deps.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	for _, c := range change {
		c(&cfg, &deps)
	}
	j, err := Open(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return j
}

// original is a message of the account "a" on channel "email".
func original(id string) channels.Original {
	return channels.Original{
		Channel: "email", Account: "a", ID: id, MediaType: "message/rfc822",
		ReceivedAt: time.Unix(1790000000, 0).UTC(), Bytes: []byte("bytes of " + id),
	}
}

func accept(t testing.TB, j *Journal, originals ...channels.Original) {
	t.Helper()
	if err := j.Accept(t.Context(), originals, channels.Cursor{}); err != nil {
		t.Fatal(err)
	}
}

// alone places a message in a conversation named after its seq.
func alone(seq int64) pipeline.Placement {
	return pipeline.Placement{Key: fmt.Sprintf("c-%d", seq)}
}

// ready places and sorts messages, each alone.
func ready(t testing.TB, j *Journal, lane pipeline.Lane, seqs ...int64) {
	t.Helper()
	for _, seq := range seqs {
		place(t, j, seq, alone(seq))
		sortIn(t, j, lane, seq)
	}
}

func place(t testing.TB, j *Journal, seq int64, p pipeline.Placement) pipeline.Placed {
	t.Helper()
	placed, err := j.Place(t.Context(), seq, p)
	if err != nil {
		t.Fatal(err)
	}
	return placed
}

func sortIn(t testing.TB, j *Journal, lane pipeline.Lane, seqs ...int64) {
	t.Helper()
	for _, seq := range seqs {
		if err := j.Sort(t.Context(), seq, lane); err != nil {
			t.Fatal(err)
		}
	}
}

func subscribe(t testing.TB, s message.Subscriber) <-chan *message.Message {
	t.Helper()
	envs, err := s.Subscribe(t.Context(), pipeline.AllChannels)
	if err != nil {
		t.Fatal(err)
	}
	return envs
}

// next waits for an envelope.
func next(t testing.TB, envs <-chan *message.Message) (pipeline.Entry, *message.Message) {
	t.Helper()
	select {
	case env, ok := <-envs:
		if !ok {
			t.Fatal("subscription ended")
		}
		e, err := EntryOf(env)
		if err != nil {
			t.Fatal(err)
		}
		return e, env
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was delivered")
	}
	panic("unreachable")
}

// nothing fails when something is delivered soon.
func nothing(t testing.TB, envs <-chan *message.Message) {
	t.Helper()
	select {
	case env := <-envs:
		e, _ := EntryOf(env)
		t.Fatalf("message %d was delivered", e.Seq)
	case <-time.After(100 * time.Millisecond):
	}
}

func seqsOf(t testing.TB, envs <-chan *message.Message, n int) []int64 {
	t.Helper()
	var seqs []int64
	for range n {
		e, env := next(t, envs)
		seqs = append(seqs, e.Seq)
		env.Ack()
	}
	return seqs
}

func TestAMessageGoesFromAcceptanceToPublished(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	o := original("INBOX/7/42")
	o.Defect = "cut"
	if err := j.Accept(t.Context(), []channels.Original{o}, channels.Cursor{Name: "a/INBOX", Value: "7/42"}); err != nil {
		t.Fatal(err)
	}
	cursor, err := j.Cursor(t.Context(), "a/INBOX")
	if err != nil || cursor.Value != "7/42" {
		t.Fatalf("cursor %v, %v", cursor, err)
	}
	unread := subscribe(t, j.Unread())
	e, env := next(t, unread)
	if e.Seq != 1 || string(e.Original.Bytes) != string(o.Bytes) || e.Original.ID != o.ID ||
		!e.Original.ReceivedAt.Equal(o.ReceivedAt) || e.Original.Defect != "cut" || e.Lane != pipeline.LaneUnsorted {
		t.Fatalf("delivered %+v", e)
	}
	placed := place(t, j, e.Seq, pipeline.Placement{Key: "c-1", Thread: contact.Thread{IDs: []string{"<1@x>"}}})
	if placed != (pipeline.Placed{Conversation: "c-1", Sequence: 1}) {
		t.Fatalf("placed %+v", placed)
	}
	sortIn(t, j, pipeline.LaneNormal, e.Seq)
	env.Ack()
	out := subscribe(t, j.Outbox())
	e, env = next(t, out)
	if e.Seq != 1 || e.Placed != placed || e.Lane != pipeline.LaneNormal || string(e.Original.Bytes) != string(o.Bytes) {
		t.Fatalf("delivered %+v", e)
	}
	env.Metadata.Set(pipeline.MetaPartition, "3")
	env.Metadata.Set(pipeline.MetaOffset, "77")
	env.Ack()
	waitPublished(t, j, 1)
	nothing(t, unread)
	nothing(t, out)
}

func TestARefusalIsCountedOnce(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"))
	unread := subscribe(t, j.Unread())
	_, env := next(t, unread)
	env.Nack()
	next(t, unread)
	if got := testutil.ToFloat64(j.metrics.nacks); got != 1 {
		t.Errorf("counted %v", got)
	}
}

// waitPublished waits until n messages are durably published.
func waitPublished(t testing.TB, j *Journal, n int64) {
	t.Helper()
	tools := j.Tools()
	defer tools.Close()
	deadline := time.Now().Add(20 * time.Second)
	for {
		c, err := tools.Counts(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if c.Published >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("counts %+v, want %d published", c, n)
		}
		// The acknowledgement rides on the next commit: make one.
		_ = j.Accept(context.Background(), nil, channels.Cursor{Name: "tick", Value: time.Now().String()})
	}
}

// clock is a clock that the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock(at time.Time) *clock { return &clock{at: at} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
