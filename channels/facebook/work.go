package facebook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graph"
	"contactd/channels/facebook/page"
)

// How often what cannot be done is tried. Pauses double up to five minutes: a
// mention is told of as one that cannot be read yet after half a minute, a file
// is given up after half an hour, by when its address may have expired. What is
// to be read again is given up after a day (timing.reads): what was delivered of
// it stands.
const (
	mentionTries = 5
	fileTries    = 14
)

// attempts are how often a task has failed, and when it may be tried again. They
// do not outlive the process: a restart tries everything at once.
type attempts struct {
	count int
	next  time.Time
}

// work does what remains to be done for an account until ctx ends. A task that
// fails waits for its next turn and lets the others pass; when the account as a
// whole is in trouble, all wait.
func (ch *Channel) work(ctx context.Context, a *account, inbox channels.Inbox) {
	tried := map[string]attempts{}
	pause := ch.timing.retry
	for ctx.Err() == nil {
		ch.metrics.todo.WithLabelValues(a.Name).Set(float64(a.todo.len()))
		next, wait, some := a.todo.due(ch.now(), tried)
		switch {
		case !some:
			ch.await(ctx, a, wait)
			continue
		case ch.does(ctx, a, inbox, next, tried):
			pause = ch.timing.retry
		default:
			sleep(ctx, pause)
			pause = min(2*pause, ch.timing.longest)
		}
	}
}

// await waits for more to do, or until something can be tried again; 0 for
// nothing.
func (ch *Channel) await(ctx context.Context, a *account, wait time.Duration) {
	var again <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		again = timer.C
	}
	select {
	case <-a.todo.more:
	case <-again:
	case <-ctx.Done():
	}
}

// does tries a task; false when the account, or the journal, is in trouble.
func (ch *Channel) does(ctx context.Context, a *account, inbox channels.Inbox, next task, tried map[string]attempts) bool {
	key := next.key()
	count := tried[key].count
	originals, err := ch.do(ctx, a, next, count)
	if err == nil {
		if err = a.todo.done(ctx, inbox, originals, next); err == nil {
			delete(tried, key)
			return true
		}
		ch.log.Error("accept what was read again or fetched", "account", a.Name, "err", err)
		return false
	}
	if ctx.Err() != nil {
		return false
	}
	ch.log.Warn("read again or fetch", "account", a.Name, "err", err)
	if graph.Is(err, graph.TokenDead) {
		a.health.report("token", err)
	}
	if graph.Troubled(err) {
		return false
	}
	if next.Read != nil && next.Read.Mention && count+1 == mentionTries {
		ch.tellUnread(ctx, a, inbox, *next.Read)
	}
	if next.Read != nil && count+1 >= ch.timing.reads {
		ch.metrics.dropped.WithLabelValues(a.Name, "unreadable").Inc()
		if err := a.todo.done(ctx, inbox, nil, next); err != nil {
			return false
		}
		delete(tried, key)
		return true
	}
	tried[key] = attempts{count: count + 1, next: ch.now().Add(min(ch.timing.retry<<min(count, 20), ch.timing.longest))}
	return true
}

// tellUnread lets a person know of a mention that cannot be read yet; when it
// can, its words are the news of it.
func (ch *Channel) tellUnread(ctx context.Context, a *account, inbox channels.Inbox, r delivery.Reference) {
	told := r
	told.Mention = false
	if err := a.todo.replace(ctx, inbox, []channels.Original{ch.unread(a, r)}, task{Read: &r}, task{Read: &told}); err != nil {
		ch.log.Error("accept a mention that cannot be read", "account", a.Name, "err", err)
	}
}

// do does a task and returns what is to be accepted.
func (ch *Channel) do(ctx context.Context, a *account, t task, tries int) ([]channels.Original, error) {
	if t.Fetch != nil {
		return ch.fetchFile(ctx, a, *t.Fetch, tries)
	}
	return ch.readAgain(ctx, a, *t.Read)
}

// paths says how objects are read. The fields are those that package page and
// instagram read.
const (
	commentFields = "id,message,from,created_time,parent{id},permalink_url,attachment,is_hidden"
	postFields    = "id,message,story,from,created_time,permalink_url,full_picture"
	remarkFields  = "id,text,timestamp,username,from,parent_id,media{id}"
	mediaFields   = "id,caption,timestamp,username,permalink"
)

