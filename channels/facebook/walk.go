package facebook

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graph"
	"contactd/channels/loose"
)

// walk is one look through an edge.
type walk struct {
	ch      *Channel
	account *account
	edge    edge
	inbox   channels.Inbox
	since   time.Time // older things were accepted before
	reach   time.Time // below elements of this age it ends
	newest  time.Time
	after   string // the cursor behind what was accepted, empty at the top

	// Of lists that move: when the pass began, how many there were, how many
	// pages it had, and whether it met elements that none before had seen.
	began         time.Time
	passes, pages int
	seen          map[delivery.ID]bool
	unseen        bool
	resting       bool // others have their turn
}

// maxPasses bounds how often the top of a list that moves is looked through
// again while ever new elements come to it.
const maxPasses = 5

// again reports whether the top must be looked through once more, and prepares
// that: of a list that moves, an element that was still to come may have moved
// to the top while several pages were read, with old things that no later look
// would accept.
func (w *walk) again() bool {
	w.passes++
	moved := w.edge.moves && w.pages > 1 && w.unseen && w.passes < maxPasses
	w.reach, w.began = w.account.graph.There(w.began).Add(-skew), w.ch.now()
	w.after, w.pages, w.unseen = "", 0, false
	return moved
}

func (w *walk) walk(ctx context.Context) error {
	query := maps.Clone(w.edge.query)
	if w.after != "" {
		query.Set("after", w.after)
	}
	of := w.account.ID
	if w.edge.field == "conversation" {
		of = w.account.inbox()
	}
	return w.account.graph.Walk(ctx, of+"/"+w.edge.name, query, func(list graph.List) (bool, error) {
		more, err := w.page(ctx, list)
		if err == nil {
			w.after = list.After()
		}
		return more, err
	})
}

// node is what a walk must know of an element; comments and messages are lists
// within it.
type node struct {
	ID       delivery.ID   `json:"id"`
	Updated  delivery.Time `json:"updated_time"`
	Created  delivery.Time `json:"created_time"`
	At       delivery.Time `json:"timestamp"`
	Messages graph.List    `json:"messages"`
	Comments graph.List    `json:"comments"`
	Replies  graph.List    `json:"replies"`
}

func (n node) when() time.Time {
	for _, each := range []delivery.Time{n.Updated, n.Created, n.At} {
		if !each.IsZero() {
			return each.Time
		}
	}
	return time.Time{}
}

// page accepts what a page of the list holds, oldest first, and says whether to
// go on.
func (w *walk) page(ctx context.Context, list graph.List) (bool, error) {
	batch := newBatch(w.ch)
	more := len(list.Data) > 0
	w.pages++
	for _, raw := range slices.Backward(list.Data) {
		var n node
		if _, err := loose.Decode(raw, &n); err != nil {
			w.add(batch, w.edge.field, "", raw) // parked
			continue
		}
		if at := n.when(); !at.IsZero() && at.Before(w.reach) {
			more = false
		}
		if err := w.visit(ctx, batch, n, raw); err != nil {
			return false, err
		}
	}
	w.resting = more && list.After() != "" && w.edge.depth == old && w.pages%oldPages == 0
	return more && !w.resting, batch.accept(ctx, w.inbox)
}

// visit adds an element and what lies within it.
func (w *walk) visit(ctx context.Context, batch *batch, n node, raw json.RawMessage) error {
	switch w.edge.field {
	case "conversation":
		w.unseen = w.unseen || !w.seen[n.ID]
		w.seen[n.ID] = true
		return w.within(ctx, batch, n.Messages, "message", "", string(n.ID)+"/messages", messageFields)
	case "media": // our own; only the comments matter
		return w.within(ctx, batch, n.Comments, "comment", string(n.ID), string(n.ID)+"/comments", remarkFields+",replies.limit(50){"+remarkFields+"}")
	}
	if at := n.when(); at.IsZero() || !at.Before(w.since) {
		w.add(batch, w.edge.field, "", raw)
		w.saw(at)
	}
	if w.edge.field == "post" {
		return w.within(ctx, batch, n.Comments, "comment", string(n.ID), string(n.ID)+"/comments", commentFields)
	}
	return nil
}

// within adds the elements of a list within an element, newest first in the
// answer. When the list goes on before the mark is reached, so does the walk. On
// Instagram comments have lists of their own, of which the order is not told:
// they are read to their end.
func (w *walk) within(ctx context.Context, batch *batch, list graph.List, field, under, path, fields string) error {
	query := url.Values{"fields": {fields}, "limit": {"50"}, "order": {"reverse_chronological"}, "filter": {"stream"}}
	for seen := map[string]bool{}; ; {
		more := len(list.Data) > 0
		for _, raw := range slices.Backward(list.Data) {
			var n node
			if _, err := loose.Decode(raw, &n); err == nil && !n.when().IsZero() && n.when().Before(w.since) {
				more = more && strings.HasSuffix(path, "/replies")
			} else {
				w.add(batch, field, under, raw)
				w.saw(n.when())
			}
			if err := w.within(ctx, batch, n.Replies, field, under, string(n.ID)+"/replies", remarkFields); err != nil {
				return err
			}
		}
		after := list.After()
		if !more || after == "" || seen[after] {
			return nil
		}
		seen[after] = true // a list that leads back to itself ends
		query.Set("after", after)
		var err error
		if list, err = w.account.graph.List(ctx, path, query); err != nil {
			return w.closed(ctx, path, query, err)
		}
	}
}

// closed is nil when a list cannot be read from its top either: it is gone, or
// not for us, and must not keep us from all the others for ever. Otherwise it is
// err, as of a cursor that has expired.
func (w *walk) closed(ctx context.Context, path string, query url.Values, err error) error {
	if !graph.Is(err, graph.Gone, graph.Permission) {
		return err
	}
	query.Del("after")
	if _, top := w.account.graph.List(ctx, path, query); !graph.Is(top, graph.Gone, graph.Permission) {
		return err
	}
	w.ch.metrics.dropped.WithLabelValues(w.account.Name, "unreadable").Inc()
	w.ch.log.Warn("a list within another cannot be read to its end", "account", w.account.Name, "edge", w.edge.name, "err", err)
	return nil
}

func (w *walk) add(batch *batch, field, under string, raw json.RawMessage) {
	batch.add(delivery.Element{
		Object: objectOf(w.account), Entry: w.account.ID, Via: delivery.Poll, Kind: delivery.Object, Field: field, Under: under, Raw: raw,
	})
	w.ch.metrics.found.WithLabelValues(w.account.Name, w.edge.name).Inc()
}

// saw moves the mark, but never into the future: one wrong date must not hide
// what comes after.
func (w *walk) saw(at time.Time) {
	if at.After(w.newest) && !at.After(w.ch.now()) {
		w.newest = at
	}
}
