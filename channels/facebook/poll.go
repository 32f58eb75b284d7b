package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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

// How far back posts are looked through for new comments: people answer to old
// posts too. Every look goes back a week, and one now and then a year.
const (
	recent = 7 * 24 * time.Hour
	old    = 365 * 24 * time.Hour
)

// edge is a list that is looked through.
type edge struct {
	name  string
	path  string
	query url.Values
	// field is what its elements are, inner the lists within them.
	field string
	// depth is how far below the mark new things may stand within old ones. In
	// lists that move, an element comes to the top again when somebody writes.
	depth time.Duration
	moves bool
	// kept names the mark, where it is not name.
	kept string
}

const messageFields = "id,created_time,from,to,message,attachments,shares"

// edges are what an account has to look through: of a page what it is to be
// told of. WhatsApp shows nothing.
func edges(a Account) []edge {
	comments := "comments.filter(stream).order(reverse_chronological).limit(50){" + commentFields + "}"
	post := url.Values{"fields": {postFields + "," + comments}, "limit": {"50"}}
	conversations := edge{name: "conversations", field: "conversation", moves: true, query: url.Values{
		"platform": {"messenger"}, "fields": {"id,updated_time,messages.limit(50){" + messageFields + "}"}, "limit": {"25"},
	}}
	switch a.Kind {
	case kindInstagram:
		conversations.query.Set("platform", "instagram")
		return []edge{conversations, {name: "media", field: "media", depth: recent, query: url.Values{
			"fields": {"id,timestamp,comments.limit(50){" + remarkFields + "}"}, "limit": {"50"},
		}}}
	case kindWhatsApp:
		return nil
	default:
		return slices.DeleteFunc([]edge{
			conversations,
			{name: "feed", field: "post", query: post, depth: recent},
			{name: "tagged", field: "post", query: post, depth: recent},
			{name: "ratings", field: "rating", query: url.Values{
				"fields": {"created_time,reviewer{id,name},rating,recommendation_type,review_text,open_graph_story{id}"}, "limit": {"50"},
			}},
		}, func(e edge) bool { return !slices.Contains(a.Fields, delivered()[e.name]) })
	}
}

// oldPages is how many pages of old posts are read before others have their turn,
// and errMore says that there are more.
const oldPages = 10

var errMore = errors.New("there is more to look through")

// oldEdges are the lists of posts once more, back to old ones. Few of those
// have new comments, so each is asked for its latest alone at first.
func oldEdges(a Account) []edge {
	var all []edge
	for _, e := range edges(a) {
		if e.depth == 0 {
			continue
		}
		e.depth, e.kept = old, "old_"+e.name
		e.query = maps.Clone(e.query)
		e.query.Set("fields", strings.Replace(e.query.Get("fields"), ".limit(50)", ".limit(3)", 1))
		all = append(all, e)
	}
	return all
}

// mark names an edge where it is kept.
func (e edge) mark() string {
	if e.kept != "" {
		return e.kept
	}
	return e.name
}

// delivered is the field by which a page is told of what stands on an edge.
func delivered() map[string]string {
	return map[string]string{"conversations": "messages", "feed": "feed", "tagged": "mention", "ratings": "ratings"}
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
	if !known {
		from.At = ch.now().Add(-ch.config.Since)
	}
	w := &walk{ch: ch, account: a, edge: e, inbox: inbox, since: from.At.Add(-overlap), newest: from.At, began: ch.now(), seen: map[delivery.ID]bool{}}
	w.reach = w.since.Add(-e.depth)
	a.walks[e.mark()] = w
	return w, nil
}

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
	w.reach, w.began = w.began.Add(-skew), w.ch.now()
	w.after, w.pages, w.unseen = "", 0, false
	return moved
}

func (w *walk) walk(ctx context.Context) error {
	query := maps.Clone(w.edge.query)
	if w.after != "" {
		query.Set("after", w.after)
	}
	return w.account.graph.Walk(ctx, w.account.ID+"/"+w.edge.name, query, func(list graph.List) (bool, error) {
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
		if _, err := delivery.Decode(raw, &n); err != nil {
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
