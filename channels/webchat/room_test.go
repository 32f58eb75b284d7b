package webchat

import (
	"testing"
	"time"

	"contactd/channels/webchat/store"
)

// One who enters while another changes the session and leaves must not go on
// with what the session was before.
func TestWhoEntersARoomFindsItAsTheLastOneLeftIt(t *testing.T) {
	rs := newRooms()
	old := func() (store.Session, error) { return store.Session{ID: 1, Conversation: "c-1"}, nil }
	changed := make(chan struct{})
	change := func() {
		defer close(changed)
		in, _ := rs.enter(1, old)
		in.mutex.Lock()
		in.session.Forgotten = true
		in.mutex.Unlock()
		rs.leave(in)
	}
	in, err := rs.enter(1, func() (store.Session, error) {
		go change()
		select {
		case <-changed:
		case <-time.After(100 * time.Millisecond): // it waits for us
		}
		return old()
	})
	if err != nil {
		t.Fatal(err)
	}
	<-changed
	in.mutex.Lock()
	defer in.mutex.Unlock()
	if !in.session.Forgotten {
		t.Error("the session is as it was before")
	}
}

func TestARoomThatCannotBeReadIsReadAgainByTheNext(t *testing.T) {
	rs := newRooms()
	if _, err := rs.enter(1, func() (store.Session, error) { return store.Session{}, store.ErrUnknown }); err == nil {
		t.Fatal("entered")
	}
	in, err := rs.enter(1, func() (store.Session, error) { return store.Session{ID: 1, Conversation: "c-1"}, nil })
	if err != nil || rs.inUse("c-1") != in {
		t.Errorf("not found: %v", err)
	}
}
