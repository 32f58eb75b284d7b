package journal

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
)

// op is one change. Apply runs inside a transaction shared with others and
// must either write completely or, returning a refusal, not at all. Committed
// runs in the writer's goroutine when the change is durable.
type op interface {
	apply(t *tx) error
	committed(j *Journal)
}

// request is an op on its way through the writer.
type request struct {
	op
	// done receives the outcome; nil when nobody waits, and then the change is
	// tried again until it is durable.
	done   chan error
	weight int
	// state is taken by the writer when it begins, or by the caller when it
	// gives up before that; left says that the caller wants to give up.
	state atomic.Int32
	left  atomic.Bool
}

const (
	requestQueued = iota
	requestBegun
	requestWithdrawn
)

// begin reports whether the caller still waits.
func (r *request) begin() bool {
	return r.done == nil || r.state.CompareAndSwap(requestQueued, requestBegun)
}

// park gives a begun request back to the queue; false when the caller left.
func (r *request) park() bool {
	r.state.Store(requestQueued)
	if r.left.Load() && r.state.CompareAndSwap(requestQueued, requestWithdrawn) {
		r.done <- context.Canceled
		return false
	}
	return true
}

// A group is committed together. It ends where it would make the others wait
// too long.
const (
	groupOps   = 1024
	groupBytes = 8 << 20
)

// do hands a change to the writer and waits until it is durable.
func (j *Journal) do(ctx context.Context, change op, weight int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{op: change, done: make(chan error, 1), weight: weight}
	select {
	case j.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-j.closing:
		return ErrClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-j.stopped:
		return r.outcome()
	case <-ctx.Done():
	}
	r.left.Store(true)
	if r.state.CompareAndSwap(requestQueued, requestWithdrawn) {
		return ctx.Err()
	}
	// Too late to give up: the answer must say what really happened.
	select {
	case err := <-r.done:
		return err
	case <-j.stopped:
		return r.outcome()
	}
}

// outcome is the answer to a request after the writer has ended.
func (r *request) outcome() error {
	select {
	case err := <-r.done:
		return err
	default:
		return ErrClosed
	}
}

// later hands a change to the writer that nobody waits for. It rides on the
// next commit and is kept over failures.
func (j *Journal) later(change op) {
	select {
	case j.requests <- &request{op: change}:
	case <-j.stopped:
	}
}

// write is the writer's goroutine.
func (j *Journal) write() {
	defer close(j.stopped)
	for {
		group, ok := j.collect()
		if !ok {
			break
		}
		if len(group) > 0 {
			j.commit(group)
		}
	}
	j.failParked(ErrClosed)
}

// collect returns the next group to commit; false when the journal is closing
// and nothing is left.
func (j *Journal) collect() ([]*request, bool) {
	if !j.rest() {
		return nil, false
	}
	group := append(make([]*request, 0, 64), j.lazy...)
	j.lazy = nil
	if len(group) == 0 {
		select {
		case r := <-j.requests:
			group = append(group, r)
		case <-j.closing:
			select {
			case r := <-j.requests:
				group = append(group, r)
			default:
				return nil, false
			}
		}
	}
	return j.gather(group), true
}

// gather adds what else is waiting and drops what was withdrawn.
func (j *Journal) gather(group []*request) []*request {
	weight := 0
	begun := group[:0]
	for _, r := range group {
		if r.begin() {
			begun = append(begun, r)
			weight += r.weight
		}
	}
	for len(begun) < groupOps && weight < groupBytes {
		r := j.another(len(begun))
		if r == nil {
			break
		}
		if r.begin() {
			begun = append(begun, r)
			weight += r.weight
		}
	}
	j.patience.grouped(len(begun))
	return begun
}

// another returns a request for a group of size that waits, or comes while it
// is worth waiting.
func (j *Journal) another(size int) *request {
	select {
	case r := <-j.requests:
		return r
	default:
	}
	wait := j.patience.left(size)
	if wait <= 0 {
		return nil
	}
	j.patience.timer.Reset(wait)
	select {
	case r := <-j.requests:
		return r
	case <-j.patience.timer.C:
		return nil
	case <-j.closing:
		return nil
	}
}

// rest waits while the database is resting after a failure, refusing whoever
// comes meanwhile. It reports false when the journal closes before the end.
func (j *Journal) rest() bool {
	if j.backOff.until.IsZero() {
		return true
	}
	timer := time.NewTimer(time.Until(j.backOff.until))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return true
		case <-j.closing:
			return false
		case r := <-j.requests:
			if r.done == nil {
				j.lazy = append(j.lazy, r)
			} else if r.begin() {
				r.done <- j.backOff.err
			}
		}
	}
}

