package journal

import (
	"container/heap"
	"sync"

	"contactd/pipeline"
)

// outbox delivers what is sorted: by rank, oldest first, one unacknowledged
// message per conversation. In memory are only the conversations whose first
// waiting message is on its way or near its turn; the rest stay in the
// database.
type outbox struct {
	j    *Journal
	mu   sync.Mutex
	load chan struct{}

	channels map[int64]string // of sources
	active   map[int64]*head  // by conversation
	topics   map[string]*topic
	settling []*head // published, the next of the conversation to be looked up
	urgent   int     // emergencies among them
	flying   int
	limit    int
	reserve  int // of limit, for emergencies alone
	window   int
	gone     map[int64]bool // published while a scan runs
	scans    int
}

// head is the first waiting message of a conversation.
type head struct {
	waiting
	state headState
	topic *topic
	index int // in the heap, while ready
	// more says that others of the conversation may wait behind it.
	more bool
	// again says that something was sorted while the next was looked up.
	again bool
}

type headState int

const (
	headReady headState = iota
	headFlying
	headResting  // refused, soon delivered again
	headSettling // published, looking for the next
)

// topic is what is delivered under one name: all channels or one.
type topic struct {
	name        string
	subscribers int
	lines       [ranks]line
	turn        int
	// wake is signalled when something is ready or there is room, urgent when
	// an emergency is ready.
	wake   *sync.Cond
	urgent chan struct{}
}

// line is what waits of one rank.
type line struct {
	ready    headHeap
	cursor   int64 // everything sorted up to here was considered
	complete bool  // and nothing waits behind it
	missed   int
}

// unknown says that nothing is ready, but the database may hold something: who
// comes after this line must wait until the loader knows.
func (l *line) unknown() bool { return len(l.ready) == 0 && !l.complete }

// lowTurn is how often a message of the low lane goes first, so that it is
// never starved.
const lowTurn = 16

func newOutbox(j *Journal, limit int) *outbox {
	o := &outbox{
		j: j, load: make(chan struct{}, 1), limit: limit, reserve: max(1, limit/4), window: 2*limit + 64,
		channels: map[int64]string{}, active: map[int64]*head{}, topics: map[string]*topic{}, gone: map[int64]bool{},
	}
	if limit == 1 {
		o.limit = 2 // one of them reserved
	}
	return o
}

func (t *topic) wants(channel string) bool {
	return t.name == pipeline.AllChannels || t.name == channel
}

// know learns to which channels sources belong.
func (o *outbox) know(rows []*row) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range rows {
		if _, known := o.channels[r.source]; !known {
			o.channels[r.source] = r.channel
		}
	}
}

// open begins the delivery of a topic.
func (o *outbox) open(name string) side {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.topics[name]
	if t == nil {
		t = &topic{name: name, wake: sync.NewCond(&o.mu), urgent: make(chan struct{}, 1)}
		o.topics[name] = t
	}
	t.subscribers++
	o.wakeLoader()
	return outboxOf{o, t}
}

// close ends it. What was ready is found again by others in the database.
func (o *outbox) close(t *topic) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t.subscribers--
	if t.subscribers > 0 {
		return
	}
	delete(o.topics, t.name)
	for rank := range t.lines {
		for _, h := range t.lines[rank].ready {
			o.home(h)
		}
	}
}

// home puts a head in the line of a topic that wants it. Without one it is
// forgotten: a topic that is opened later finds it in the database.
func (o *outbox) home(h *head) {
	if h.topic != nil && o.topics[h.topic.name] == h.topic && h.topic.wants(o.channels[h.source]) {
		o.ready(h, h.topic)
		return
	}
	for _, t := range o.topics {
		if t.wants(o.channels[h.source]) {
			o.ready(h, t)
			return
		}
	}
	h.state = headSettling
	delete(o.active, h.conversation)
}

// reload forgets what is ready, after the database was changed from elsewhere.
func (o *outbox) reload() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.topics {
		for rank := range t.lines {
			for _, h := range t.lines[rank].ready {
				delete(o.active, h.conversation)
			}
			t.lines[rank].ready = nil
		}
	}
	for _, h := range o.active {
		h.more, h.again = true, true
	}
	o.rescan()
}

// rescan makes all lines look at the database from the start.
func (o *outbox) rescan() {
	for _, t := range o.topics {
		for rank := range t.lines {
			l := &t.lines[rank]
			l.cursor, l.complete = 0, false
			l.missed++
		}
	}
	o.wakeLoader()
}

