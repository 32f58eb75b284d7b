package journal

import (
	"sort"
	"sync"
	"time"

	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
)

// unread delivers what was accepted and not yet sorted, in order of
// acceptance. Per account it knows the next few messages; the rest stay in the
// database until there is room.
type unread struct {
	j    *Journal
	mu   sync.Mutex
	cond *sync.Cond // something may have become ready, or room
	load chan struct{}

	bySource map[int64]*backlog
	channels map[int64]string
	suspects []unreadItem // from a crash, delivered one at a time before all others
	flying   map[int64]*unreadItem
	held     int // of flying, what counts towards limit
	limit    int
	perOwner int
	reading  int  // of flying, what nobody has read yet
	alone    bool // what is being read is a suspect
}

// unreadAtOnce is how many messages may be on their way to a reader or being
// read. A crash leaves so many suspects, which are read one by one after it.
const unreadAtOnce = 64

// backlog is what waits of one account.
type backlog struct {
	source   int64
	ready    []unreadItem // by seq
	cursor   int64        // everything up to here is or was in ready
	complete bool         // nothing waits in the database behind cursor
	missed   int          // arrivals that did not fit
	epoch    int          // reloads
	loading  bool
	failed   bool // the last reading of what waits in the database
	held     int  // on their way, as far as it counts
	reading  int
}

// unreadItem is one message on its way.
type unreadItem struct {
	seq      int64
	source   int64
	attempts int
	suspect  bool
	// read is set when the reader is done with it and it waits to be placed
	// and sorted, from when on it is no longer suspected of anything.
	read bool
	// sorted is set when the database no longer counts it as unread.
	sorted bool
}

// unreadWindow is how many messages of one account are known ahead.
const unreadWindow = 1024

// redeliverAfter is how soon a refused envelope is delivered again.
const redeliverAfter = 25 * time.Millisecond

func newUnread(j *Journal, limit int) *unread {
	u := &unread{
		j: j, load: make(chan struct{}, 1), limit: limit, perOwner: max(1, limit/2),
		bySource: map[int64]*backlog{}, channels: map[int64]string{}, flying: map[int64]*unreadItem{},
	}
	u.cond = sync.NewCond(&u.mu)
	return u
}

func (u *unread) backlogOf(source int64, channel string) *backlog {
	b := u.bySource[source]
	if b == nil {
		b = &backlog{source: source, complete: true}
		u.bySource[source] = b
		u.channels[source] = channel
	}
	return b
}

// arrived is told of rows that were just accepted, in order.
func (u *unread) arrived(rows []*row) {
	if len(rows) == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, r := range rows {
		b := u.backlogOf(r.source, r.channel)
		if !b.complete || len(b.ready) >= unreadWindow {
			b.complete = false
			b.missed++
			continue
		}
		b.ready = append(b.ready, unreadItem{seq: r.seq, source: r.source})
		b.cursor = r.seq
	}
	u.cond.Broadcast()
}

func (u *unread) wake() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.cond.Broadcast()
}

// finished is told that a message is durably sorted or quarantined.
func (u *unread) finished(source, seq int64) {
	u.mu.Lock()
	item := u.flying[seq]
	if item != nil {
		item.sorted = true
		u.land(item)
	} else if b := u.bySource[source]; b != nil {
		b.forget(seq)
	}
	u.mu.Unlock()
	if item != nil {
		u.j.marker.clear(seq)
	}
}

// forget removes a message that was sorted without having been delivered.
func (b *backlog) forget(seq int64) {
	at := b.find(seq)
	if at < len(b.ready) && b.ready[at].seq == seq {
		b.ready = append(b.ready[:at:at], b.ready[at+1:]...)
	}
	// What is being read from the database may still hold it.
	b.epoch++
}

// find returns where a message is or would be in ready.
func (b *backlog) find(seq int64) int {
	return sort.Search(len(b.ready), func(i int) bool { return b.ready[i].seq >= seq })
}

// land ends the flight of an item.
func (u *unread) land(item *unreadItem) {
	delete(u.flying, item.seq)
	if !item.read {
		u.readingDone(item)
	}
	if !item.suspect || !item.read {
		u.unhold(item)
	}
	u.cond.Broadcast()
}

func (u *unread) readingDone(item *unreadItem) {
	u.reading--
	u.bySource[item.source].reading--
	if item.suspect {
		u.alone = false
	}
}

