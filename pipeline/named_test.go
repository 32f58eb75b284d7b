package pipeline

import (
	"context"
	"errors"
	"testing"

	"contactd/contact"
)

// named is the journal's answer about the message that a command names.
type named struct {
	Decisions
	entry Entry
	err   error
}

func (n named) Message(context.Context, string) (Entry, bool, error) {
	return n.entry, n.err == nil, n.err
}

func TestAJournalThatCannotBeReadNowIsNotTheFaultOfAReply(t *testing.T) {
	p, _, _ := testPipeline(t, nil)
	busy := errors.New("another program holds the database")
	p.decisions = named{err: busy}
	out := Outgoing{Reply: contact.Reply{Way: contact.Hide, InReplyTo: "m-1"}}
	if _, err := p.aimed(t.Context(), out); !errors.Is(err, busy) || !isOurs(err) {
		t.Errorf("a reply fails for %v, want it tried again", err)
	}
}

func TestADamagedMessageIsGradedAllTheSameAndNotHidden(t *testing.T) {
	p, _, _ := testPipeline(t, nil)
	p.decisions = named{entry: Entry{Seq: 1}}
	if err := p.fits(t.Context(), grading{Graded: contact.Graded{ConversationID: "c-1"}}, nil); err != nil {
		t.Errorf("a grade is refused: %v", err)
	}
	out := Outgoing{Reply: contact.Reply{Way: contact.Hide, InReplyTo: "m-1", Conversation: "c-1"}}
	if _, err := p.aimed(t.Context(), out); err == nil || isOurs(err) {
		t.Errorf("got %v, want that it cannot be answered", err)
	}
}
