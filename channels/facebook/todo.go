package facebook

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
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

// key tells tasks apart; one of two alike is enough.
func (t task) key() string {
	if t.Read != nil {
		return "read:" + t.Read.Kind + ":" + t.Read.ID
	}
	return "fetch:" + t.Fetch.Of + ":" + string(rune('0'+t.Fetch.Number))
}

// The most that is kept to do. Above it objects are left to polling, which
// reads them anyway, and files to the address in the original.
const (
	maxReads   = 2000
	maxFetches = 300
)

// todo is what remains to be done for an account. It lives in a cursor, moved
// in the transaction that accepts what causes the work, or what came of it.
type todo struct {
	name string
	more chan struct{} // something was added

	mutex sync.Mutex // held while the inbox accepts, so that cursors move in order
	tasks []task
	// missed counts tasks for which there was no room.
	missed int
}

func newTodo(account string) *todo {
	return &todo{name: "facebook/" + account + "/todo", more: make(chan struct{}, 1)}
}

// load reads what an earlier run left.
func (t *todo) load(ctx context.Context, inbox channels.Inbox) error {
	cursor, err := inbox.Cursor(ctx, t.name)
	if err != nil {
		return err
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.tasks = nil
	_ = json.Unmarshal([]byte(cursor.Value), &t.tasks) // damaged: polling finds what it can
	t.tasks = slices.DeleteFunc(t.tasks, func(each task) bool { return each.Read == nil && each.Fetch == nil })
	t.wake()
	return nil
}

// add accepts originals together with what remains to be done about them.
func (t *todo) add(ctx context.Context, inbox channels.Inbox, originals []channels.Original, tasks []task) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	next, missed := t.with(tasks)
	if err := t.accept(ctx, inbox, originals, next); err != nil {
		return err
	}
	t.missed += missed
	t.wake()
	return nil
}

// with is the list with tasks added. A newer one replaces its like: it knows a
// later time.
func (t *todo) with(tasks []task) (next []task, missed int) {
	next = slices.Clone(t.tasks)
	places := make(map[string]int, len(next))
	reads, fetches := 0, 0
	for i, each := range next {
		places[each.key()] = i
		if each.Read != nil {
			reads++
		} else {
			fetches++
		}
	}
	for _, each := range tasks {
		if i, there := places[each.key()]; there {
			if each.Read != nil && next[i].Read != nil {
				each.Read.Mention = each.Read.Mention || next[i].Read.Mention
			}
			next[i] = each
			continue
		}
		switch {
		case each.Read != nil && reads < maxReads:
			reads++
		case each.Fetch != nil && fetches < maxFetches:
			fetches++
		default:
			missed++
			continue
		}
		places[each.key()] = len(next)
		next = append(next, each)
	}
	return next, missed
}

// done accepts what came of a task and strikes it off.
func (t *todo) done(ctx context.Context, inbox channels.Inbox, originals []channels.Original, did task) error {
	return t.replace(ctx, inbox, originals, did, task{})
}

// replace accepts what came of a task and puts another in its place, the zero
// task for none.
func (t *todo) replace(ctx context.Context, inbox channels.Inbox, originals []channels.Original, did, by task) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	next := make([]task, 0, len(t.tasks))
	for _, each := range t.tasks {
		switch {
		// One that was replaced meanwhile stays: the object has changed again.
		case each.key() != did.key() || did.Read != nil && *each.Read != *did.Read:
			next = append(next, each)
		case by != task{}:
			next = append(next, by)
		}
	}
	return t.accept(ctx, inbox, originals, next)
}

// accept moves the cursor. The caller holds mutex.
func (t *todo) accept(ctx context.Context, inbox channels.Inbox, originals []channels.Original, next []task) error {
	value, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := inbox.Accept(ctx, originals, channels.Cursor{Name: t.name, Value: string(value)}); err != nil {
		return err
	}
	t.tasks = next
	return nil
}

// due returns the oldest task that may be tried now; else how long it takes
// until one may be, 0 when there is none.
func (t *todo) due(now time.Time, tried map[string]attempts) (next task, wait time.Duration, some bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, each := range t.tasks {
		left := tried[each.key()].next.Sub(now)
		if left <= 0 {
			return each, 0, true
		}
		if wait == 0 || left < wait {
			wait = left
		}
	}
	return task{}, wait, false
}

func (t *todo) len() int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return len(t.tasks)
}

func (t *todo) wake() {
	if len(t.tasks) == 0 {
		return
	}
	select {
	case t.more <- struct{}{}:
	default:
	}
}
