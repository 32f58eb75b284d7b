package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"contactd/classifiers"
	"contactd/classifiers/mask"
	"contactd/cmd/contactd/events"
	"contactd/cmd/contactd/tell"
	"contactd/contact"
	"contactd/pipeline/kafka"
)

type labelsCommand struct {
	Export labelsExport `cmd:"" help:"Write what handlers have graded as labelled messages, for train and eval."`
}

type labelsExport struct {
	Since     string `help:"Only grades given from this time on: 2026-11-03T21:00:00Z, \"2026-11-03 21:00\" or 2026-11-03 (local), or a time ago such as 720h." placeholder:"TIME"`
	Until     string `help:"Only grades given before this time, in the same forms." placeholder:"TIME"`
	Out       string `help:"Where the labels go; default: the standard output." placeholder:"FILE.csv"`
	Anonymise bool   `help:"Replace names, numbers and addresses by stand-ins. A person must still read the file before it is given away."`
}

// Help is shown below the usage.
func (labelsExport) Help() string {
	return `Reads contact.events as it is now and writes one row for each conversation that a person has graded: the last grade counts.
The text is that of the message that was graded, with the short ones that the same person wrote in the half hour before, as the
daemon judges them; one that was too long for its event is read from the journal, and one without words is left out. The category
is what the handler said.

Notes, separated by semicolons: was:GRADE, what the machines had given; lang:TAG; joined:N, the text is of N messages;
cut, the text is not whole; type=handled.

--anonymise masks text and category by form and by common first names, with the same stand-in for the same words throughout the file, and what the
channel knows of the people; ids are numbers. It cannot know a nickname, a rare name in small letters, a place without a number
or a story that only one person can have. Do not open the file in a program that runs what cells begin with, such as =.`
}

// label is a conversation with its last grade by a person.
type label struct {
	grade    contact.Event
	decision contact.Assessed
	// earlier are messages about which a person had decided before: they are
	// not part of what this grade is about.
	earlier  map[string]bool
	messages []contact.Message // up to the graded one, in order
	people   []contact.Party
	was      *contact.Grade // by machines; nil when the message is no longer there
	language string
	rawRef   string
	cut      bool
}

// Run exports the labels.
func (l labelsExport) Run(ctx context.Context, p *program, c *commands) error {
	since, until, err := l.bounds(time.Now())
	if err != nil {
		return err
	}
	if l.Out != "" {
		if err := writable(l.Out); err != nil {
			return fmt.Errorf("labels export: --out: %w", err)
		}
	}
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	cluster, err := clusterOf(config)
	if err != nil {
		return err
	}
	labels, lost, err := readLabels(ctx, cluster, config.Force, since, until)
	if err != nil {
		return err
	}
	rest, err := openWhole(config)
	if err != nil {
		return err
	}
	defer rest.close()
	table := l.table(ctx, labels, rest)
	if err := l.write(p, table.rows); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(p.err, "contactd: %s written, %d of them cut; of graded messages %d are no longer on the topic and %d have no words\n",
		tell.Count(len(table.rows)-1, "label"), table.cut, table.gone, table.wordless)
	return lost.Told("labels export")
}

// exported are rows below their header, how many of them are cut, and how many
// labels are left out.
type exported struct {
	rows                [][]string
	cut, gone, wordless int
}

// table makes rows of labels. One without words, as of a photograph, would
// teach that whoever says nothing is in danger, or is not.
func (l labelsExport) table(ctx context.Context, labels []*label, rest *whole) exported {
	masker := mask.New()
	e := exported{rows: [][]string{{"id", "channel", "text", "grade", "category", "notes"}}}
	for _, each := range labels {
		if each.was == nil {
			e.gone++
			continue
		}
		each.complete(ctx, rest)
		row := each.row()
		if !classifiers.Legible(row[2]) {
			e.wordless++
			continue
		}
		if each.cut {
			e.cut++
		}
		if l.Anonymise {
			known := knownOf(each.people)
			row[0], row[2], row[4] = strconv.Itoa(len(e.rows)), masker.Text(row[2], known), masker.Text(row[4], known)
		}
		e.rows = append(e.rows, row)
	}
	return e
}

// bounds are the times between which grades count; zero for none.
func (l labelsExport) bounds(now time.Time) (since, until time.Time, err error) {
	if l.Since != "" {
		if since, err = moment(l.Since, now); err != nil {
			return since, until, usageError{fmt.Errorf("--since: %w", err)}
		}
	}
	if l.Until != "" {
		if until, err = moment(l.Until, now); err != nil {
			return since, until, usageError{fmt.Errorf("--until: %w", err)}
		}
	}
	if l.Since != "" && l.Until != "" && !since.Before(until) {
		return since, until, usageError{errors.New("--since: is not before --until")}
	}
	return since, until, nil
}

