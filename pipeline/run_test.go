package pipeline

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
)

// feed is a subscriber: what whoever subscribes gets.
type feed func() (<-chan *message.Message, error)

func (f feed) Subscribe(context.Context, string) (<-chan *message.Message, error) { return f() }
func (feed) Close() error                                                         { return nil }

func TestAPipelineThatIsStoppedBeforeItCouldBeginSaysWhy(t *testing.T) {
	p, _, _ := testPipeline(t, nil)
	away := errors.New("journal is closed")
	p.unread = feed(func() (<-chan *message.Message, error) { return nil, away })
	p.outbox, p.ahead = p.unread, p.unread
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Run(ctx); !errors.Is(err, away) {
		t.Errorf("got %v, want what keeps it from beginning", err)
	}
}

func TestAPipelineSaysThatNothingIsLeftToReadFrom(t *testing.T) {
	p, _, _ := testPipeline(t, nil)
	p.unread = feed(func() (<-chan *message.Message, error) {
		over := make(chan *message.Message)
		close(over)
		return over, nil
	})
	p.outbox, p.ahead = p.unread, p.unread
	if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "was closed") {
		t.Errorf("got %v, want why it ended", err)
	}
}
