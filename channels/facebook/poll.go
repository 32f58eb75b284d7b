package facebook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
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

// feedDays is how far back posts are looked through for new comments: people
// answer to old posts too.
const feedDays = 7 * 24 * time.Hour

// edge is a list that is looked through.
type edge struct {
	name  string
	path  string
	query url.Values
	// field is what its elements are, inner the lists within them.
	field string
	// deep lists hold new things below old ones.
	deep bool
}

const messageFields = "id,created_time,from,to,message,attachments,shares"

// edges are what an account has to look through. WhatsApp shows nothing.
func edges(a Account) []edge {
	comments := "comments.filter(stream).order(reverse_chronological).limit(50){" + commentFields + "}"
	post := url.Values{"fields": {postFields + "," + comments}, "limit": {"50"}}
	conversations := edge{name: "conversations", field: "conversation", query: url.Values{
		"platform": {"messenger"}, "fields": {"id,updated_time,messages.limit(50){" + messageFields + "}"}, "limit": {"25"},
	}}
	switch a.Kind {
	case kindInstagram:
		conversations.query.Set("platform", "instagram")
		return []edge{conversations, {name: "media", field: "media", deep: true, query: url.Values{
			"fields": {"id,timestamp,comments.limit(50){" + remarkFields + "}"}, "limit": {"50"},
		}}}
	case kindWhatsApp:
		return nil
	default:
		return []edge{
			conversations,
			{name: "feed", field: "post", query: post, deep: true},
			{name: "tagged", field: "post", query: post, deep: true},
			{name: "ratings", field: "rating", query: url.Values{
				"fields": {"created_time,reviewer{id,name},rating,recommendation_type,review_text,open_graph_story{id}"}, "limit": {"50"},
			}},
		}
	}
}

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

func markName(a Account, e edge) string { return "facebook/" + a.Name + "/" + e.name }

// look looks through all edges of an account.
func (ch *Channel) look(ctx context.Context, a *account, inbox channels.Inbox) error {
	for _, e := range edges(a.Account) {
		if err := ch.lookThrough(ctx, a, e, inbox); err != nil {
			return fmt.Errorf("look through %s: %w", e.name, err)
		}
	}
	return nil
}

// lookThrough looks through one edge, newest first, down to its mark, and moves
// the mark once everything was accepted. A cursor that has expired on the way
// sends it back to the top once.
func (ch *Channel) lookThrough(ctx context.Context, a *account, e edge, inbox channels.Inbox) error {
	cursor, err := inbox.Cursor(ctx, markName(a.Account, e))
	if err != nil {
		return err
	}
	from, known := decodeMark(cursor.Value)
	if !known {
		from.At = ch.now().Add(-ch.config.Since)
	}
	w := &walk{ch: ch, account: a, edge: e, inbox: inbox, since: from.At.Add(-overlap), newest: from.At}
	path := a.ID + "/" + e.name
	err = a.graph.Walk(ctx, path, e.query, func(list graph.List) (bool, error) { return w.page(ctx, list) })
	if graph.Is(err, graph.Gone) && w.pages > 0 {
		w.pages = 0
		err = a.graph.Walk(ctx, path, e.query, func(list graph.List) (bool, error) { return w.page(ctx, list) })
	}
	if err != nil {
		return err
	}
	return inbox.Accept(ctx, nil, channels.Cursor{Name: markName(a.Account, e), Value: mark{At: w.newest}.encode()})
}

// walk is one look through an edge.
type walk struct {
	ch      *Channel
	account *account
	edge    edge
	inbox   channels.Inbox
	since   time.Time
	newest  time.Time
	pages   int
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
	w.pages++
	batch := newBatch(w.ch)
	more := len(list.Data) > 0
	reach := w.since
	if w.edge.deep {
		reach = reach.Add(-feedDays)
	}
	for _, raw := range slices.Backward(list.Data) {
		var n node
		if _, err := delivery.Decode(raw, &n); err != nil {
			w.add(batch, w.edge.field, "", raw) // parked
			continue
		}
		if at := n.when(); !at.IsZero() && at.Before(reach) {
			more = false
		}
		if err := w.visit(ctx, batch, n, raw); err != nil {
			return false, err
		}
	}
	return more, batch.accept(ctx, w.inbox)
}

// visit adds an element and what lies within it.
func (w *walk) visit(ctx context.Context, batch *batch, n node, raw json.RawMessage) error {
	switch w.edge.field {
	case "conversation":
		return w.within(ctx, batch, n.Messages, "message", "", string(n.ID)+"/messages", messageFields)
	case "media": // our own; only the comments matter
		return w.within(ctx, batch, n.Comments, "comment", string(n.ID), string(n.ID)+"/comments", remarkFields)
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
// answer. When the list goes on before the mark is reached, so does the walk.
func (w *walk) within(ctx context.Context, batch *batch, list graph.List, field, under, path, fields string) error {
	query := url.Values{"fields": {fields}, "limit": {"50"}, "order": {"reverse_chronological"}, "filter": {"stream"}}
	for {
		more := len(list.Data) > 0
		for _, raw := range slices.Backward(list.Data) {
			var n node
			if _, err := delivery.Decode(raw, &n); err == nil && !n.when().IsZero() && n.when().Before(w.since) {
				more = false
				continue
			}
			w.add(batch, field, under, raw)
			w.saw(n.when())
		}
		after := list.After()
		if !more || after == "" {
			return nil
		}
		query.Set("after", after)
		list = graph.List{}
		if err := w.account.graph.Get(ctx, path, query, &list); err != nil {
			return err
		}
	}
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
