package webchat

import (
	"fmt"
	"time"

	"contactd/channels/webchat/store"
)

// A person who goes away in the middle of a chat may be in trouble. When they
// were last heard of is in the store, so that a restart forgets nobody; those
// whose connection the restart itself broke have the whole time to come back.
const (
	vanishingEach = time.Second
	vanishAtOnce  = 100
)

func (r *running) watchVanishing() {
	r.each(vanishingEach, func() {
		told := vanishAtOnce
		for told == vanishAtOnce {
			told = r.tellVanished()
		}
	})
}

// tellVanished tells of some people that they are gone and returns of how many.
func (r *running) tellVanished() int {
	sessions, err := r.store.Vanishing(r.ctx, r.deps.Now().Add(-r.config.AbandonAfter), vanishAtOnce)
	if err != nil {
		return 0
	}
	told := 0
	for _, s := range sessions {
		if r.isBack(s) {
			continue
		}
		if err := r.vanished(s); err != nil {
			if r.ctx.Err() == nil {
				r.deps.Log.Warn("person who vanished could not be told of", "err", err)
			}
			break
		}
		told++
	}
	return told
}

// isBack reports whether somebody is connected, which the store may not know
// yet.
func (r *running) isBack(s store.Session) bool {
	in := r.rooms.inUse(s.Conversation)
	if in == nil {
		return false
	}
	defer r.rooms.leave(in)
	in.mutex.Lock()
	defer in.mutex.Unlock()
	return len(in.lines) > 0
}

// vanished tells once of each disappearance: the original's identity is the
// time of it.
func (r *running) vanished(s store.Session) error {
	d := r.newDocument(s, kindAbandoned, fmt.Sprintf("gone-%d", s.GoneAt.UnixMicro()), s.GoneAt.Add(r.config.AbandonAfter))
	d.Abandoned = &abandoned{
		LastSeenAt: s.HeardAt, LastTypingAt: known(s.LastTypingAt), LastMessageAt: known(s.LastMessageAt), Unanswered: s.Unanswered,
	}
	if err := r.durable(r.ctx, d); err != nil {
		return err
	}
	if err := r.store.Vanished(r.ctx, s); err != nil {
		return err
	}
	r.metrics.abandoned.Inc()
	return nil
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Sessions that were begun and never used go after a day; purging is done in
// small bites, so that nobody waits for it.
const (
	purgeEach   = 10 * time.Minute
	purgeAtOnce = 100
	unusedAfter = 24 * time.Hour
)

// purge removes sessions whose time is over. Their messages are elsewhere.
func (r *running) purge() {
	r.each(purgeEach, func() {
		for {
			now := r.deps.Now()
			gone, err := r.store.Purge(r.ctx, now.Add(-r.config.Retention), now.Add(-unusedAfter), purgeAtOnce)
			if err != nil && r.ctx.Err() == nil {
				r.deps.Log.Warn("old chats could not be removed", "err", err)
			}
			if err != nil || gone < purgeAtOnce {
				return
			}
		}
	})
}
