package email

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"contactd/channels"
)

// world is a few hours of a mailbox in which everything goes wrong by chance.
type world struct {
	*stand
	chance *rand.Rand
	after  string
	sent   [][]byte
	taken  map[string]bool // by somebody else, from the server

	// What follows belongs to who holds the mailbox's mutex.
	mood   *rand.Rand
	poison map[string]misdeed // what the server always does with a mail
	calm   bool
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{chance: rand.New(rand.NewPCG(seed, 0)), mood: rand.New(rand.NewPCG(seed, 1)), taken: map[string]bool{}, poison: map[string]misdeed{}}
	w.after = []string{"keep", "move:Done"}[w.chance.IntN(2)]
	m := newMailbox(0)
	m.next = 1
	m.offers = []string{"IMAP4rev1 MOVE", "IMAP4rev1 MOVE IDLE"}[w.chance.IntN(2)]
	m.fetch = func(_ string, mail stored) misdeed {
		deed, poisoned := w.poison[mail.body]
		switch {
		case w.calm:
			return behave
		case poisoned:
			return deed
		case w.mood.IntN(12) == 0:
			return misdeed(w.mood.IntN(int(badDate) + 1))
		}
		return behave
	}
	m.moved = func(mails []stored) bool {
		for _, mail := range mails {
			if !slices.ContainsFunc(w.inbox.Accepted(), func(o channels.Original) bool { return string(o.Bytes) == mail.body }) {
				t.Errorf("%q was moved before the inbox had it", mail.body)
			}
		}
		m.mutex.Lock()
		defer m.mutex.Unlock()
		return w.calm || w.mood.IntN(3) > 0
	}
	w.stand = start(t, m, w.account)
	return w
}

func (w *world) account(a *Account) { a.After = w.after }

// happens makes something happen.
func (w *world) happens() {
	switch w.chance.IntN(9) {
	case 0, 1, 2: // mails come
		for range 1 + w.chance.IntN(4) {
			text := mailNumber(len(w.sent))
			w.sent = append(w.sent, text)
			w.m.mutex.Lock()
			uid := w.m.next
			w.m.next += 1 + w.chance.Uint32N(2)
			if w.chance.IntN(8) == 0 {
				w.poison[string(text)] = []misdeed{hangUp, skipIt, refuse, throttle}[w.chance.IntN(4)]
			}
			w.m.mutex.Unlock()
			w.m.put(stored{uid, string(text)})
		}
	case 3: // the daemon starts anew
		w.stop()
		w.restart(w.account)
	case 4: // our disk is full now and then
		full := rand.New(rand.NewPCG(w.chance.Uint64(), 0))
		w.inbox.Refuse(func([]channels.Original) error { return []error{nil, errors.New("disk full")}[full.IntN(2)] })
	case 5: // there is room again
		w.inbox.Refuse(nil)
	case 6: // the server is mended
		w.m.mutex.Lock()
		defer w.m.mutex.Unlock()
		clear(w.poison)
	case 7: // somebody takes a mail away
		w.m.mutex.Lock()
		defer w.m.mutex.Unlock()
		if len(w.m.mails) > 0 {
			at := w.chance.IntN(len(w.m.mails))
			w.taken[w.m.mails[at].body] = true
			w.m.mails = slices.Delete(w.m.mails, at, at+1)
		}
	case 8: // the mails are renumbered
		w.stop()
		w.m.mutex.Lock()
		w.m.validity++
		w.m.next = 1
		for i := range w.m.mails {
			w.m.mails[i].uid = w.m.next
			w.m.next += 1 + w.chance.Uint32N(3)
		}
		w.m.mutex.Unlock()
		w.restart(w.account)
	}
}

func TestWhateverHappensEveryMailComesOnce(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			for range 60 {
				w.happens()
				time.Sleep(time.Duration(w.chance.IntN(300)) * time.Second)
			}
			w.m.mutex.Lock()
			w.calm = true
			w.m.mutex.Unlock()
			w.inbox.Refuse(nil)
			time.Sleep(3 * time.Hour)
			synctest.Wait()
			count := map[string]int{}
			for _, original := range w.inbox.Accepted() {
				if original.Defect == "" {
					count[string(original.Bytes)]++
				}
			}
			for n, text := range w.sent {
				if c := count[string(text)]; c != 1 && (c != 0 || !w.taken[string(text)]) {
					t.Errorf("seed %d, %s: mail %d came %d times", seed, w.after, n, c)
				}
			}
			if w.after != "keep" && len(w.m.mails) > 0 {
				t.Errorf("seed %d: %d mails were not moved", seed, len(w.m.mails))
			}
		})
	}
}