// readAgain asks Graph for what an object is now, and makes it the object's
// item, in case nobody has told of it, and the news that it was changed.
func (ch *Channel) readAgain(ctx context.Context, a *account, r delivery.Reference) ([]channels.Original, error) {
	path, query := r.ID, url.Values{}
	e := delivery.Element{Object: objectOf(a), Entry: a.ID, Via: delivery.Poll, Kind: delivery.Object, Field: r.Kind, Under: r.Post}
	switch r.Kind {
	case "comment":
		query.Set("fields", commentFields)
	case "post":
		query.Set("fields", postFields)
	case "ig_comment":
		// A mention on somebody else's media is read by way of our account.
		e.Field, path = "comment", a.ID
		query.Set("fields", "mentioned_comment.comment_id("+r.ID+"){"+remarkFields+"}")
	case "ig_media":
		e.Field, path = "media", a.ID
		query.Set("fields", "mentioned_media.media_id("+r.ID+"){"+mediaFields+"}")
	}
	var raw json.RawMessage
	err := a.graph.Get(ctx, path, query, &raw)
	switch {
	case err == nil:
	case graph.Is(err, graph.Gone, graph.Permission) && r.Mention:
		// Nothing more can be known of it; that it exists must reach a person.
		return []channels.Original{ch.unread(a, r)}, nil
	case graph.Is(err, graph.Gone, graph.Permission):
		return nil, nil // what was delivered stands
	default:
		return nil, err
	}
	if raw = within(raw, r.Kind); len(raw) == 0 {
		return []channels.Original{ch.unread(a, r)}, nil
	}
	e.Raw = raw
	originals := []channels.Original{}
	sorted := sortElement(e)
	if sorted.ID == "" {
		return nil, nil // our own
	}
	originals = append(originals, original(a.Name, sorted.ID, sorted.At, e))
	if !r.Mention && !(e.Object == objectPage && page.Confirms(e, r.Told)) {
		e.Via, e.Time = delivery.Reread, r.At
		id := fmt.Sprintf("%s:as-of:%d:%s", sorted.ID, r.At, delivery.Hash(string(raw))[:12])
		originals = append(originals, original(a.Name, id, delivery.Moment(r.At), e))
	}
	return originals, nil
}

// unread is the item of a mention that nobody lets us read.
func (ch *Channel) unread(a *account, r delivery.Reference) channels.Original {
	bare := map[string]any{"id": r.ID, "created_time": r.At}
	kind := r.Kind
	if kind == "ig_comment" || kind == "ig_media" {
		kind = kind[len("ig_"):]
		bare = map[string]any{"id": r.ID, "timestamp": r.At}
	}
	raw, _ := json.Marshal(bare) // ids and numbers alone
	e := delivery.Element{Object: objectOf(a), Entry: a.ID, Time: r.At, Via: delivery.Webhook, Kind: delivery.Object, Field: kind, Under: r.Post, Raw: raw}
	return original(a.Name, sortElement(e).ID, delivery.Moment(r.At), e)
}

// within takes what was asked for out of an answer that holds it.
func within(raw json.RawMessage, kind string) json.RawMessage {
	var of struct {
		Comment json.RawMessage `json:"mentioned_comment"`
		Media   json.RawMessage `json:"mentioned_media"`
	}
	switch kind {
	case "ig_comment":
		_ = json.Unmarshal(raw, &of)
		return of.Comment
	case "ig_media":
		_ = json.Unmarshal(raw, &of)
		return of.Media
	default:
		return raw
	}
}

func original(account, id string, at time.Time, e delivery.Element) channels.Original {
	return channels.Original{Channel: Kind, Account: account, ID: id, MediaType: delivery.MediaType, ReceivedAt: at, Bytes: e.Original()}
}

func objectOf(a *account) string {
	switch a.Kind {
	case kindInstagram:
		return objectInstagram
	case kindWhatsApp:
		return objectWhatsApp
	default:
		return objectPage
	}
}
