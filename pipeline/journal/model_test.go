package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"contactd/channels"
	"contactd/pipeline"
	"pgregory.net/rapid"
	"zombiezen.com/go/sqlite"
)

// modelMessage is what the model knows of an accepted message.
type modelMessage struct {
	account, id, bytes string
	placed             pipeline.Placed
	lane               pipeline.Lane
	published          bool
	quarantined        bool
	// emergency is one by itself, told was delivered ahead since the last start.
	emergency, told bool
}

// model is what the journal should hold.
type model struct {
	messages []*modelMessage // by seq-1
	known    map[string]bool
	next     map[string]int64 // of conversations
}

func (m *model) counts() Counts {
	c := Counts{Accepted: int64(len(m.messages))}
	for _, msg := range m.messages {
		switch {
		case msg.quarantined:
			c.Quarantined++
		case msg.published:
			c.Published++
		default:
			c.Waiting++
		}
	}
	return c
}

// pending returns the seqs for which ok holds.
func (m *model) pending(ok func(*modelMessage) bool) []int64 {
	var seqs []int64
	for i, msg := range m.messages {
		if ok(msg) {
			seqs = append(seqs, int64(i+1))
		}
	}
	return seqs
}

// placeable are the first unplaced messages of each account.
func (m *model) placeable() []int64 {
	first := map[string]bool{}
	return m.pending(func(msg *modelMessage) bool {
		if msg.placed.Sequence != 0 || first[msg.account] {
			return false
		}
		first[msg.account] = true
		return true
	})
}

// urgent raises what waits before a sorted message, and it to what waits
// behind.
func (m *model) urgent(seq int64) {
	msg := m.messages[seq-1]
	msg.emergency = msg.lane == pipeline.LaneEmergency
	for _, other := range m.messages {
		if other.placed.Conversation != msg.placed.Conversation || other.published || other.lane == pipeline.LaneUnsorted {
			continue
		}
		if other.placed.Sequence > msg.placed.Sequence {
			msg.lane = min(msg.lane, other.lane)
		}
	}
	for _, other := range m.messages {
		if other.placed.Conversation == msg.placed.Conversation && !other.published && other.lane != pipeline.LaneUnsorted &&
			other.placed.Sequence < msg.placed.Sequence {
			other.lane = min(other.lane, msg.lane)
		}
	}
}

// TestTheJournalBehavesLikeItsModel runs random operations, with crashes among
// them, on a journal and on a model in memory.
func TestTheJournalBehavesLikeItsModel(t *testing.T) {
	base := t.TempDir()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		dir := filepath.Join(base, fmt.Sprint(runs))
		j := reopen(rt, dir)
		defer func() { j.Close(); os.RemoveAll(dir) }()
		m := &model{known: map[string]bool{}, next: map[string]int64{}}
		rt.Repeat(map[string]func(*rapid.T){
			"accept":     func(rt *rapid.T) { m.accept(rt, j) },
			"place":      func(rt *rapid.T) { m.place(rt, j) },
			"settle":     func(rt *rapid.T) { m.settle(rt, j) },
			"sort":       func(rt *rapid.T) { m.sort(rt, j) },
			"quarantine": func(rt *rapid.T) { m.quarantine(rt, j) },
			"publish":    func(rt *rapid.T) { m.publish(rt, j) },
			"ahead":      func(rt *rapid.T) { m.ahead(rt, j) },
			"crash": func(rt *rapid.T) {
				copied := dir + "x"
				crashCopy(rt, dir, copied)
				j.Close()
				os.RemoveAll(dir)
				if err := os.Rename(copied, dir); err != nil {
					rt.Fatal(err)
				}
				j = m.reopen(rt, dir)
			},
			"interrupt": func(rt *rapid.T) { // what a change has begun to raise
				m.settle(rt, j)
				j.Close()
				j = m.reopen(rt, dir)
			},
			"": func(rt *rapid.T) { m.check(rt, j) },
		})
	})
}

func reopen(rt *rapid.T, dir string) *Journal {
	j, err := Open(Config{Dir: dir, MinFree: -1, raisedAtOnce: 1}, Deps{})
	if err != nil {
		rt.Fatal(err)
	}
	return j
}

// reopen is after the end of the program.
func (m *model) reopen(rt *rapid.T, dir string) *Journal {
	for _, msg := range m.messages {
		msg.told = false
	}
	return reopen(rt, dir)
}

// crashCopy copies the files of a running journal between two commits, as a
// crash would leave them.
func crashCopy(rt *rapid.T, from, to string) {
	if err := os.MkdirAll(to, 0o700); err != nil {
		rt.Fatal(err)
	}
	for _, name := range []string{databaseName, databaseName + "-wal", "reading"} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), b, 0o600)
		}
		if err != nil && !os.IsNotExist(err) {
			rt.Fatal(err)
		}
	}
}

