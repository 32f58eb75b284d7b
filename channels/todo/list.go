// Package todo is what remains to be done about what a channel has accepted,
// such as fetching a message's files or reading again what has changed. It
// lives in a cursor, moved in the transaction that accepts what causes the work
// or what came of it, so that a restart loses none of it.
//
//	Add ─ accepted with originals ─▶ list ─▶ Work ─ Do ─▶ accepted with what came of it, and struck off
//
// What a task is, and how it is done, is left to the channels.
package todo

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"sync"

	"contactd/channels"
)

// Task is something to do. It is written as JSON.
type Task interface {
	// Key tells tasks apart: of two alike one is enough, the newer. The zero
	// task has an empty one.
	Key() string
	// Kind groups tasks.
	Kind() string
}

// Kind is what holds for tasks of a kind.
type Kind struct {
	// Most is how many are kept; above it new ones are let go.
	Most int
	// Once is set for those that need never be done again, such as fetching a
	// file: what was done is not added again, as far as is remembered.
	Once bool
}

// List is what remains to be done for an account. It is safe for concurrent
// use; Work may run once at a time.
type List[T Task] struct {
	name  string
	kinds map[string]Kind
	join  func(older, newer T) T
	more  chan struct{} // something was added

	mutex sync.Mutex // held while the inbox accepts, so that cursors move in order
	tasks []T
	known known
}

// New makes a list that lives in the cursor of a name. join, nil for none, says
// what a newer task keeps of an older one alike.
func New[T Task](name string, kinds map[string]Kind, join func(older, newer T) T) *List[T] {
	return &List[T]{name: name, kinds: kinds, join: join, more: make(chan struct{}, 1)}
}

// Load reads what an earlier run left. What is damaged is let go.
func (l *List[T]) Load(ctx context.Context, inbox channels.Inbox) error {
	cursor, err := inbox.Cursor(ctx, l.name)
	if err != nil {
		return err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.tasks = nil
	_ = json.Unmarshal([]byte(cursor.Value), &l.tasks)
	l.tasks = slices.DeleteFunc(l.tasks, func(each T) bool { return each.Key() == "" })
	l.wake()
	return nil
}

// Add accepts originals together with what remains to be done about them, and
// says how much of that was let go for want of room.
func (l *List[T]) Add(ctx context.Context, inbox channels.Inbox, originals []channels.Original, tasks []T) (missed int, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	next, missed := l.with(tasks)
	if err := l.accept(ctx, inbox, originals, next); err != nil {
		return 0, err
	}
	l.wake()
	return missed, nil
}

// with is the list with tasks added.
func (l *List[T]) with(tasks []T) (next []T, missed int) {
	next = slices.Clone(l.tasks)
	places, counts := make(map[string]int, len(next)), map[string]int{}
	for i, each := range next {
		places[each.Key()] = i
		counts[each.Kind()]++
	}
	for _, each := range tasks {
		key, kind := each.Key(), each.Kind()
		if l.kinds[kind].Once && l.known.has(key) {
			continue
		}
		if i, there := places[key]; there {
			if l.join != nil {
				each = l.join(next[i], each)
			}
			next[i] = each
			continue
		}
		if counts[kind] >= l.kinds[kind].Most {
			missed++
			continue
		}
		counts[kind]++
		places[key] = len(next)
		next = append(next, each)
	}
	return next, missed
}

// Replace accepts what came of a task and puts another in its place, the zero
// task for none.
func (l *List[T]) Replace(ctx context.Context, inbox channels.Inbox, originals []channels.Original, did, by T) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	once := l.kinds[did.Kind()].Once
	next := make([]T, 0, len(l.tasks))
	for _, each := range l.tasks {
		switch {
		// One that was replaced meanwhile stays: something has changed again.
		case each.Key() != did.Key() || !once && !reflect.DeepEqual(each, did):
			next = append(next, each)
		case by.Key() != "":
			next = append(next, by)
		}
	}
	if err := l.accept(ctx, inbox, originals, next); err != nil {
		return err
	}
	if once {
		l.known.add(did.Key())
	}
	return nil
}

// done accepts what came of a task and strikes it off.
func (l *List[T]) done(ctx context.Context, inbox channels.Inbox, originals []channels.Original, did T) error {
	var none T
	return l.Replace(ctx, inbox, originals, did, none)
}

// accept moves the cursor. The caller holds mutex.
func (l *List[T]) accept(ctx context.Context, inbox channels.Inbox, originals []channels.Original, next []T) error {
	var cursor channels.Cursor
	if len(next) > 0 || len(l.tasks) > 0 {
		value, err := json.Marshal(next)
		if err != nil {
			return err
		}
		cursor = channels.Cursor{Name: l.name, Value: string(value)}
	}
	if err := inbox.Accept(ctx, originals, cursor); err != nil {
		return err
	}
	l.tasks = next
	return nil
}

// Tasks are what is to be done, the oldest first.
func (l *List[T]) Tasks() []T {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return slices.Clone(l.tasks)
}

// Len is how much is to be done.
func (l *List[T]) Len() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.tasks)
}

func (l *List[T]) wake() {
	if len(l.tasks) == 0 {
		return
	}
	select {
	case l.more <- struct{}{}:
	default:
	}
}
