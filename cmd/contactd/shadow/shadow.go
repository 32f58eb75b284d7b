// Package shadow compares, by the events on Kafka, the grades that messages have
// with those that they would have with the candidate which was tried beside the
// learned classifier. To try it is left to package panel, and to judge whether it
// may take the other's place to a person.
package shadow

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"contactd/classifiers"
	"contactd/cmd/contactd/events"
	"contactd/cmd/contactd/panel"
	"contactd/cmd/contactd/tell"
	"contactd/contact"
)

// Compared are the messages that a candidate judged.
type Compared struct {
	differing []*differing // in the order of acceptance
	counts    map[[2]contact.Grade]int
}

// differing is a message that a candidate judges otherwise.
type differing struct {
	data            contact.Received
	live, candidate contact.Grade
	person          *contact.Grade
}

// Read compares the messages of a force that were accepted since a time.
func Read(ctx context.Context, from events.Topics, force string, since time.Time) (c Compared, lost events.Lost, err error) {
	c.counts = map[[2]contact.Grade]int{}
	of := map[string]*differing{} // by message
	lost, err = events.Read(ctx, from, []string{contact.ReceivedV1, contact.RevisedV1, contact.AssessedV1}, nil, func(e contact.Event) {
		if e.Force != force {
			return
		}
		if e.Type == contact.AssessedV1 {
			var data contact.Assessed
			if at := of[e.Subject]; at != nil && json.Unmarshal(e.Data, &data) == nil && data.ByPerson() {
				at.person = &data.Classification.Grade
			}
			return
		}
		var data contact.Received
		if json.Unmarshal(e.Data, &data) != nil || data.Classification.Shadow == nil || data.Times.IngestedAt.Before(since) {
			return
		}
		live, candidate := classifiers.Compared(data.Classification.Assessment, panel.Learned)
		c.counts[[2]contact.Grade{live, candidate}]++
		if live != candidate {
			each := &differing{data: data, live: live, candidate: candidate}
			of[data.ContactID], c.differing = each, append(c.differing, each)
		}
	})
	slices.SortFunc(c.differing, func(a, b *differing) int {
		return cmp.Or(a.data.Times.IngestedAt.Compare(b.data.Times.IngestedAt), strings.Compare(a.data.ContactID, b.data.ContactID))
	})
	return c, lost, err
}

// None reports whether no message was judged by a candidate.
func (c Compared) None() bool { return len(c.counts) == 0 }

// Differing lists the messages that would have another grade, or only those that
// would have a lower one, and what a person decided about them.
func (c Compared) Differing(lower bool) string {
	var told strings.Builder
	for _, each := range c.differing {
		if lower && !each.live.Above(each.candidate) {
			continue
		}
		person := ""
		if each.person != nil {
			person = "  a person: " + each.person.String()
		}
		told.WriteString(tell.Plain(fmt.Sprintf("%s  %s  %s  %s, with %s %s%s — %s", each.data.Times.IngestedAt.Local().Format(time.DateTime), each.data.ConversationID,
			each.data.ContactID, each.live, each.data.Classification.Shadow.By, each.candidate, person, tell.Short(each.data.Content.Summary))) + "\n")
	}
	return told.String()
}

// Counts tells how often a grade goes with another, the most urgent first.
func (c Compared) Counts() string {
	var told strings.Builder
	for _, pair := range slices.SortedFunc(maps.Keys(c.counts), func(a, b [2]contact.Grade) int {
		return cmp.Or(contact.BySeriousness(a[0], b[0]), contact.BySeriousness(a[1], b[1]))
	}) {
		fmt.Fprintf(&told, "%-10s with the candidate %-10s %d\n", pair[0], pair[1], c.counts[pair])
	}
	return told.String()
}
