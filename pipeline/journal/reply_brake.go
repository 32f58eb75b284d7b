package journal

import (
	"errors"
	"fmt"
	"time"
)

// Automatic bounds the replies that no person wrote. Two machines that answer
// each other are stopped by it, whatever their channel let through.
type Automatic struct {
	// SenderPause is the time between two of them to one sender; default 24h.
	SenderPause time.Duration `yaml:"sender_pause"`
	// PerConversation is how many one conversation gets; default 3.
	PerConversation int `yaml:"per_conversation"`
	// PerMinute is how many are sent in all; default 20.
	PerMinute int `yaml:"per_minute"`
}

func (a Automatic) withDefaults() Automatic {
	if a.SenderPause == 0 {
		a.SenderPause = 24 * time.Hour
	}
	if a.PerConversation == 0 {
		a.PerConversation = 3
	}
	if a.PerMinute == 0 {
		a.PerMinute = 20
	}
	return a
}

func (a Automatic) validate() error {
	var problems []error
	for _, each := range []struct {
		key   string
		value int64
	}{
		{"sender_pause", int64(a.SenderPause)},
		{"per_conversation", int64(a.PerConversation)},
		{"per_minute", int64(a.PerMinute)},
	} {
		if each.value < 0 {
			problems = append(problems, fmt.Errorf("automatic_replies.%s: is negative", each.key))
		}
	}
	return errors.Join(problems...)
}

// brake names the limit that holds an automatic reply back, or nothing. What was
// queued later than now, before the clock was set back, holds nothing back.
func (t *tx) brake(r *replyRow, limits Automatic) (string, error) {
	now := t.now()
	count, err := queryInt(t.conn, "SELECT count(*) FROM replies WHERE automatic = 1 AND recipient = ? AND queued > ? AND queued <= ?",
		r.recipient, now.Add(-limits.SenderPause).UnixMicro(), now.UnixMicro())
	if err != nil || count > 0 {
		return "sender", err
	}
	count, err = queryInt(t.conn, "SELECT count(*) FROM replies WHERE automatic = 1 AND conversation = ?", r.conversation)
	if err != nil || count >= int64(limits.PerConversation) {
		return "conversation", err
	}
	count, err = queryInt(t.conn, "SELECT count(*) FROM replies WHERE automatic = 1 AND queued > ? AND queued <= ?",
		now.Add(-time.Minute).UnixMicro(), now.UnixMicro())
	if err != nil || count >= int64(limits.PerMinute) {
		return "minute", err
	}
	return "", nil
}
