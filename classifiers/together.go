package classifiers

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"contactd/contact"
)

// What is remembered: the messages of the last half hour, so many of one
// conversation, so much of their text, and of so many conversations.
const (
	togetherWithin   = 30 * time.Minute
	togetherMessages = 12
	togetherBytes    = 1500 // of one message; a longer one speaks for itself
	togetherMost     = 4096
	// togetherText is what they are together, in bytes, or else two of them:
	// more says less, as all that was said weighs in.
	togetherText = 500
)

// Together judges a message alone and then, with the short messages that the
// same person wrote in the conversation within half an hour before, as one
// text: "he's back" and "upstairs" and "pls" say more than each of them. Only
// what no message of them said alone counts, so that thanks after an emergency
// are no second one. It remembers in memory alone: after a restart the next
// message begins anew. Safe for concurrent use.
type Together struct {
	panel *Panel
	now   func() time.Time

	mu   sync.Mutex
	said map[string][]utterance // by conversation, oldest first
}

// utterance is a short message that was judged.
type utterance struct {
	id    string
	at    time.Time
	text  string
	grade contact.Grade // alone, or together with those before
}

// NewTogether lets a panel judge.
func NewTogether(panel *Panel) *Together {
	return &Together{panel: panel, now: panel.now, said: map[string][]utterance{}}
}

// Assess judges a message. It never says less than the panel alone.
func (t *Together) Assess(ctx context.Context, message contact.Message) contact.Assessment {
	alone := t.panel.Assess(ctx, message)
	own, short := joinable(message)
	if message.Conversation == "" || !short {
		return alone
	}
	at := message.ReceivedAt
	if at.IsZero() {
		at = t.now()
	}
	before := t.before(message, at)
	assessment := alone
	if len(before) > 0 {
		assessment = t.raised(ctx, message, alone, before, own)
	}
	t.remember(message, utterance{message.ID, at, strings.Clone(own), assessment.Grade}) // what it quotes is let go
	return assessment
}

// joinable is what a person wrote, and whether it is judged with what they wrote
// before.
func joinable(message contact.Message) (own string, short bool) {
	own = newText(message)
	return own, message.Revision == nil && message.Automatic == contact.Person && own != "" && len(own) <= togetherBytes
}

// JoinedText is the text that the last of a conversation's messages, which come
// in order, is judged by together with those before, and of how many it is; its
// own when it is judged alone.
func JoinedText(messages []contact.Message) (text string, of int) {
	last := messages[len(messages)-1]
	own, short := joinable(last)
	if !short {
		return own, 1
	}
	var texts []string
	for _, each := range messages[:len(messages)-1] {
		if text, short := joinable(each); short && near(last.ReceivedAt, each.ReceivedAt) {
			texts = append(texts, text)
		}
	}
	texts = append(lastOf(texts[max(0, len(texts)-togetherMessages):], own), own)
	return strings.Join(texts, "\n"), len(texts)
}

// lastOf are the last of some texts: as many as make a short one with own, and
// one at least.
func lastOf(texts []string, own string) []string {
	size := len(own)
	for i := len(texts) - 1; i >= 0; i-- {
		if size += len(texts[i]) + 1; size > togetherText && i < len(texts)-1 {
			return texts[i+1:]
		}
	}
	return texts
}

// near reports whether messages are judged together by their times.
func near(a, b time.Time) bool {
	apart := a.Sub(b)
	return apart <= togetherWithin && apart >= -togetherWithin
}

// newText is what the person wrote, without what they quote.
func newText(message contact.Message) string {
	return strings.TrimSpace(cmp.Or(message.Authored, message.Text))
}

// raised is the assessment with what the messages say together, if that is
// more than any of them says.
func (t *Together) raised(ctx context.Context, message contact.Message, alone contact.Assessment, before []utterance, own string) contact.Assessment {
	highest := alone.Grade
	texts := make([]string, 0, len(before)+1)
	for _, each := range before {
		highest = contact.Highest(highest, each.grade)
		texts = append(texts, each.text)
	}
	if !contact.Emergency.Above(highest) {
		return alone
	}
	whole := message
	whole.Text = strings.Join(append(lastOf(texts, own), own), "\n")
	whole.Authored, whole.Subject, whole.Attachments = whole.Text, "", nil
	joined := t.panel.Assess(ctx, whole)
	if !joined.Grade.Above(highest) {
		return alone
	}
	return withTogether(alone, joined)
}

// withTogether adds what the messages say together as one more opinion. Its
// places are those of a text that nobody sees, so they are left out.
func withTogether(alone, joined contact.Assessment) contact.Assessment {
	opinion := contact.Opinion{By: "together", Grade: joined.Grade, Categories: joined.Categories, Reasons: []contact.Reason{{
		Rule: "together", Grade: joined.Grade, Text: "together with the messages before it in the last half hour",
	}}}
	for _, reason := range joined.Reasons {
		if reason.Grade == joined.Grade {
			reason.Rule, reason.Spans = "together."+reason.Rule, nil
			opinion.Reasons = append(opinion.Reasons, reason)
		}
	}
	return merge(append(slices.Clone(alone.Opinions), opinion), alone.At)
}

// before are the utterances that count, oldest first; the message itself, if
// it is judged again, and what came after it do not.
func (t *Together) before(message contact.Message, at time.Time) []utterance {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []utterance
	for _, each := range t.said[message.Conversation] {
		if each.id == message.ID {
			break
		}
		if near(at, each.at) {
			found = append(found, each)
		}
	}
	return found
}

func (t *Together) remember(message contact.Message, said utterance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.said[message.Conversation]
	for i := range known {
		if known[i].id == said.id {
			return
		}
	}
	if len(known) == 0 && len(t.said) >= togetherMost {
		t.forget()
	}
	if len(known) >= togetherMessages {
		known = slices.Clone(known[1:])
	}
	t.said[message.Conversation] = append(known, said)
}

// forget lets go of the half of the conversations that were silent longest.
func (t *Together) forget() {
	last := func(conversation string) time.Time {
		said := t.said[conversation]
		return said[len(said)-1].at
	}
	oldest := slices.SortedFunc(maps.Keys(t.said), func(a, b string) int { return last(a).Compare(last(b)) })
	for _, conversation := range oldest[:len(oldest)/2] {
		delete(t.said, conversation)
	}
}
