package classifiers_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"contactd/classifiers"
	"contactd/contact"
)

// words grades a text by the words in it: three of them make an emergency.
type words struct{}

func (words) Name() string  { return "words@1" }
func (words) Bounded() bool { return true }
func (words) Grade(_ context.Context, m contact.Message) (contact.Opinion, error) {
	n := 0
	for _, word := range []string{"back", "upstairs", "knife"} {
		if strings.Contains(m.Text, word) {
			n++
		}
	}
	grade := []contact.Grade{contact.Resolution, contact.Scheduled, contact.Priority, contact.Emergency}[n]
	return contact.Opinion{By: "words@1", Grade: grade, Categories: []string{"covert"}, Reasons: []contact.Reason{
		{Rule: "words", Grade: grade, Category: "covert", Text: "words", Spans: []contact.Span{{Start: 0, End: len(m.Text), Quote: m.Text}}},
	}}, nil
}

var morning = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

// said is the n-th message of a conversation, so many minutes after morning.
func said(conversation string, n int, minute float64, text string) contact.Message {
	return contact.Message{
		ID: fmt.Sprintf("%s-%d", conversation, n), Conversation: conversation, Text: text, Authored: text,
		ReceivedAt: morning.Add(time.Duration(minute * float64(time.Minute))),
	}
}

func newTogether() *classifiers.Together {
	return classifiers.NewTogether(classifiers.NewPanel(classifiers.Config{}, words{}))
}

func TestMessagesAreJudgedTogetherAsFarBackAsTheyAreShort(t *testing.T) {
	c := newTogether()
	ctx := context.Background()
	long := strings.Repeat("and then nothing ", 28)
	c.Assess(ctx, said("c", 1, 0, "he's back"))
	c.Assess(ctx, said("c", 2, 1, long))
	if got := c.Assess(ctx, said("c", 3, 2, "upstairs, with the long blue ladder")); got.Grade != contact.Scheduled {
		t.Errorf("a word from before a long message counts: %v", got.Grade)
	}
	c.Assess(ctx, said("d", 1, 0, long+"he's back"))
	if got := c.Assess(ctx, said("d", 2, 1, "upstairs "+long)); got.Grade != contact.Priority {
		t.Errorf("the message before does not count: %v", got.Grade)
	}
}

func TestSeveralWeakMessagesSayMoreTogether(t *testing.T) {
	c := newTogether()
	ctx := context.Background()
	c.Assess(ctx, said("c", 1, 0, "he's back"))
	if got := c.Assess(ctx, said("c", 2, 1, "upstairs")); got.Grade != contact.Priority {
		t.Errorf("two: %v", got.Grade)
	}
	got := c.Assess(ctx, said("c", 3, 2, "he has a knife"))
	if got.Grade != contact.Emergency || got.Reasons[0].Rule != "together" || got.Categories[0] != "covert" {
		t.Fatalf("three: %+v", got)
	}
	for _, opinion := range got.Opinions {
		if opinion.By != "together" {
			continue
		}
		for _, reason := range opinion.Reasons {
			if len(reason.Spans) > 0 || strings.Contains(reason.Text, "knife") {
				t.Errorf("a reason points into a text that nobody sees: %+v", reason)
			}
		}
	}
	if again := c.Assess(ctx, said("c", 3, 2, "he has a knife")); again.Grade != contact.Emergency {
		t.Errorf("judged again: %v", again.Grade)
	}
}

func TestWhatWasSaidBeforeIsNoSecondAlarm(t *testing.T) {
	c := newTogether()
	ctx := context.Background()
	c.Assess(ctx, said("c", 1, 0, "he is back upstairs with a knife"))
	if got := c.Assess(ctx, said("c", 2, 1, "thank you")); got.Grade != contact.Resolution {
		t.Errorf("thanks: %v", got.Grade)
	}
}

func TestOnlyShortMessagesOfOnePersonsHalfHourAreJoined(t *testing.T) {
	ctx := context.Background()
	for name, second := range map[string]contact.Message{
		"an hour later":        said("c", 2, 61, "upstairs"),
		"another conversation": said("d", 2, 1, "upstairs"),
		"a long message":       said("c", 2, 1, "upstairs "+strings.Repeat("and so on ", 200)),
		"a machine's":          {ID: "c-2", Conversation: "c", Text: "upstairs", ReceivedAt: morning, Automatic: contact.AutoReply},
		"a change of an older": {ID: "c-2", Conversation: "c", Text: "upstairs", ReceivedAt: morning, Revision: &contact.Revision{}},
		"without conversation": {ID: "c-2", Text: "upstairs", ReceivedAt: morning},
	} {
		c := newTogether()
		c.Assess(ctx, said("c", 1, 0, "he's back"))
		if got := c.Assess(ctx, second); got.Grade != contact.Scheduled {
			t.Errorf("%s: %v", name, got.Grade)
		}
	}
}

func TestManyConversationsAreRememberedAtATimeAndNoMore(t *testing.T) {
	c := newTogether()
	ctx := context.Background()
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 3000 {
				c.Assess(ctx, said(fmt.Sprintf("%d-%d", worker, i), 1, float64(i)/100, "he's back"))
			}
		})
	}
	all.Wait()
	if got := c.Assess(ctx, said("0-2999", 2, 30, "upstairs")); got.Grade != contact.Priority {
		t.Errorf("the latest conversation was forgotten: %v", got.Grade)
	}
	if got := c.Assess(ctx, said("0-0", 2, 29, "upstairs")); got.Grade != contact.Scheduled {
		t.Errorf("the oldest conversation is remembered: %v", got.Grade)
	}
}

func TestTogetherNeverSaysLessThanAlone(t *testing.T) {
	panel := classifiers.NewPanel(classifiers.Config{}, words{})
	rapid.Check(t, func(t *rapid.T) {
		c := classifiers.NewTogether(panel)
		for n := range rapid.IntRange(1, 6).Draw(t, "messages") {
			text := rapid.OneOf(rapid.SampledFrom([]string{"back", "upstairs", "knife", "", "thanks"}), rapid.String()).Draw(t, "text")
			m := said("c", n, rapid.Float64Range(0, 90).Draw(t, "minute"), text)
			if alone := panel.Assess(context.Background(), m).Grade; alone.Above(c.Assess(context.Background(), m).Grade) {
				t.Fatalf("%q: less than %v", text, alone)
			}
		}
	})
}

func TestWhatIsRememberedHoldsNoLongQuote(t *testing.T) {
	const quote = 1 << 20
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	c, before := newTogether(), held()
	for n := range 64 {
		text := "he's back\n> " + strings.Repeat("x", quote)
		message := said(fmt.Sprint(n), 1, 0, text)
		message.Authored = text[:9]
		c.Assess(t.Context(), message)
	}
	if grown := int64(held() - before); grown > 8*quote {
		t.Errorf("%d bytes are held for 64 short messages", grown)
	}
	runtime.KeepAlive(c)
}
