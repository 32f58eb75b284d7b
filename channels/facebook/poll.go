package facebook

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graph"
)

// overlap is how far before its mark a look begins: what is written late, or
// dated by another clock, is found all the same. What was accepted before is
// not stored again.
const overlap = 10 * time.Minute

// mark is how far an edge was looked through: everything up to At was accepted.
type mark struct{ At time.Time }

const markVersion = "1"

func (m mark) encode() string { return markVersion + "/" + strconv.FormatInt(m.At.Unix(), 10) }

func decodeMark(text string) (mark, bool) {
	seconds, found := strings.CutPrefix(text, markVersion+"/")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if !found || err != nil || n <= 0 {
		return mark{}, false
	}
	return mark{At: time.Unix(n, 0).UTC()}, true
}

func markName(a Account, e edge) string { return "facebook/" + a.Name + "/" + e.mark() }

// look looks through all edges of an account. One that may not be read lets
// the others be looked through.
func (ch *Channel) look(ctx context.Context, a *account, inbox channels.Inbox) error {
	return ch.lookAll(ctx, a, edges(a.Account), inbox)
}

// lookOld looks through posts that are older than look goes back.
func (ch *Channel) lookOld(ctx context.Context, a *account, inbox channels.Inbox) error {
	return ch.lookAll(ctx, a, oldEdges(a.Account), inbox)
}

func (ch *Channel) lookAll(ctx context.Context, a *account, edges []edge, inbox channels.Inbox) error {
	a.looking.Lock()
	defer a.looking.Unlock()
	var failed []error
	more := false
	for _, e := range edges {
		err := ch.lookThrough(ctx, a, e, inbox)
		if more = more || errors.Is(err, errMore); err == nil || errors.Is(err, errMore) {
			continue
		}
		failed = append(failed, fmt.Errorf("look through %s: %w", e.name, err))
		if ctx.Err() != nil || graph.Troubled(err) {
			break
		}
	}
	if more && len(failed) == 0 {
		return errMore
	}
	return errors.Join(failed...)
}

// lookThrough looks through one edge, newest first, down to its mark, and moves
// the mark once everything was accepted. What was broken off goes on where it
// was: with a small allowance and much to read it would never end otherwise. A
// cursor that has expired on the way sends it back to the top once.
func (ch *Channel) lookThrough(ctx context.Context, a *account, e edge, inbox channels.Inbox) error {
	w, err := ch.walkOf(ctx, a, e, inbox)
	if err != nil {
		return err
	}
	for more := true; more; more = w.again() {
		err = w.walk(ctx)
		if graph.Is(err, graph.Gone) && w.after != "" {
			w.after = ""
			err = w.walk(ctx)
		}
		if err != nil {
			return err
		}
		if w.resting {
			w.resting = false
			return errMore
		}
	}
	delete(a.walks, e.mark())
	return inbox.Accept(ctx, nil, channels.Cursor{Name: markName(a.Account, e), Value: mark{At: w.newest}.encode()})
}

// walkOf is the walk that was broken off, or a new one from the mark.
func (ch *Channel) walkOf(ctx context.Context, a *account, e edge, inbox channels.Inbox) (*walk, error) {
	if w := a.walks[e.mark()]; w != nil {
		w.inbox = inbox
		return w, nil
	}
	cursor, err := inbox.Cursor(ctx, markName(a.Account, e))
	if err != nil {
		return nil, err
	}
	from, known := decodeMark(cursor.Value)
	if !known || from.At.After(ch.now()) { // by a clock that was ahead: until then nothing would be found
		from.At = ch.now().Add(-ch.config.Since)
	}
	w := &walk{ch: ch, account: a, edge: e, inbox: inbox, since: from.At.Add(-overlap), newest: from.At, began: ch.now(), seen: map[delivery.ID]bool{}}
	w.reach = w.since.Add(-e.depth)
	a.walks[e.mark()] = w
	return w, nil
}
