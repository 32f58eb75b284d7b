package facebook

import (
	"context"
	"strconv"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graph"
	"contactd/channels/todo"
)

// task is something that remains to be done about what was accepted: an object
// to read again, or a file to fetch.
type task struct {
	Read  *delivery.Reference `json:"read,omitempty"`
	Fetch *fetch              `json:"fetch,omitempty"`
}

// fetch is a file of a message.
type fetch struct {
	File   delivery.File `json:"file"`
	Of     string        `json:"of"` // platform id of the message
	Number int           `json:"number"`
	Object string        `json:"object"`
	At     int64         `json:"at"`
	Origin origin        `json:"origin"`
}

// Key implements todo.Task.
func (t task) Key() string {
	switch {
	case t.Read != nil:
		return "read:" + t.Read.Kind + ":" + t.Read.ID
	case t.Fetch != nil:
		return "fetch:" + t.Fetch.Of + ":" + strconv.Itoa(t.Fetch.Number)
	default:
		return ""
	}
}

// Kind implements todo.Task.
func (t task) Kind() string {
	if t.Read != nil {
		return "read"
	}
	return "fetch"
}

// newTodo is a list of what remains to be done for an account. Above the bounds
// objects are left to polling, which reads them anyway, and files to the address
// in the original.
func newTodo(account, name string) *todo.List[task] {
	kinds := map[string]todo.Kind{"read": {Most: 2000}, "fetch": {Most: 300, Once: true}}
	return todo.New("facebook/"+account+"/"+name, kinds, func(older, newer task) task {
		if older.Read != nil && newer.Read != nil && older.Read.Mention {
			mention := *newer.Read
			mention.Mention = true
			newer.Read = &mention
		}
		return newer
	})
}

// mentionTries is after how many tries, half a minute, a mention that cannot be
// read is told of all the same. What is to be read again is given up after a day
// (timing.reads): what was delivered of it stands.
const mentionTries = 5

// work does what stands on a list of an account until ctx ends.
func (ch *Channel) work(ctx context.Context, a *account, list *todo.List[task], inbox channels.Inbox) {
	list.Work(ctx, inbox, todo.Worker[task]{
		Do: func(ctx context.Context, t task, tries int) ([]channels.Original, error) {
			return ch.do(ctx, a, inbox, t, tries)
		},
		Retry: ch.timing.retry, Longest: ch.timing.longest, Now: ch.now, Log: ch.log.With("account", a.Name),
		Left: func(int) { ch.metrics.todo.WithLabelValues(a.Name).Set(float64(a.todo.Len() + a.files.Len())) },
	})
}

// do does a task and returns what is to be accepted.
func (ch *Channel) do(ctx context.Context, a *account, inbox channels.Inbox, t task, tries int) ([]channels.Original, error) {
	if t.Fetch != nil {
		originals, err := ch.fetchFile(ctx, a, *t.Fetch, tries)
		return originals, ch.held(a, err)
	}
	originals, err := ch.readAgain(ctx, a, *t.Read)
	if graph.Troubled(err) {
		ch.tellOverdue(ctx, a, inbox)
	}
	if err == nil || ctx.Err() != nil || graph.Troubled(err) {
		return originals, ch.held(a, err)
	}
	if t.Read.Mention && tries+1 >= mentionTries {
		ch.tellUnread(ctx, a, inbox, *t.Read)
	}
	if tries+1 >= ch.timing.reads {
		ch.metrics.dropped.WithLabelValues(a.Name, "unreadable").Inc()
		return nil, nil
	}
	return nil, err
}

// held holds everything up when an error is the account's, and tells of a dead
// token, or an old secret, until something could be done again.
func (ch *Channel) held(a *account, err error) error {
	if err == nil || graph.Is(err, graph.TokenDead, graph.Unproven) {
		a.health.Report("reading and fetching", err)
	}
	if err != nil && graph.Troubled(err) {
		return todo.Hold(err)
	}
	return err
}

// overdue is how long a mention waits for its words while Meta answers nothing.
const overdue = 30 * time.Second

// tellOverdue lets a person know of all mentions that wait for too long.
func (ch *Channel) tellOverdue(ctx context.Context, a *account, inbox channels.Inbox) {
	for _, t := range a.todo.Tasks() {
		if t.Read != nil && t.Read.Mention && ch.now().Sub(delivery.Moment(t.Read.At)) > overdue {
			ch.tellUnread(ctx, a, inbox, *t.Read)
		}
	}
}

// tellUnread lets a person know of a mention that cannot be read yet; when it
// can, its words are the news of it.
func (ch *Channel) tellUnread(ctx context.Context, a *account, inbox channels.Inbox, r delivery.Reference) {
	told := r
	told.Mention = false
	if err := a.todo.Replace(ctx, inbox, []channels.Original{ch.unread(a, r)}, task{Read: &r}, task{Read: &told}); err != nil {
		ch.log.Error("accept a mention that cannot be read", "account", a.Name, "err", err)
	}
}
