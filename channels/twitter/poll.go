package twitter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"contactd/channels"
	"contactd/channels/twitter/api"
	"contactd/channels/twitter/element"
)

// overlap is how far before its mark a look begins: ids appear late and out of
// order. What was accepted before is not stored again.
const overlap = 15 * time.Minute

// reach is how many mentions X lists at most.
const reach = 800

// mentions returns the look at an account's mentions.
func (ch *Channel) mentions(a *account, inbox channels.Inbox) func(context.Context) error {
	w := &walk{ch: ch, account: a, inbox: inbox, name: "mentions", kind: element.Post, page: func(ctx context.Context, s speaker, since, next string) (api.Page, error) {
		return s.Mentions(ctx, a.UserID, since, next)
	}}
	return func(ctx context.Context) error {
		if err := w.look(ctx); err != nil {
			return err
		}
		return errors.Join(a.watched.save(ctx, inbox), a.threads.save(ctx, inbox))
	}
}

// messages returns the look at an account's direct messages.
func (ch *Channel) messages(a *account, inbox channels.Inbox) func(context.Context) error {
	w := &walk{ch: ch, account: a, inbox: inbox, name: "messages", kind: element.DM, page: func(ctx context.Context, s speaker, _, next string) (api.Page, error) {
		return s.Messages(ctx, next)
	}}
	return w.look
}

// walk looks through one list, newest first, down to its mark, and moves the
// mark once everything was accepted. A walk that X interrupts, because a window
// is used up, goes on where it was; what came meanwhile is the next one's.
type walk struct {
	ch      *Channel
	account *account
	inbox   channels.Inbox
	name    string // of the list
	kind    string // of its elements
	page    func(ctx context.Context, s speaker, since, next string) (api.Page, error)

	under  bool   // a walk is under way
	since  string // where it ends
	newest string // what the mark becomes
	next   string // the page to read
	things int
}

// mark is how far a list was read: everything up to an id was accepted.
func (w *walk) markName() string { return "twitter/" + w.account.Name + "/" + w.name }

const markVersion = "1/"

// begin finds out where to end.
func (w *walk) begin(ctx context.Context) error {
	cursor, err := w.inbox.Cursor(ctx, w.markName())
	if err != nil {
		return err
	}
	w.next, w.things = "", 0
	id, found := strings.CutPrefix(cursor.Value, markVersion)
	// One in the future was left by a clock that was ahead: until then nothing
	// would be found.
	if at := element.Moment(id); found && !at.IsZero() && !w.ahead(at) {
		w.newest, w.since = id, element.FirstOf(at.Add(-overlap))
	} else {
		w.newest = element.FirstOf(w.ch.now().Add(-w.ch.config.Since))
		w.since = w.newest
	}
	w.under = true
	return nil
}

// look walks to the end, or as far as X lets it.
func (w *walk) look(ctx context.Context) error {
	speaker, err := w.account.speak(ctx)
	if err != nil {
		return err
	}
	if !w.under {
		if err := w.begin(ctx); err != nil {
			return err
		}
	}
	for {
		page, err := w.page(ctx, speaker, w.since, w.next)
		if api.Is(err, api.Bad, api.Gone) && w.next != "" {
			w.under = false // the place in the list is known no more: from the top
		}
		if err != nil {
			return err
		}
		more, err := w.accept(ctx, page)
		if err != nil {
			return err
		}
		if !more || page.Next == "" || page.Next == w.next {
			return w.end(ctx, more)
		}
		w.next = page.Next
		w.ch.brake.Hold(ctx) // not for long: X lists only so much
	}
}

// accept accepts a page, oldest first, and says whether the mark lies further
// on.
func (w *walk) accept(ctx context.Context, page api.Page) (more bool, err error) {
	b := &batch{ch: w.ch}
	more = len(page.Things) > 0
	for _, raw := range slices.Backward(page.Things) {
		id := element.IDOf(raw)
		if element.Digits(id) && element.Less(id, w.since) {
			more = false
			continue
		}
		b.add(w.ch.listed(w.account, w.kind, page, raw))
		w.saw(id)
	}
	for _, each := range page.Problems { // of what stands beside the list
		w.ch.metrics.problems.WithLabelValues(w.account.Name, each.Word()).Inc()
	}
	w.things += len(page.Things)
	w.ch.metrics.listed.WithLabelValues(w.account.Name, w.name).Add(float64(len(page.Things)))
	return more, b.take(ctx, w.inbox)
}

// end moves the mark.
func (w *walk) end(ctx context.Context, unreached bool) error {
	if unreached && w.things >= reach && w.kind == element.Post {
		w.ch.metrics.gaps.WithLabelValues(w.account.Name).Inc()
		w.ch.log.Error("X lists no more mentions than these; older ones since the last look may be missing", "account", w.account.Name, "listed", w.things)
	}
	err := w.inbox.Accept(ctx, nil, channels.Cursor{Name: w.markName(), Value: markVersion + w.newest})
	if err != nil {
		return fmt.Errorf("keep mark of %s: %w", w.name, err)
	}
	w.under = false
	return nil
}

// saw moves what the mark becomes, but never into the future: one wrong id must
// not hide what comes after.
func (w *walk) saw(id string) {
	if at := element.Moment(id); element.Digits(id) && !at.IsZero() && !w.ahead(at) && element.Less(w.newest, id) {
		w.newest = id
	}
}

// ahead reports whether a moment is in the future, as far as clocks agree.
func (w *walk) ahead(at time.Time) bool { return at.After(w.ch.now().Add(time.Minute)) }

// listed is an element of a list.
func (ch *Channel) listed(a *account, kind string, page api.Page, raw json.RawMessage) element.Element {
	e := element.Element{Owner: a.UserID, Dialect: page.Dialect, Kind: kind, Via: element.Poll, Raw: raw}
	if page.Dialect == element.V2 {
		e.With = page.Includes.For(raw)
	}
	return e
}
