package journal

import (
	"strconv"
	"time"

	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
)

// outboxOf is what a subscription to a topic has of the outbox.
type outboxOf struct {
	*outbox
	topic *topic
}

func (o outboxOf) take(stopped func() bool) (flight, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if stopped() {
			return flight{}, false
		}
		if h := o.pick(o.topic); h != nil {
			h.state = headFlying
			o.flying++
			f := flight{seq: h.seq, lane: laneOf(h.rank), head: h}
			if h.rank != rankEmergency {
				f.urgent = o.topic.urgent
			}
			return f, true
		}
		o.topic.wake.Wait()
	}
}

func (o outboxOf) end() { o.close(o.topic) }

// acked hands on that a message is published, with where.
func (o *outbox) acked(f flight, env *message.Message) {
	// Not the whole of head: its rank may be raised just now.
	h := f.head
	o.j.later(&publishing{
		waiting:   waiting{seq: h.seq, conversation: h.conversation, source: h.source, rank: int(f.lane)},
		partition: number(env.Metadata[pipeline.MetaPartition]),
		offset:    number(env.Metadata[pipeline.MetaOffset]),
	})
}

// number reads a decimal of the metadata, -1 when there is none.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func (o *outbox) refused(f flight, rest time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f.head.state != headFlying {
		return
	}
	f.head.state = headResting
	time.AfterFunc(rest, func() { o.release(f) })
}

func (o *outbox) release(f flight) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h := f.head; h.state == headFlying || h.state == headResting {
		o.landed()
		o.home(h)
	}
}
