package journal

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
	"zombiezen.com/go/sqlite"
)

const (
	// repliesInFlight bounds the calls of platforms at a time, and those of one
	// account, so that a mail server that hangs does not stop the chat. However
	// many accounts hang, another one always has one call.
	repliesInFlight   = 64
	repliesPerAccount = 16
	// replyLook is how often open replies are looked at when nothing else
	// gives an occasion; replyRest how long one rests that was refused.
	replyLook = time.Second
	replyRest = time.Second
	// unknownHolds is how long a reply that may have been sent holds back the
	// next one of its conversation. It keeps the order when the platform
	// answers soon, and lets people be answered when it never does.
	unknownHolds = 30 * time.Second
	// longestPause is the most by which a reply is postponed. One that is due
	// later, or has changed later than now, shows that the clock was set back:
	// what was noted before says nothing about how long to wait.
	longestPause = 10 * time.Minute
)

// outgoing delivers the replies that are due: of a conversation one at a time,
// emergencies first, then the oldest. The database is its memory; here is only
// what is being worked on.
type outgoing struct {
	j    *Journal
	wake chan struct{}

	mu       sync.Mutex
	flying   map[int64]bool // conversations
	accounts map[int64]int  // in flight, by source
}

func newOutgoing(j *Journal) *outgoing {
	return &outgoing{j: j, wake: make(chan struct{}, 1), flying: map[int64]bool{}, accounts: map[int64]int{}}
}

// nudge has the database looked at.
func (o *outgoing) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Replies returns a subscriber that delivers replies that are due to be sent or
// looked up: envelopes whose payload is the JSON of a pipeline.Outgoing. What
// becomes of one is told to HandOver, Outcome and Postpone; Ack says that this
// was done, Nack that it is to be delivered again.
func (j *Journal) Replies() message.Subscriber {
	return j.newSubscriber(func(ctx context.Context, _ string, out chan<- *message.Message) { j.outgoing.run(ctx, out) })
}

// run delivers until ctx ends, once the journal knows what it may have sent.
func (o *outgoing) run(ctx context.Context, out chan<- *message.Message) {
	select {
	case <-o.j.past.agreed:
	case <-ctx.Done():
		return
	}
	from := &reader{dir: o.j.config.Dir}
	defer from.close()
	for ctx.Err() == nil {
		due, next, err := o.take(from)
		if err != nil {
			o.j.deps.Log.Error("look for replies that are due", "err", err)
			next = replyLook
		}
		for _, r := range due {
			o.deliver(ctx, r, out)
		}
		o.await(ctx, next)
	}
}

// await returns when it is worth looking again: after a nudge, or after a time
// if that is not 0.
func (o *outgoing) await(ctx context.Context, next time.Duration) {
	var timer <-chan time.Time
	if next > 0 {
		t := time.NewTimer(next)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-o.wake:
	case <-timer:
	case <-ctx.Done():
	}
}

// take marks what is due as flying, and says when to look again, 0 for when
// something happens.
func (o *outgoing) take(from *reader) (due []*replyRow, next time.Duration, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.j.deps.Now()
	var damaged []*replyRow
	err = from.with(func(conn *sqlite.Conn) error {
		open, err := openAccounts(conn)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			next = replyLook
		}
		for _, source := range open {
			room := min(max(repliesInFlight-len(o.flying), 1-o.accounts[source]), repliesPerAccount-o.accounts[source])
			if room <= 0 {
				continue
			}
			found, bad, err := readDue(conn, source, now, room+o.accounts[source])
			if err != nil {
				return err
			}
			damaged = append(damaged, bad...)
			for _, r := range found {
				if room > 0 && !o.flying[r.conversation] {
					o.flying[r.conversation] = true
					o.accounts[source]++
					room--
					due = append(due, r)
				}
			}
		}
		return nil
	})
	for _, r := range damaged {
		o.j.failDamaged(r)
	}
	if err != nil { // nothing of it is delivered
		for _, r := range due {
			o.landed(r)
		}
		return nil, 0, err
	}
	return due, next, nil
}

