package labels

import (
	"cmp"
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"contactd/classifiers"
	"contactd/classifiers/mask"
	"contactd/contact"
)

// Journal reads a message from its original, which reference leads to.
type Journal interface {
	Message(ctx context.Context, id, reference string) (contact.Message, error)
}

// Table is rows below their header, how many of them are cut, and how many
// labels are left out: of messages that are no longer there, or have no words.
type Table struct {
	Rows                [][]string
	Cut, Gone, Wordless int
}

// Write writes the rows as comma-separated values.
func (t Table) Write(to io.Writer) error { return csv.NewWriter(to).WriteAll(t.Rows) }

// TableOf makes rows of labels, the rest of long texts from a journal, and with
// stand-ins for what names people if they are to be anonymous. A label without
// words, as of a photograph, would teach that whoever says nothing is in danger,
// or is not.
func TableOf(ctx context.Context, labels []*Label, rest Journal, anonymise bool) Table {
	masker := mask.New()
	t := Table{Rows: [][]string{{"id", "channel", "text", "grade", "category", "notes"}}}
	for _, each := range labels {
		if each.was == nil {
			t.Gone++
			continue
		}
		each.complete(ctx, rest)
		row := each.row()
		if !classifiers.Legible(row[2]) {
			t.Wordless++
			continue
		}
		if each.cut {
			t.Cut++
		}
		if anonymise {
			known := knownOf(each.people)
			row[0], row[2], row[4] = strconv.Itoa(len(t.Rows)), masker.Text(row[2], known), masker.Text(row[4], known)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// complete reads the rest of a text that was too long for its event.
func (l *Label) complete(ctx context.Context, rest Journal) {
	if !l.cut {
		return
	}
	last := &l.messages[len(l.messages)-1]
	if m, err := rest.Message(ctx, last.ID, l.rawRef); err == nil && !slices.Contains(m.Flags, contact.Truncated) {
		last.Text, last.Authored, l.cut = m.Text, cmp.Or(m.Authored, m.Text), false
	}
}

// row is the label in the columns of labelled messages.
func (l *Label) row() []string {
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
