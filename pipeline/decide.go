package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"contactd/channels"
	"contactd/contact"
)

// Decisions is what the pipeline needs of the journal to keep what handlers
// decide about grades.
type Decisions interface {
	// Accept is that of channels.Inbox.
	Accept(ctx context.Context, originals []channels.Original, cursor channels.Cursor) error
	// Begun says by which channel and account a conversation was begun.
	Begun(ctx context.Context, conversation string) (channel, account string, known bool, err error)
	// Lookup returns the entry of an identity. One whose bytes are pruned is
	// known and has none, a damaged one is known by its number alone.
	Lookup(ctx context.Context, channel, account, id string) (e Entry, known bool, err error)
	// Message is Lookup by contact.MessageID. It takes long: about 100 ms for
	// a million messages.
	Message(ctx context.Context, id string) (e Entry, known bool, err error)
}

// grading is a command by which a handler grades.
type grading struct {
	contact.Graded
	cause string // the command's event id
	asked string // its identity: source and id
}

// Bounds on what a handler may say about a grade.
const (
	maxReason     = 500 // characters, as the others
	maxAuthor     = 200
	maxCategories = 20
	maxCategory   = 100
)

// readGrading reads a command and says what it lacks.
func readGrading(e contact.Event) (g grading, err error) {
	g.cause, g.asked = e.ID, e.Source+" "+e.ID
	if err := json.Unmarshal(e.Data, &g.Graded); err != nil {
		return g, fmt.Errorf("read %s: %w", e.Type, unworded(err, e.Data))
	}
	var said struct{ Previous *contact.Grade } // what is missing would be read as unknown
	_ = json.Unmarshal(e.Data, &said)          // it could be read before
	problems := []error{
		checkVersion(g.SchemaVersion),
		checkID("conversationId", "c-", g.ConversationID),
		checkID("contactId", "m-", g.ContactID),
	}
	wrong := func(is bool, what string) {
		if is {
			problems = append(problems, errors.New(what))
		}
	}
	wrong(e.ID == "" || e.Source == "", "source or id is missing")
	wrong(e.PartitionKey != "" && e.PartitionKey != g.ConversationID, "partitionkey is not the conversation")
	wrong(said.Previous == nil, "previous is missing: say which grade the handler saw")
	wrong(g.Grade == contact.Unknown, "grade: want emergency, priority, scheduled or resolution")
	wrong(g.Previous.Above(g.Grade) && strings.TrimSpace(g.Reason) == "", "reason is missing: a grade is not lowered without one")
	wrong(utf8.RuneCountInString(g.Reason) > maxReason, "reason is too long: at most 500 characters")
	wrong(utf8.RuneCountInString(g.Author) > maxAuthor, "author is too long: at most 200 characters")
	wrong(len(g.Categories) > maxCategories, "categories are too many")
	wrong(slices.ContainsFunc(g.Categories, func(c string) bool { return c == "" || utf8.RuneCountInString(c) > maxCategory }), "a category is empty or too long")
	wrong(g.At.IsZero(), "at is missing")
	return g, inOneLine(e.Type, problems)
}

// decide keeps what a handler decided. It is refused when another grade stands
// than the one that the handler saw: what a machine has raised meanwhile is not
// to be lowered by somebody who does not know of it.
func (p *Pipeline) decide(ctx context.Context, g grading) error {
	if p.decisions == nil {
		return Permanent(errors.New("grade conversation: grades are not kept here"))
	}
	channel, account, known, err := p.decisions.Begun(ctx, g.ConversationID)
	switch {
	case err != nil:
		return err
	case p.shared && (!known || Own(channel)):
		return nil
	case !known || Own(channel):
		return Permanent(errors.New("grade conversation: there is no such conversation"))
	}
	p.deciding.Lock()
	defer p.deciding.Unlock()
	name := channel + "/" + account
	decided, count, err := p.decidedOn(ctx, name, g.ContactID)
	if err != nil {
		return err
	}
	raised, _, err := p.said(ctx, name, g.ContactID, p.secondly.By)
	if err != nil {
		return err
	}
	said := slices.Concat(decided, raised)
	slices.SortStableFunc(said, func(a, b saidLater) int { return cmp.Compare(a.seq, b.seq) })
	for _, each := range said {
		if each.Asked == g.asked {
			return g.repeats(each.Assessed)
		}
	}
	if err := p.fits(ctx, g, said); err != nil {
		return err
	}
	kept := p.decision(p.seal.source(channel, account), g, count+1)
	if g.Grade == contact.Emergency && g.Previous != contact.Emergency {
		kept.Escalated = p.escalated(ctx, kept.Assessed)
	}
	original, err := kept.original(name)
	if err != nil {
		return err
	}
	if err := p.decisions.Accept(ctx, []channels.Original{original}, channels.Cursor{}); err != nil {
		return err
	}
	p.metrics.decided.WithLabelValues(g.Previous.String(), g.Grade.String()).Inc()
	return nil
}

// repeats is nil when a command comes again, and an error for another one under
// its id. When it was sent off may differ.
func (g grading) repeats(known *contact.Assessed) error {
	if c := known.Classification; c.Grade == g.Grade && known.Previous == g.Previous && known.ChangeReason == g.Reason {
		return nil
	}
	return Permanent(errors.New("grade conversation: the id of this command was used for another one: give each command an id of its own"))
}

