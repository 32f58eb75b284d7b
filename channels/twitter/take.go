package twitter

import (
	"context"
	"net/http"
	"slices"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/twitter/activity"
	"contactd/channels/twitter/element"
)

// verified checks X's signature.
func (ch *Channel) verified(r *http.Request, body []byte) error {
	return activity.Verify(ch.secrets, r.Header.Get(activity.Header), body)
}

// take makes a delivery durable: every element under its own identity, what
// cannot be read too.
func (ch *Channel) take(ctx context.Context, inbox channels.Inbox, body []byte) error {
	err := ch.takeAll(ctx, inbox, body)
	if err != nil {
		ch.replays.missed()
	}
	return err
}

func (ch *Channel) takeAll(ctx context.Context, inbox channels.Inbox, body []byte) error {
	elements, err := activity.Split(body)
	if err != nil {
		ch.metrics.parked.Inc()
		return ch.keep(ctx, inbox, []channels.Original{{
			Channel: Kind, Account: ch.accounts[0].Name, ID: "x:parked:" + element.Hash(string(body)),
			MediaType: "application/json", Bytes: body, Defect: "a delivery of X's in no form that is known here",
		}})
	}
	if !slices.ContainsFunc(elements, private) {
		ch.brake.Hold(ctx)
	}
	b := &batch{ch: ch}
	b.addAll(elements)
	return b.take(ctx, inbox)
}

// private reports whether an element is of somebody who writes to us alone. X
// delivers one by one, so of a flood of posts each waits a little, X's answer
// with it (it has 10 s), while such messages pass.
func private(e element.Element) bool { return e.Kind != element.Post && e.Kind != element.Passing }

// keep makes originals durable, large ones by reference.
func (ch *Channel) keep(ctx context.Context, inbox channels.Inbox, originals []channels.Original) error {
	if err := accounts.Refer(ctx, ch.deps.Blobs, originals); err != nil {
		return err
	}
	return inbox.Accept(ctx, originals, channels.Cursor{})
}

// batch gathers what is to be accepted.
type batch struct {
	ch        *Channel
	originals []channels.Original
	files     []withFiles
	news      []news
	items     []seen
	revoked   []*account
	replayed  []element.Element // jobs that have ended
}

// withFiles is what came with files, of one account.
type withFiles struct {
	account   *account
	originals []channels.Original
	fetches   []fetch
}

// news is what an element says about something that we sent.
type news struct {
	account *account
	sent    element.Sent
}

// seen is a post that was taken.
type seen struct {
	account *account
	item    element.Item
}

func (b *batch) addAll(elements []element.Element) {
	for _, e := range elements {
		b.add(e)
	}
}

// add sorts an element.
func (b *batch) add(e element.Element) {
	a := b.ch.accounts.With(e.Owner)
	if a != nil && e.Dialect == element.V1 && e.Kind == element.Post {
		e.Root = a.threads.under(e)
	}
	sorted := element.Sort(e)
	outcome := "taken"
	if len(sorted.Taken) == 0 {
		outcome = sorted.Ignored
	}
	b.ch.metrics.elements.WithLabelValues(e.Kind, e.Via, outcome).Inc()
	if a != nil && sorted.Sent != nil {
		b.news = append(b.news, news{a, *sorted.Sent})
	}
	if a != nil && sorted.Item != nil {
		b.items = append(b.items, seen{a, *sorted.Item})
	}
	if a != nil && e.Kind == element.Revoked {
		b.revoked = append(b.revoked, a)
	}
	if e.Kind == element.Replayed {
		b.replayed = append(b.replayed, e)
	}
	var originals []channels.Original
	for _, each := range sorted.Taken {
		originals = append(originals, channels.Original{
			Channel: Kind, Account: nameFor(a, e), ID: each.ID, MediaType: element.MediaType, ReceivedAt: each.At, Bytes: each.Element.Original(),
		})
	}
	if a == nil || len(originals) == 0 || !b.addFiles(a, e, originals) {
		b.originals = append(b.originals, originals...)
	}
}

// addFiles adds what came with files; false when it came with none.
func (b *batch) addFiles(a *account, e element.Element, originals []channels.Original) bool {
	files := e.Files()
	if len(files) == 0 {
		return false
	}
	i := slices.IndexFunc(b.files, func(each withFiles) bool { return each.account == a })
	if i < 0 {
		i, b.files = len(b.files), append(b.files, withFiles{account: a})
	}
	of := &b.files[i]
	of.originals = append(of.originals, originals...)
	for _, file := range files {
		of.fetches = append(of.fetches, fetch{file})
	}
	return true
}

// nameFor is the account that an original belongs to. What comes for one that
// is not configured is taken all the same, under its id.
func nameFor(a *account, e element.Element) string {
	switch {
	case a != nil:
		return a.Name
	case element.Digits(e.Owner):
		return "unconfigured-" + e.Owner
	default:
		return "unconfigured"
	}
}

// take makes everything durable. What X says about what we sent comes first: it
// repeats what was not taken, but not what was.
func (b *batch) take(ctx context.Context, inbox channels.Inbox) error {
	if err := b.tell(ctx); err != nil {
		return err
	}
	return b.accept(ctx, inbox)
}

// tell passes on what the batch says about what we sent.
func (b *batch) tell(ctx context.Context) error {
	for _, each := range b.news {
		if err := b.ch.heard(ctx, each.account, each.sent); err != nil {
			return err
		}
	}
	return nil
}

// accept makes everything durable. What came with files goes together with what
// remains to be fetched.
func (b *batch) accept(ctx context.Context, inbox channels.Inbox) error {
	for _, each := range b.files {
		if err := accounts.Refer(ctx, b.ch.deps.Blobs, each.originals); err != nil {
			return err
		}
		missed, err := each.account.todo.Add(ctx, inbox, each.originals, each.fetches)
		if err != nil {
			return err
		}
		b.ch.metrics.missed.WithLabelValues(each.account.Name).Add(float64(missed))
	}
	if len(b.originals) > 0 {
		if err := b.ch.keep(ctx, inbox, b.originals); err != nil {
			return err
		}
	}
	for _, each := range b.items {
		each.account.watched.add(each.item)
	}
	for _, a := range b.revoked {
		a.health.Report(consent, errRevoked)
	}
	for _, e := range b.replayed {
		outcome := "incomplete"
		if b.ch.replays.ended(e.Raw) {
			outcome = "complete"
		}
		b.ch.metrics.replays.WithLabelValues(outcome).Inc()
	}
	return nil
}
