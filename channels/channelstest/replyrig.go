package channelstest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
)

// replyRig is one platform with what a channel on it needs.
type replyRig struct {
	t        *testing.T
	setup    ReplySetup
	platform ReplyPlatform
	blobs    Blobs
	health   Health
	log      logBuffer
}

func (r *replyRig) deps() Deps {
	return Deps{Blobs: &r.blobs, Health: &r.health, Log: slog.New(slog.NewJSONHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

// reply is the nth answer to the person.
func reply(n int) contact.Reply {
	conversation := contact.ConversationID("channelstest", "account", "thread")
	return contact.Reply{
		ID:           contact.ReplyID(conversation, fmt.Sprint(n)),
		Conversation: conversation,
		Text:         fmt.Sprintf("somebody will come to number %d\nat eight", n),
		Author:       "h214",
		RequestedAt:  time.Date(2026, 11, 3, 21, 16, 40, 0, time.UTC),
	}
}

// words are what is looked for at the person's side.
func words(n int) string { return fmt.Sprintf("somebody will come to number %d", n) }

// send calls Reply with patience.
func (r *replyRig) send(ch channels.Replier, to channels.Address, n int) (channels.Receipt, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return ch.Reply(ctx, to, reply(n))
}

func (r *replyRig) find(ch channels.Replier, n int) (channels.Receipt, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return ch.Find(ctx, r.platform.To, reply(n))
}

// received counts how often the person has received a reply, as soon as that
// is at least want times.
func (r *replyRig) received(n, want int) int {
	r.t.Helper()
	end := time.Now().Add(patience)
	for {
		count := 0
		for _, text := range r.platform.Received() {
			if strings.Contains(text, words(n)) {
				count++
			}
		}
		if count >= want || time.Now().After(end) {
			return count
		}
		time.Sleep(20 * time.Millisecond)
	}
}