// fits says why a command cannot be taken after what was said of its message
// later: that must be known here, of this conversation, and still what the
// handler saw.
func (p *Pipeline) fits(ctx context.Context, g grading, said []saidLater) error {
	wrong := func(format string, args ...any) error {
		return Permanent(fmt.Errorf("grade conversation: "+format, args...))
	}
	if n := len(said); n > 0 {
		last := said[n-1].Assessed
		switch stands := last.Classification.Grade; {
		case last.ConversationID != g.ConversationID:
			return wrong("the message is of another one")
		case stands != g.Previous:
			return wrong("it is %s by now, not %s: look at it again", stands, g.Previous)
		}
		return nil
	}
	entry, known, err := p.decisions.Message(ctx, g.ContactID)
	switch {
	case err != nil || known && entry.Original.Channel == "": // what cannot be read is graded all the same
		p.log.Warn("look up the message of a grade", "message_id", g.ContactID, "err", err)
		return nil
	case !known || Own(entry.Original.Channel):
		return wrong("there is no such message")
	case entry.Conversation != g.ConversationID:
		return wrong("the message is of another one")
	case entry.Lane == LaneEmergency && contact.Emergency.Above(g.Grade) && strings.TrimSpace(g.Reason) == "":
		return wrong("reason is missing: it went out as an emergency, which is not lowered without one")
	}
	return nil
}

// decision is what is kept of a command; number tells a message's decisions
// apart.
func (p *Pipeline) decision(source string, g grading, number int) *laterOpinion {
	reason := contact.Reason{Rule: contact.Human, Grade: g.Grade, Text: g.Reason}
	opinion := contact.Opinion{By: contact.Human, Grade: g.Grade, Categories: g.Categories, Reasons: []contact.Reason{reason}}
	return &laterOpinion{
		Source: source, Cause: g.cause, Asked: g.asked, By: contact.Human + "/" + strconv.Itoa(number),
		Assessed: &contact.Assessed{
			SchemaVersion: schemaVersion, ContactID: g.ContactID, ConversationID: g.ConversationID,
			Classification: p.seal.classification(contact.Assessment{
				Grade: g.Grade, Categories: g.Categories, Reasons: opinion.Reasons,
				JudgedBy: []string{contact.Human}, Opinions: []contact.Opinion{opinion}, At: g.At,
			}),
			Previous: g.Previous, ChangeReason: g.Reason, Author: g.Author,
		},
	}
}

// escalated is the data of the alert about what a person made an emergency, nil
// when the message can no longer be read: its assessment is told in any case.
func (p *Pipeline) escalated(ctx context.Context, by *contact.Assessed) json.RawMessage {
	entry, known, err := p.decisions.Message(ctx, by.ContactID)
	if err == nil && known && entry.Conversation == by.ConversationID {
		var j judged
		if j, err = p.judge(ctx, entry); err == nil {
			data := p.seal.data(entry, j)
			data.Classification = p.seal.classification(after(j.assessment, by.Classification.Assessment))
			return escalation(data)
		}
	}
	p.log.Warn("no alert: the message of an emergency cannot be read", "message_id", by.ContactID, "known", known, "err", err)
	return nil
}

// saidLater is a later opinion with its place in the journal.
type saidLater struct {
	laterOpinion
	seq int64
}

// decidedOn gives what people have decided about a message, in order, and how
// often they have.
func (p *Pipeline) decidedOn(ctx context.Context, account, message string) (decided []saidLater, count int, err error) {
	for ; ; count++ {
		more, known, err := p.said(ctx, account, message, contact.Human+"/"+strconv.Itoa(count+1))
		if err != nil || !known {
			return decided, count, err
		}
		decided = append(decided, more...)
	}
}

// said gives what a judge has assessed about a message later, none when it has
// suggested only or the bytes are gone.
func (p *Pipeline) said(ctx context.Context, account, message, by string) (said []saidLater, known bool, err error) {
	entry, known, err := p.decisions.Lookup(ctx, AssessmentsChannel, account, message+"/"+by)
	if err != nil || !known {
		return nil, known, err
	}
	if l, _, _, err := readLater(entry); err == nil && l.Assessed != nil {
		said = append(said, saidLater{l, entry.Seq})
	}
	return said, true, nil
}

// sinceDecided brings what is known of a published message up to what people
// have decided since. asking is the error of the judge, which goes first.
func (p *Pipeline) sinceDecided(ctx context.Context, first published, asking error) (published, error) {
	if asking != nil || p.decisions == nil {
		return first, asking
	}
	var decided []saidLater
	err := p.insist(ctx, func(ctx context.Context) (err error) {
		decided, _, err = p.decidedOn(ctx, accountOf(first.data), first.data.ContactID)
		return err
	})
	for _, each := range decided {
		first.data.Classification.Assessment = after(first.data.Classification.Assessment, each.Assessed.Classification.Assessment)
		first.standing = first.data.Classification.Grade
	}
	return first, err
}

// after is an assessment after what a person decided: that counts, and what
// machines said stays to be read.
func after(before, person contact.Assessment) contact.Assessment {
	next := before
	next.Shadow = nil
	next.Grade, next.At = person.Grade, person.At
	if len(person.Categories) > 0 {
		next.Categories = person.Categories
	}
	next.Reasons = slices.Concat(person.Reasons, before.Reasons)
	next.Opinions = slices.Concat(before.Opinions, person.Opinions)
	next.JudgedBy = append(slices.DeleteFunc(slices.Clone(before.JudgedBy), func(by string) bool { return by == contact.Human }), contact.Human)
	if next.Grade.Above(contact.Scheduled) {
		next.Signpost = nil
	}
	return next
}