// commit makes a group durable and tells everybody how it went.
func (j *Journal) commit(group []*request) {
	start := time.Now()
	group, errs, err := j.transact(group)
	j.patience.committed()
	if err != nil {
		j.failed(group, err)
		return
	}
	j.backOff.worked(j.deps.Log)
	j.unwritten.Store(nil)
	j.commits.Add(1)
	j.metrics.observe(len(group), time.Since(start))
	for i, r := range group {
		if errs[i] == nil {
			r.committed(j)
		}
		if r.done != nil && !errors.Is(errs[i], errParked) {
			r.done <- errs[i]
		}
	}
	for _, r := range j.tx.raisings {
		r.committed(j)
	}
	j.tx.raisings = nil
}

// transact applies a group, and what was parked and comes to its turn by it,
// in one transaction. The errors returned beside a nil error are refusals of
// single operations.
func (j *Journal) transact(group []*request) ([]*request, []error, error) {
	if j.tx == nil {
		if err := j.reopen(); err != nil {
			return group, nil, err
		}
	}
	if sqlite.ErrCode(j.backOff.err).ToPrimary() == sqlite.ResultFull {
		restartLog(j.tx.conn, restartShort) // what the log holds twice may be room enough
	}
	if err := execute(j.tx.conn, "BEGIN IMMEDIATE"); err != nil {
		return group, nil, err
	}
	errs := make([]error, 0, len(group))
	for i := 0; i < len(group); i++ {
		j.tx.current = group[i]
		err := group[i].apply(j.tx)
		var refused refusal
		if err != nil && !errors.As(err, &refused) {
			return group, nil, err
		}
		errs = append(errs, err)
		if i == len(group)-1 {
			ready, err := j.tx.unpark()
			if err != nil {
				return group, nil, err
			}
			group = append(group, ready...)
		}
	}
	if err := j.tx.finish(); err != nil {
		return group, nil, err
	}
	return group, errs, execute(j.tx.conn, "COMMIT")
}

// failed undoes a transaction. Those who wait are told; changes that nobody
// waits for are tried again.
func (j *Journal) failed(group []*request, err error) {
	told := explain(j.config.Dir, err)
	j.abandon(err)
	for _, r := range group {
		if r.done != nil {
			select {
			case r.done <- told:
			default: // parked and already told
			}
		} else {
			j.lazy = append(j.lazy, r)
		}
	}
	if len(j.lazy) == 0 && !damaged(err) {
		j.lazy = append(j.lazy, &request{op: proving{}})
	}
	j.unwritten.Store(&told)
	j.backOff.failed(j.deps.Log, told)
}

// proving is tried after a failure until it works, so that the journal knows
// that it takes messages again before one comes. Of a damaged database it would
// prove nothing.
type proving struct{}

// apply writes and changes nothing: SQLite passes over what is as it was.
func (proving) apply(t *tx) error {
	if err := execute(t.conn, "UPDATE state SET tools = tools + 1"); err != nil {
		return err
	}
	return execute(t.conn, "UPDATE state SET tools = tools - 1")
}

func (proving) committed(*Journal) {}

// abandon rolls back, and closes the connection when it can no longer be
// trusted. Either way the writer's memory of the database is read again.
func (j *Journal) abandon(err error) {
	if j.tx == nil {
		return
	}
	for _, r := range j.tx.takeParked() {
		r.done <- explain(j.config.Dir, err)
	}
	if !j.tx.conn.AutocommitEnabled() {
		if rollback := execute(j.tx.conn, "ROLLBACK"); rollback != nil {
			err = rollback
		}
	}
	if !broken(err) && j.tx.load() == nil {
		return
	}
	_ = j.tx.conn.Close()
	j.tx = nil
}

// failParked answers those whose turn will not come.
func (j *Journal) failParked(err error) {
	if j.tx == nil {
		return
	}
	for _, r := range j.tx.takeParked() {
		r.done <- err
	}
}

// reopen gets a fresh connection, recovered from the log by SQLite.
func (j *Journal) reopen() error {
	conn, err := openWriter(j.config.Dir)
	if err != nil {
		return err
	}
	t := &tx{conn: conn, now: j.deps.Now, raisedAtOnce: j.config.raisedAtOnce}
	if err := t.load(); err != nil {
		_ = conn.Close()
		return explain(j.config.Dir, err)
	}
	j.tx = t
	return nil
}