func (m *model) accept(rt *rapid.T, j *Journal) {
	var originals []channels.Original
	for range rapid.IntRange(0, 4).Draw(rt, "messages") {
		account := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "account")
		id := fmt.Sprint(rapid.IntRange(1, 30).Draw(rt, "id"))
		o := original(id)
		o.Account = account
		originals = append(originals, o)
		if !m.known[account+id] {
			m.known[account+id] = true
			m.messages = append(m.messages, &modelMessage{account: account, id: id, bytes: string(o.Bytes)})
		}
	}
	if err := j.Accept(context.Background(), originals, channels.Cursor{}); err != nil {
		rt.Fatal(err)
	}
}

func (m *model) place(rt *rapid.T, j *Journal) {
	seqs := m.placeable()
	if len(seqs) == 0 {
		return
	}
	seq := rapid.SampledFrom(seqs).Draw(rt, "seq")
	key := rapid.SampledFrom([]string{"c-1", "c-2", "c-3"}).Draw(rt, "conversation")
	got, err := j.Place(context.Background(), seq, pipeline.Placement{Key: key, Known: true})
	m.next[key]++
	want := pipeline.Placed{Conversation: key, Sequence: m.next[key]}
	if err != nil || got != want {
		rt.Fatalf("message %d placed %+v, %v, want %+v", seq, got, err, want)
	}
	m.messages[seq-1].placed = want
}

// settle places and sorts in one change.
func (m *model) settle(rt *rapid.T, j *Journal) {
	seqs := m.placeable()
	if len(seqs) == 0 {
		return
	}
	seq := rapid.SampledFrom(seqs).Draw(rt, "seq")
	key := rapid.SampledFrom([]string{"c-1", "c-2", "c-3"}).Draw(rt, "conversation")
	lane := pipeline.Lane(rapid.IntRange(rankEmergency, rankLow).Draw(rt, "lane"))
	if err := j.Settle(context.Background(), seq, pipeline.Placement{Key: key, Known: true}, lane); err != nil {
		rt.Fatal(err)
	}
	m.next[key]++
	msg := m.messages[seq-1]
	msg.placed, msg.lane = pipeline.Placed{Conversation: key, Sequence: m.next[key]}, lane
	m.urgent(seq)
}

func (m *model) sort(rt *rapid.T, j *Journal) {
	seqs := m.pending(func(msg *modelMessage) bool { return msg.placed.Sequence != 0 && msg.lane == pipeline.LaneUnsorted })
	if len(seqs) == 0 {
		return
	}
	seq := rapid.SampledFrom(seqs).Draw(rt, "seq")
	lane := pipeline.Lane(rapid.IntRange(rankEmergency, rankLow).Draw(rt, "lane"))
	if err := j.Sort(context.Background(), seq, lane); err != nil {
		rt.Fatal(err)
	}
	m.messages[seq-1].lane = lane
	m.urgent(seq)
}

func (m *model) quarantine(rt *rapid.T, j *Journal) {
	seqs := m.pending(func(msg *modelMessage) bool { return msg.lane == pipeline.LaneUnsorted })
	if len(seqs) == 0 || rapid.IntRange(0, 3).Draw(rt, "rarely") > 0 {
		return
	}
	seq := rapid.SampledFrom(seqs).Draw(rt, "seq")
	if err := j.Quarantine(context.Background(), seq, "no"); err != nil {
		rt.Fatal(err)
	}
	msg := m.messages[seq-1]
	msg.quarantined, msg.lane = true, pipeline.LaneUnjudged
	if msg.placed.Sequence == 0 {
		msg.placed = pipeline.Placed{Conversation: ownConversation("email", msg.account, msg.id), Sequence: 1}
	}
	m.urgent(seq)
}

// heads are the first messages that wait of each conversation.
func (m *model) heads() map[string]int64 {
	heads := map[string]int64{}
	for i, msg := range m.messages {
		if msg.placed.Sequence == 0 || msg.published {
			continue
		}
		head, ok := heads[msg.placed.Conversation]
		if !ok || msg.placed.Sequence < m.messages[head-1].placed.Sequence {
			heads[msg.placed.Conversation] = int64(i + 1)
		}
	}
	return heads
}

// deliverable are the messages that the outbox may deliver first: heads of
// their conversations, of the most urgent lane.
func (m *model) deliverable() map[int64]bool {
	all := map[int64]bool{}
	for _, seq := range m.heads() {
		if m.messages[seq-1].lane != pipeline.LaneUnsorted {
			all[seq] = true
		}
	}
	return all
}

