package twitter

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"contactd/channels"
	"contactd/channels/twitter/element"
)

// maxThreads bounds how many of our answers are known: the youngest.
const maxThreads = 2000

// threads are the threads in which our answers stand. A post of version 1.1,
// which account activity still delivers, says what it answers but not in which
// thread; when it answers us, this says it. They live in a cursor, which is
// written with the look at the mentions.
type threads struct {
	name string

	mutex sync.Mutex
	roots map[string]string // first post of the thread, by our answer
	order []string          // answers, oldest first
	dirty bool
}

func newThreads(account string) *threads {
	return &threads{name: "twitter/" + account + "/threads", roots: map[string]string{}}
}

// ownAnswer is one of them as it is kept.
type ownAnswer struct {
	ID   string `json:"i"`
	Root string `json:"r"`
}

// load reads what an earlier run left.
func (t *threads) load(ctx context.Context, inbox channels.Inbox) error {
	cursor, err := inbox.Cursor(ctx, t.name)
	if err != nil {
		return err
	}
	var all []ownAnswer
	_ = json.Unmarshal([]byte(cursor.Value), &all) // damaged: such posts begin conversations of their own
	for _, each := range all {
		t.know(each.ID, each.Root)
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.dirty = false
	return nil
}

// know notes in which thread an answer of ours stands.
func (t *threads) know(id, root string) {
	if !element.Digits(id) || !element.Digits(root) {
		return
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.roots[id] != "" {
		return
	}
	t.roots[id], t.order, t.dirty = root, append(t.order, id), true
	if len(t.order) > maxThreads {
		delete(t.roots, t.order[0])
		t.order = slices.Delete(t.order, 0, 1)
	}
}

// under is the first post of the thread in which a post answers one of ours;
// empty when it does not, or it is not known.
func (t *threads) under(e element.Element) string {
	item, _, err := e.ReadPost()
	if err != nil || item.InReplyTo == "" {
		return ""
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.roots[item.InReplyTo]
}

// save writes the list if it has changed.
func (t *threads) save(ctx context.Context, inbox channels.Inbox) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if !t.dirty {
		return nil
	}
	all := make([]ownAnswer, 0, len(t.order))
	for _, id := range t.order {
		all = append(all, ownAnswer{id, t.roots[id]})
	}
	value, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := inbox.Accept(ctx, nil, channels.Cursor{Name: t.name, Value: string(value)}); err != nil {
		return err
	}
	t.dirty = false
	return nil
}