// openAccounts are the sources with replies to be dealt with.
func openAccounts(conn *sqlite.Conn) ([]int64, error) {
	stmt, err := conn.Prepare("SELECT DISTINCT source FROM replies INDEXED BY open_replies WHERE state <= 3")
	if err != nil {
		return nil, err
	}
	var all []int64
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return all, err
		}
		all = append(all, stmt.ColumnInt64(0))
	}
}

// readDue reads what is due of one account and, apart, what is damaged.
func readDue(conn *sqlite.Conn, source int64, now time.Time, limit int) (due, damaged []*replyRow, err error) {
	stmt, err := conn.Prepare("SELECT " + replyColumns + ` FROM replies r INDEXED BY open_replies
		WHERE r.state <= 3 AND r.state <> 2 AND r.source = ?1 AND r.due NOT BETWEEN ?2 + 1 AND ?3
		AND NOT EXISTS (SELECT 1 FROM replies q INDEXED BY open_in_conversation
			WHERE q.state <= 3 AND q.conversation = r.conversation AND q.id < r.id
				AND NOT (q.state = 3 AND q.since NOT BETWEEN ?4 + 1 AND ?2))
		ORDER BY r.urgent DESC, r.id LIMIT ?5`)
	if err != nil {
		return nil, nil, err
	}
	stmt.BindInt64(1, source)
	stmt.BindInt64(2, now.UnixMicro())
	stmt.BindInt64(3, now.Add(longestPause).UnixMicro())
	stmt.BindInt64(4, now.Add(-unknownHolds).UnixMicro())
	stmt.BindInt64(5, int64(limit))
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return due, damaged, err
		}
		r, err := scanReply(stmt)
		if err != nil {
			damaged = append(damaged, r)
			continue
		}
		due = append(due, r)
	}
}

// deliver offers one reply and sees to its answer.
func (o *outgoing) deliver(ctx context.Context, r *replyRow, out chan<- *message.Message) {
	env, err := o.envelope(r)
	if err != nil {
		o.j.deps.Log.Error("deliver reply", "reply", r.reply, "err", err)
		o.rest(r)
		return
	}
	envCtx, cancel := context.WithCancel(ctx)
	env.SetContext(envCtx)
	select {
	case out <- env:
	case <-ctx.Done():
		cancel()
		o.land(r)
		return
	}
	go func() {
		defer cancel()
		select {
		case <-env.Acked():
			o.land(r)
		case <-env.Nacked():
			o.rest(r)
		case <-ctx.Done():
			// Whoever works on it still may: it is not given to another before
			// its answer, or the next start.
			select {
			case <-env.Acked():
				o.land(r)
			case <-env.Nacked():
				o.land(r)
			case <-o.j.draining:
			}
		}
	}()
}

func (o *outgoing) envelope(r *replyRow) (*message.Message, error) {
	reply, err := r.open()
	if err != nil {
		return nil, err
	}
	channel, account, err := o.j.accountOf(r.source)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(pipeline.Outgoing{
		Reply: reply, Channel: channel, Account: account, Address: r.address, State: stateName(r.state),
		Attempts: r.attempts, Tries: r.tries,
	})
	if err != nil {
		return nil, err
	}
	return message.NewMessage(r.reply, payload), nil
}

// accountOf names a source.
func (j *Journal) accountOf(source int64) (channel, account string, err error) {
	err = j.reader.with(func(conn *sqlite.Conn) error {
		stmt, err := conn.Prepare("SELECT channel, account FROM sources WHERE id = ?")
		if err != nil {
			return err
		}
		stmt.BindInt64(1, source)
		if _, err := stmt.Step(); err != nil {
			return err
		}
		channel, account = stmt.ColumnText(0), stmt.ColumnText(1)
		return stmt.Reset()
	})
	return channel, account, err
}

// land ends the flight of a reply; what waits behind it may come to its turn.
func (o *outgoing) land(r *replyRow) {
	o.mu.Lock()
	o.landed(r)
	o.mu.Unlock()
	o.nudge()
}

func (o *outgoing) landed(r *replyRow) {
	delete(o.flying, r.conversation)
	o.accounts[r.source]--
}

// rest delivers a reply again a little later.
func (o *outgoing) rest(r *replyRow) {
	time.AfterFunc(replyRest, func() { o.land(r) })
}
