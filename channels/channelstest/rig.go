package channelstest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
)

// rig is one platform with what a channel on it needs.
type rig struct {
	t        *testing.T
	setup    Setup
	platform Platform
	inbox    *Inbox
	blobs    *Blobs
	health   *Health
	log      logBuffer
}

func (r *rig) deps() Deps {
	return Deps{Blobs: r.blobs, Health: r.health, Log: slog.New(slog.NewJSONHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

// receive runs a channel until the returned function is called.
func (r *rig) receive(ch channels.Channel) (stop func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- ch.Receive(ctx, r.inbox) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					r.t.Errorf("receive returned %v after its context ended", err)
				}
			case <-time.After(prompt):
				r.t.Errorf("receive did not return within %s", prompt)
				<-done
			}
		})
	}
	r.t.Cleanup(stop)
	return stop
}

// await waits until the inbox has n originals.
func (r *rig) await(n int) []channels.Original {
	r.t.Helper()
	r.until("originals to be accepted", func(ctx context.Context) error {
		return r.inbox.Await(ctx, func(o []channels.Original) bool { return len(o) >= n })
	})
	return r.inbox.Accepted()
}

func (r *rig) until(what string, wait func(context.Context) error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := wait(ctx); err != nil {
		r.t.Fatalf("wait for %s: %v; told failures: %v", what, err, r.health.Failures())
	}
}

// read returns the text of what was accepted, by original.
func (r *rig) read(ch channels.Channel, originals []channels.Original) []contact.Message {
	r.t.Helper()
	var messages []contact.Message
	for _, original := range originals {
		message, err := ch.Read(context.Background(), original)
		if err != nil {
			r.t.Errorf("read %s: %v", original.ID, err)
		}
		messages = append(messages, message)
	}
	return messages
}

// wantTexts fails unless each text is in exactly one message.
func (r *rig) wantTexts(messages []contact.Message, texts []string) {
	r.t.Helper()
	for _, text := range texts {
		found := 0
		for _, message := range messages {
			if strings.Contains(message.Text, text) {
				found++
			}
		}
		if found != 1 {
			r.t.Errorf("%q was taken %d times", text, found)
		}
	}
	if len(messages) != len(texts) {
		r.t.Errorf("%d messages were taken, want %d", len(messages), len(texts))
	}
}

func numbered(n int) string { return fmt.Sprintf("please send help to number %d of this street", n) }
