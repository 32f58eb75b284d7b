package webchat

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"contactd/channels"
	"contactd/channels/webchat/store"
)

// A copy waits in the store until it is decided what became of it, over every
// restart. Its mail server may have it from the moment that Handing is noted: one
// that is found so afterwards is never sent again, and its person is told that
// nobody knows.
const (
	copiesAtOnce = 4
	mailLimit    = 30 * time.Second
	answerLimit  = 10 * time.Second // once Receive ends
	longestPause = time.Minute      // between two tries
)

// sendCopies sends what people asked for.
func (r *running) sendCopies() {
	if r.deps.Mailer == nil {
		return
	}
	again := time.NewTicker(r.timing.copies)
	defer again.Stop()
	for {
		r.someCopies(true, r.doubt)
		for r.someCopies(false, r.sendCopy) == copiesAtOnce {
			continue // there are more
		}
		select {
		case <-r.copies:
		case <-again.C:
		case <-r.ctx.Done():
			return
		}
	}
}

// someCopies does something with some that are due, or were being handed over,
// and returns with how many that went well.
func (r *running) someCopies(handing bool, do func(store.Copy) error) (done int) {
	now := r.deps.Now()
	copies, err := r.store.Copies(r.ctx, now, now.Add(longestPause), handing, copiesAtOnce)
	if err != nil {
		return 0
	}
	var all sync.WaitGroup
	var well atomic.Int64
	for _, c := range copies {
		all.Go(func() {
			err := do(c)
			switch {
			case err == nil, errors.Is(err, store.ErrUnknown): // forgotten meanwhile
				well.Add(1)
			case r.ctx.Err() == nil:
				r.deps.Log.Warn("copy of a chat could not be dealt with", "err", err)
			}
		})
	}
	all.Wait()
	return int(well.Load())
}

// sendCopy sends one, or puts it off.
func (r *running) sendCopy(c store.Copy) error {
	session, err := r.store.ByID(r.ctx, c.Session)
	if err != nil {
		return err
	}
	if isUnsafe(session) {
		return r.decided(c, store.Change{Failed: &c}, unsafeCode, "")
	}
	rows, err := r.store.After(r.ctx, c.Session, 0, transcriptRows)
	if err != nil {
		return err
	}
	words := transcriptWords(c.Language)
	err = r.hand(c, words.subject, words.written(rows, r.desk.at(session.Site).Zone()))
	if err != nil && c.Tries == 0 && r.ctx.Err() == nil { // and of later tries Health hears
		r.deps.Log.Warn("copy of a chat was not sent", "err", err)
	}
	switch {
	case err == nil:
		return r.decided(c, store.Change{Sent: &c}, sentCode, "")
	case channels.IsRefused(err):
		return r.decided(c, store.Change{Failed: &c}, failedCode, words.failed)
	case !channels.IsNotSent(err):
		return r.doubt(c)
	}
	c.Due = r.deps.Now().Add(min(longestPause, time.Second<<min(c.Tries, 10)))
	c.Tries++
	return r.store.PutCopy(context.WithoutCancel(r.ctx), c)
}

// hand gives one to the mailer. The end of Receive breaks that off, unless the
// mail server has all but the last byte: then its answer is worth a moment.
func (r *running) hand(c store.Copy, subject, text string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), mailLimit)
	defer cancel()
	stop := context.AfterFunc(r.ctx, cancel)
	defer stop()
	return r.deps.Mailer.Mail(ctx, c.Address, subject, text, func() error {
		if !stop() {
			return r.ctx.Err()
		}
		context.AfterFunc(r.ctx, func() { time.AfterFunc(answerLimit, cancel) })
		c.Handing = true
		return r.store.PutCopy(ctx, c)
	})
}

// doubt gives up one that may have been sent.
func (r *running) doubt(c store.Copy) error {
	return r.decided(c, store.Change{Sent: &c}, unknownCode, transcriptWords(c.Language).unknown)
}

// decided notes what became of a copy, and tells its person.
func (r *running) decided(c store.Copy, change store.Change, code, text string) error {
	now := r.deps.Now().UTC()
	change.At, change.Rows = now, []store.Row{{Kind: rowNotice, Ref: "copy/" + c.Ref}}
	change.Render = func(_ int, n int64) []byte {
		return encode(serverFrame{N: n, Type: "notice", Code: code, Text: text, ID: c.Ref, At: &now})
	}
	ctx := context.WithoutCancel(r.ctx)
	return r.with(ctx, c.Session, func(in *room) error {
		_, err := in.append(ctx, r.store, change)
		return err
	})
}
