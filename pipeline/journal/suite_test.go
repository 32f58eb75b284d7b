package journal

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"contactd/channels"
	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"zombiezen.com/go/sqlite"
)

// suitePublisher plays channel and pipeline: it accepts, places and sorts.
// The topic is the kind of the channel.
type suitePublisher struct {
	j *Journal
	// conversation names the conversation of a message.
	conversation func(topic, id string) string
	mu           sync.Mutex
}

// wrapped is a suite message as an original.
type wrapped struct {
	ID       string
	Metadata message.Metadata
	Payload  []byte
}

func (p *suitePublisher) Publish(topic string, messages ...*message.Message) error {
	originals := make([]channels.Original, len(messages))
	for i, m := range messages {
		body, err := json.Marshal(wrapped{m.UUID, m.Metadata, m.Payload})
		if err != nil {
			return err
		}
		originals[i] = channels.Original{Channel: topic, Account: "suite", ID: m.UUID, Bytes: body}
	}
	ctx := context.Background()
	if err := p.j.Accept(ctx, originals, channels.Cursor{}); err != nil {
		return err
	}
	var placing sync.WaitGroup
	errs := make(chan error, len(messages))
	for _, m := range messages {
		seq := p.seq(topic, m.UUID)
		placing.Go(func() {
			_, err := p.j.Place(ctx, seq, pipeline.Placement{Key: p.conversation(topic, m.UUID), Known: true})
			if err == nil {
				err = p.j.Sort(ctx, seq, pipeline.LaneNormal)
			}
			errs <- err
		})
	}
	placing.Wait()
	for range messages {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

func (p *suitePublisher) seq(topic, id string) int64 {
	var seq int64
	err := p.j.reader.with(func(conn *sqlite.Conn) error {
		stmt := conn.Prep("SELECT seq FROM messages WHERE identity = ?")
		identity := identityOf(topic, "suite", id)
		stmt.BindBytes(1, identity[:])
		_, err := stmt.Step()
		seq = stmt.ColumnInt64(0)
		stmt.Reset()
		return err
	})
	if err != nil {
		panic(err)
	}
	return seq
}

func (p *suitePublisher) Close() error { return nil }

func unwrap(e pipeline.Entry) *message.Message {
	var w wrapped
	if err := json.Unmarshal(e.Original.Bytes, &w); err != nil {
		panic(err)
	}
	m := message.NewMessage(w.ID, w.Payload)
	for k, v := range w.Metadata {
		m.Metadata.Set(k, v)
	}
	return m
}

// suite runs Watermill's tests on the outbox of one journal.
func suite(t *testing.T, conversation func(topic, id string) string,
	run func(*testing.T, tests.Features, tests.PubSubConstructor, tests.ConsumerGroupPubSubConstructor), features tests.Features,
) {
	j := open(t, t.TempDir(), func(c *Config, _ *Deps) { c.InFlight = 1024 })
	construct := func(*testing.T) (message.Publisher, message.Subscriber) {
		return &suitePublisher{j: j, conversation: conversation}, j.deliver(j.outbox.open, unwrap)
	}
	// No subtest is left when t ends, but it is not over for t.Cleanup before.
	t.Run("suite", func(t *testing.T) { run(t, features, construct, nil) })
}

// The journal keeps messages and delivers at least once; it has no consumer
// groups, since there is one pipeline, and what was published is not delivered
// to new subscribers.
func honest() tests.Features { return tests.Features{Persistent: true} }

func eachAlone(topic, id string) string { return "c-" + topic + id }

func allTogether(topic, _ string) string { return "c-" + topic }

func TestTheOutboxPassesWatermillsSuite(t *testing.T) {
	suite(t, eachAlone, tests.TestPubSub, honest())
}

func TestTheOutboxKeepsTheOrderOfAConversationInWatermillsSuite(t *testing.T) {
	features := honest()
	features.GuaranteedOrder = true
	suite(t, allTogether, tests.TestPubSub, features)
}

func TestTheOutboxPassesWatermillsStressSuite(t *testing.T) {
	suite(t, eachAlone, tests.TestPubSubStressTest, honest())
}