func (m *model) publish(rt *rapid.T, j *Journal) {
	can := m.deliverable()
	if len(can) == 0 {
		return
	}
	s := j.Outbox()
	out, err := s.Subscribe(context.Background(), pipeline.AllChannels)
	if err != nil {
		rt.Fatal(err)
	}
	env := <-out
	e, err := EntryOf(env)
	if err != nil || !can[e.Seq] {
		rt.Fatalf("delivered message %d, %v, want one of %v", e.Seq, err, can)
	}
	for other := range can {
		first, second := m.messages[e.Seq-1], m.messages[other-1]
		if second.lane == pipeline.LaneEmergency && first.lane != pipeline.LaneEmergency {
			rt.Fatalf("message %d of lane %v came before emergency %d", e.Seq, first.lane, other)
		}
	}
	msg := m.messages[e.Seq-1]
	if e.Placed != msg.placed || e.Lane != msg.lane || string(e.Original.Bytes) != msg.bytes || (e.Quarantined != "") != msg.quarantined {
		rt.Fatalf("delivered %+v, want %+v", e, msg)
	}
	env.Ack()
	<-env.Context().Done()
	if err := s.Close(); err != nil {
		rt.Fatal(err)
	}
	// The acknowledgement is durable with the next commit at the latest.
	for published := false; !published; {
		if err := j.Accept(context.Background(), nil, channels.Cursor{}); err != nil {
			rt.Fatal(err)
		}
		published = isPublished(rt, j, e.Seq)
	}
	msg.published = true
}

// ahead takes what must be delivered ahead: emergencies that wait behind others
// and were not told of. Others of the lane that wait behind others may come too.
func (m *model) ahead(rt *rapid.T, j *Journal) {
	heads := m.heads()
	behind := func(msg *modelMessage) bool {
		return msg.lane == pipeline.LaneEmergency && !msg.published && m.messages[heads[msg.placed.Conversation]-1] != msg
	}
	left := m.pending(func(msg *modelMessage) bool { return behind(msg) && msg.emergency && !msg.told })
	if len(left) == 0 {
		return
	}
	s := j.Ahead()
	out, err := s.Subscribe(context.Background(), pipeline.AllChannels)
	if err != nil {
		rt.Fatal(err)
	}
	for len(left) > 0 {
		select {
		case env := <-out:
			e, err := EntryOf(env)
			if err != nil {
				rt.Fatal(err)
			}
			msg := m.messages[e.Seq-1]
			if !behind(msg) || e.Placed != msg.placed || e.Lane != msg.lane || string(e.Original.Bytes) != msg.bytes {
				rt.Fatalf("delivered ahead %+v, want one of %v like %+v", e, left, msg)
			}
			msg.told = true
			left = slices.DeleteFunc(left, func(seq int64) bool { return seq == e.Seq })
			env.Ack()
			<-env.Context().Done()
		case <-time.After(10 * time.Second):
			rt.Fatalf("not delivered ahead: %v", left)
		}
	}
	if err := s.Close(); err != nil {
		rt.Fatal(err)
	}
}

func isPublished(rt *rapid.T, j *Journal, seq int64) bool {
	var p position
	err := j.reader.with(func(conn *sqlite.Conn) (err error) {
		p, _, err = positionOf(conn, seq)
		return err
	})
	if err != nil {
		rt.Fatal(err)
	}
	return p.published
}

// raised waits until each message that waits has the lane that it should.
func (m *model) raised(rt *rapid.T, j *Journal) {
	deadline := time.Now().Add(10 * time.Second)
	for {
		var wrong []string
		err := j.reader.with(func(conn *sqlite.Conn) error {
			for i, msg := range m.messages {
				p, found, err := positionOf(conn, int64(i+1))
				if err != nil {
					return err
				}
				if found && !p.published && laneOf(p.rank) != msg.lane {
					wrong = append(wrong, fmt.Sprintf("message %d is %v, not %v", i+1, laneOf(p.rank), msg.lane))
				}
			}
			return nil
		})
		if err != nil || len(wrong) > 0 && time.Now().After(deadline) {
			rt.Fatal(err, wrong)
		}
		if len(wrong) == 0 {
			return
		}
	}
}

func (m *model) check(rt *rapid.T, j *Journal) {
	m.raised(rt, j)
	tools := j.Tools()
	defer tools.Close()
	report, err := tools.Verify(context.Background())
	if err != nil || len(report.Differences) > 0 || report.Counts != m.counts() {
		rt.Fatalf("verify: %v, %v, counts %+v, want %+v", err, report.Differences, report.Counts, m.counts())
	}
}