// offer is told of a conversation's first waiting message after one of its
// messages was sorted. Alone says that no other of it waits.
func (o *outbox) offer(w waiting, alone bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h := o.active[w.conversation]; h != nil {
		h.more, h.again = true, true
		o.raise(h, w)
		return
	}
	for _, t := range o.topics {
		l := &t.lines[w.rank]
		if !t.wants(o.channels[w.source]) {
			continue
		}
		if len(l.ready) < o.window {
			h := &head{waiting: w, more: !alone}
			o.active[w.conversation] = h
			o.ready(h, t)
			return
		}
		l.missed++
		l.complete = false
		l.cursor = min(l.cursor, w.seq-1)
	}
}

// raise gives an active head the rank that it was raised to.
func (o *outbox) raise(h *head, w waiting) {
	if h.seq != w.seq || h.rank <= w.rank || h.state == headSettling {
		return
	}
	if h.state != headReady {
		h.rank = w.rank
		return
	}
	heap.Remove(&h.topic.lines[h.rank].ready, h.index)
	h.rank = w.rank
	o.ready(h, h.topic)
}

// ready puts a head in its line.
func (o *outbox) ready(h *head, t *topic) {
	h.state, h.topic = headReady, t
	heap.Push(&t.lines[h.rank].ready, h)
	if h.rank == rankEmergency {
		select {
		case t.urgent <- struct{}{}:
		default:
		}
	}
	t.wake.Broadcast()
}

// landed notes that a flight is over and there is room for another.
func (o *outbox) landed() {
	full := o.flying >= o.limit-o.reserve
	o.flying--
	if full {
		o.wakeAll()
	}
}

func (o *outbox) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wakeAll()
}

func (o *outbox) wakeAll() {
	for _, t := range o.topics {
		t.wake.Broadcast()
	}
}

// pick removes the next deliverable head of a topic, nil when there is none.
func (o *outbox) pick(t *topic) *head {
	for rank := rankEmergency; rank < ranks; rank++ {
		l := &t.lines[rank]
		if !l.complete && len(l.ready) < o.window/2 {
			o.wakeLoader()
		}
	}
	if o.flying >= o.limit {
		return nil
	}
	if l := &t.lines[rankEmergency]; len(l.ready) > 0 {
		return heap.Pop(&l.ready).(*head)
	}
	if o.flying >= o.limit-o.reserve || o.urgent > 0 || t.lines[rankEmergency].unknown() {
		return nil
	}
	t.turn++
	order := [...]int{rankUnjudged, rankNormal, rankLow}
	if t.turn%lowTurn == 0 {
		order = [...]int{rankLow, rankUnjudged, rankNormal}
	}
	for _, rank := range order {
		l := &t.lines[rank]
		if len(l.ready) > 0 {
			return heap.Pop(&l.ready).(*head)
		}
		if l.unknown() {
			break // the loader will tell
		}
	}
	t.turn--
	return nil
}

// settle has the first waiting message of h's conversation looked up.
func (o *outbox) settle(h *head) {
	h.state, h.again = headSettling, false
	o.settling = append(o.settling, h)
	if h.rank == rankEmergency {
		o.urgent++
	}
	o.wakeLoader()
}

// published is told that a message is durably published.
func (o *outbox) published(w waiting) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.scans > 0 {
		o.gone[w.seq] = true
	}
	h := o.active[w.conversation]
	if h == nil || h.seq != w.seq {
		return
	}
	switch h.state {
	case headFlying, headResting:
		o.landed()
	case headReady:
		heap.Remove(&h.topic.lines[h.rank].ready, h.index)
	case headSettling:
		h.again = true
		return
	}
	if h.more {
		o.settle(h)
		return
	}
	h.state = headSettling // over: a late answer changes nothing
	delete(o.active, h.conversation)
}

func (o *outbox) wakeLoader() {
	select {
	case o.load <- struct{}{}:
	default:
	}
}

// headHeap orders heads by age.
type headHeap []*head

func (h headHeap) Len() int           { return len(h) }
func (h headHeap) Less(i, k int) bool { return h[i].seq < h[k].seq }
func (h headHeap) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].index, h[k].index = i, k
}

// Push implements heap.Interface.
func (h *headHeap) Push(x any) {
	x.(*head).index = len(*h)
	*h = append(*h, x.(*head))
}

// Pop implements heap.Interface.
func (h *headHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