// readLabels reads the topic twice, so that only what was graded is held: first
// the grades, then the messages they are about. Labels come in the order in
// which they were given.
func readLabels(ctx context.Context, cluster *kafka.Cluster, force string, since, until time.Time) (labels []*label, lost events.Lost, err error) {
	of := map[string]*label{} // by conversation
	lost, err = events.Read(ctx, cluster, []string{contact.AssessedV1}, nil, func(e contact.Event) {
		var data contact.Assessed
		if e.Force != force || !until.IsZero() && !e.Time.Before(until) || json.Unmarshal(e.Data, &data) != nil ||
			!data.ByPerson() || data.Classification.Grade == contact.Unknown {
			return
		}
		last := of[data.ConversationID]
		next := &label{grade: e, decision: data, earlier: map[string]bool{}}
		if last != nil {
			next.earlier = last.earlier
			next.earlier[last.decision.ContactID] = true
		}
		of[data.ConversationID] = next
	})
	if err != nil {
		return nil, lost, err
	}
	for conversation, each := range of {
		if each.grade.Time.Before(since) {
			delete(of, conversation)
		}
	}
	graded := func(r kafka.Record) bool { return of[r.Key] != nil }
	_, err = events.Read(ctx, cluster, []string{contact.ReceivedV1, contact.RevisedV1}, graded, func(e contact.Event) {
		if each := of[e.PartitionKey]; each != nil {
			each.hears(e)
		}
	})
	for _, each := range of {
		labels = append(labels, each)
	}
	slices.SortFunc(labels, func(a, b *label) int {
		return cmp.Or(a.grade.Time.Compare(b.grade.Time), strings.Compare(a.grade.ID, b.grade.ID))
	})
	return labels, lost, err
}

// hears takes a message of the conversation.
func (l *label) hears(e contact.Event) {
	var data contact.Received
	if e.Force != l.grade.Force || json.Unmarshal(e.Data, &data) != nil || data.TestMarker {
		return
	}
	graded := data.ContactID == l.decision.ContactID
	if l.was != nil && !graded {
		return // it came later
	}
	m := contact.Message{
		ID: data.ContactID, Subject: data.Content.Subject, Text: data.Content.Text, Authored: cmp.Or(data.Content.NewText, data.Content.Text),
		Channel: data.Channel.Channel, Automatic: data.Automatic, Revision: data.Revision, ReceivedAt: data.Times.IngestedAt,
	}
	if at := data.Times.PlatformReceivedAt; at != nil {
		m.ReceivedAt = *at
	}
	at := slices.IndexFunc(l.messages, func(before contact.Message) bool { return before.ID == m.ID })
	switch {
	case at >= 0:
		l.messages[at] = m // published again, as unreadable before
	case !l.earlier[m.ID]:
		l.messages = append(l.messages, m)
	case graded: // and before too
		l.messages = []contact.Message{m}
	default:
		l.messages = nil
	}
	if !graded {
		return
	}
	grade := data.Classification.Grade
	l.was, l.people, l.language, l.rawRef = &grade, data.Parties, data.Channel.Language, data.Provenance.RawRef
	l.cut = slices.Contains(data.Flags, contact.Truncated)
}

// complete reads the rest of a text that was too long for its event.
func (l *label) complete(ctx context.Context, rest *whole) {
	if !l.cut {
		return
	}
	last := &l.messages[len(l.messages)-1]
	if m, err := rest.message(ctx, last.ID, l.rawRef); err == nil && !slices.Contains(m.Flags, contact.Truncated) {
		last.Text, last.Authored, l.cut = m.Text, cmp.Or(m.Authored, m.Text), false
	}
}

// row is the label in the columns of labelled messages.
func (l *label) row() []string {
	last := l.messages[len(l.messages)-1]
	text, of := classifiers.JoinedText(l.messages)
	notes := []string{"was:" + l.was.String()}
	if l.language != "" {
		notes = append(notes, "lang:"+l.language)
	}
	if of > 1 {
		notes = append(notes, "joined:"+strconv.Itoa(of))
	}
	if l.cut {
		notes = append(notes, "cut")
	}
	if last.Subject != "" { // as it is judged
		text = strings.TrimSpace(last.Subject + "\n\n" + text)
	}
	category := ""
	if categories := l.decision.Classification.Categories; len(categories) > 0 {
		category = categories[0]
	}
	return []string{last.ID, last.Channel.Kind, text, labelWord(l.decision.Classification.Grade), category, strings.Join(append(notes, "type=handled"), ";")}
}

// labelWord is how labelled messages write a grade.
func labelWord(g contact.Grade) string {
	if g == contact.Emergency {
		return "Immediate"
	}
	word := g.String()
	return strings.ToUpper(word[:1]) + word[1:]
}

// knownOf is what the channel knows of the people.
func knownOf(people []contact.Party) *mask.Known {
	var names, numbers []string
	for _, each := range people {
		names = append(append(names, each.Name), each.Handles...)
		numbers = append(append(numbers, each.Phones...), each.Emails...)
	}
	return mask.KnownOf(names, numbers)
}

// write writes the rows, to a file whole or not at all.
func (l labelsExport) write(p *program, rows [][]string) error {
	if l.Out == "" {
		if err := writeRows(p.out, rows); err != nil {
			return fmt.Errorf("write labels: %w", err)
		}
		return nil
	}
	if err := replaceFile(l.Out, func(w io.Writer) error { return writeRows(w, rows) }); err != nil {
		return fmt.Errorf("write labels: %w", err)
	}
	return nil
}

func writeRows(to io.Writer, rows [][]string) error {
	return csv.NewWriter(to).WriteAll(rows)
}
