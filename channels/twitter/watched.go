package twitter

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"contactd/channels"
	"contactd/channels/twitter/element"
)

// maxWatched bounds how many posts are reviewed: the youngest.
const maxWatched = 1000

// watched are the posts that are looked at again, to see whether they still
// stand. They live in a cursor, which is written with the look at the mentions:
// what is lost between two of them is found by the next, which overlaps.
type watched struct {
	name string

	mutex sync.Mutex
	posts []watch // oldest first
	dirty bool
}

// watch is one post: its first and its latest version, and who wrote it.
type watch struct {
	First  string `json:"f"`
	Last   string `json:"l,omitempty"` // empty when it is the first
	Writer string `json:"w"`
}

func (w watch) last() string {
	if w.Last != "" {
		return w.Last
	}
	return w.First
}

func newWatched(account string) *watched { return &watched{name: "twitter/" + account + "/posts"} }

// load reads what an earlier run left.
func (w *watched) load(ctx context.Context, inbox channels.Inbox) error {
	cursor, err := inbox.Cursor(ctx, w.name)
	if err != nil {
		return err
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.posts = nil
	_ = json.Unmarshal([]byte(cursor.Value), &w.posts) // damaged: younger posts fill it again
	w.posts = slices.DeleteFunc(w.posts, func(each watch) bool { return !element.Digits(each.First) || !element.Digits(each.last()) })
	return nil
}

// add notes that a version of a post was taken.
func (w *watched) add(item element.Item) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for i := len(w.posts) - 1; i >= 0; i-- {
		if each := &w.posts[i]; each.First == item.First {
			if element.Less(each.last(), item.ID) {
				each.Last, w.dirty = item.ID, true
			}
			return
		}
	}
	added := watch{First: item.First, Writer: item.Writer.ID}
	if item.ID != item.First {
		added.Last = item.ID
	}
	w.posts, w.dirty = append(w.posts, added), true
	if len(w.posts) > maxWatched {
		w.posts = slices.Delete(w.posts, 0, len(w.posts)-maxWatched)
	}
}

// since returns those that were written after a moment, and forgets the rest.
func (w *watched) since(at time.Time) []watch {
	oldest := element.FirstOf(at)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	before := len(w.posts)
	w.posts = slices.DeleteFunc(w.posts, func(each watch) bool { return element.Less(each.First, oldest) })
	w.dirty = w.dirty || len(w.posts) != before
	return slices.Clone(w.posts)
}

// drop forgets a post that stands no more.
func (w *watched) drop(first string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	before := len(w.posts)
	w.posts = slices.DeleteFunc(w.posts, func(each watch) bool { return each.First == first })
	w.dirty = w.dirty || len(w.posts) != before
}

// save writes the list if it has changed.
func (w *watched) save(ctx context.Context, inbox channels.Inbox) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if !w.dirty {
		return nil
	}
	value, err := json.Marshal(w.posts)
	if err != nil {
		return err
	}
	if err := inbox.Accept(ctx, nil, channels.Cursor{Name: w.name, Value: string(value)}); err != nil {
		return err
	}
	w.dirty = false
	return nil
}