func (u *unread) unhold(item *unreadItem) {
	u.held--
	u.bySource[item.source].held--
}

// wasRead is told that a message was read and judged without harm and is about
// to be placed. There it may wait for earlier ones of its account. Those may
// have to come first, so a suspect is no longer in anybody's way then.
func (u *unread) wasRead(seq int64) {
	u.mu.Lock()
	item := u.flying[seq]
	if item == nil || item.read {
		u.mu.Unlock()
		return
	}
	item.read = true
	u.readingDone(item)
	if item.suspect {
		u.unhold(item)
	}
	u.cond.Broadcast()
	u.mu.Unlock()
	u.j.marker.clear(seq)
}

// unreadOf is what a subscription to a topic has of the unread.
type unreadOf struct {
	*unread
	topic string
}

func (u unreadOf) take(stopped func() bool) (flight, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for {
		if stopped() {
			return flight{}, false
		}
		if item := u.pick(u.topic); item != nil {
			u.flying[item.seq] = item
			u.held++
			u.reading++
			b := u.bySource[item.source]
			b.held++
			b.reading++
			u.alone = item.suspect
			u.j.marker.set(item.seq)
			return flight{seq: item.seq, attempts: item.attempts, unread: item}, true
		}
		u.cond.Wait()
	}
}

func (unreadOf) end() {}

// pick removes the next deliverable item, nil when there is none.
func (u *unread) pick(topic string) *unreadItem {
	if u.alone {
		return nil
	}
	if len(u.suspects) > 0 {
		return u.pickSuspect(topic)
	}
	if u.held >= u.limit || u.reading >= unreadAtOnce {
		return nil
	}
	var best *backlog
	unknown := false // what waits of an account, and whether it is older
	for id, b := range u.bySource {
		if topic != pipeline.AllChannels && topic != u.channels[id] {
			continue
		}
		if len(b.ready) < unreadWindow/2 && !b.complete && !b.loading {
			u.wakeLoader()
		}
		if b.held >= u.perOwner || b.reading >= unreadAtOnce/2 {
			continue
		}
		if len(b.ready) == 0 {
			unknown = unknown || !b.complete && !b.failed
			continue
		}
		if best == nil || b.ready[0].seq < best.ready[0].seq {
			best = b
		}
	}
	if best == nil || unknown {
		return nil
	}
	item := best.ready[0]
	best.ready = best.ready[1:]
	return &item
}

// pickSuspect removes the next suspect once nothing else is being read.
func (u *unread) pickSuspect(topic string) *unreadItem {
	if u.reading > 0 {
		return nil
	}
	for i, item := range u.suspects {
		if topic == pipeline.AllChannels || topic == u.channels[item.source] {
			u.suspects = append(u.suspects[:i:i], u.suspects[i+1:]...)
			return &item
		}
	}
	return nil
}

// acked is told of an acknowledgement. Only a durable Sort or Quarantine takes a
// message out of the unread.
func (u *unread) acked(f flight, _ *message.Message) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.flies(f.unread) {
		u.j.deps.Log.Warn("message acknowledged unread but not sorted, delivering it again", "seq", f.seq)
		u.j.metrics.nacks.Inc()
		u.refused(f, redeliverAfter)
	}
}

// flies reports whether the flight of an item is not over yet.
func (u *unread) flies(item *unreadItem) bool { return !item.sorted && u.flying[item.seq] == item }

func (u *unread) refused(f flight, rest time.Duration) {
	time.AfterFunc(rest, func() { u.release(f) })
}

func (u *unread) release(f flight) {
	u.mu.Lock()
	defer u.mu.Unlock()
	item := f.unread
	if !u.flies(item) {
		return
	}
	u.j.marker.clear(item.seq)
	u.land(item)
	if item.suspect {
		again := unreadItem{seq: item.seq, source: item.source, attempts: item.attempts, suspect: true}
		u.suspects = append([]unreadItem{again}, u.suspects...)
		return
	}
	b := u.bySource[item.source]
	if b.cursor < item.seq { // forgotten by reload, and found again from there
		return
	}
	at := b.find(item.seq)
	if at < len(b.ready) && b.ready[at].seq == item.seq {
		return
	}
	b.ready = append(b.ready, unreadItem{})
	copy(b.ready[at+1:], b.ready[at:])
	b.ready[at] = unreadItem{seq: item.seq, source: item.source, attempts: item.attempts}
}
