package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"contactd/classifiers"
	"contactd/classifiers/linear"
	"contactd/cmd/contactd/events"
	"contactd/cmd/contactd/panel"
	"contactd/cmd/contactd/tell"
	"contactd/contact"
	"contactd/pipeline/kafka"
)

// checkShadow tries to read the candidate; nothing without one.
func checkShadow(c linear.Config) (findings []finding) {
	if c.Shadow == "" {
		return nil
	}
	f := finding{what: "candidate", name: c.Shadow}
	candidate, err := linear.Candidate(c)
	if f.err = err; err == nil {
		f.detail = candidate.Name() + ", tried beside the learned classifier and counts for nothing"
	}
	return []finding{f}
}

type shadowCommand struct {
	Since  string `help:"Only messages accepted from this time on: 2026-11-03T21:00:00Z, \"2026-11-03 21:00\" or 2026-11-03 (local), or a time ago such as 168h." placeholder:"TIME"`
	Missed bool   `help:"Only those to which the candidate would have given a lower grade."`
}

// Help is shown below the usage.
func (shadowCommand) Help() string {
	return `Lists the messages on contact.events that would have another grade with the candidate in classifiers.linear.shadow, each alone, and
what a handler decided about them, and counts all: the grade by the classifiers, the one with the candidate, how often. Ends with 1, and names them, when there are
records that cannot be believed: what they held is missing from the counts.`
}

// differing is a message that a candidate judges otherwise.
type differing struct {
	data            contact.Received
	live, candidate contact.Grade
	person          *contact.Grade
}

// Run lists where the candidate would have judged otherwise.
func (s shadowCommand) Run(ctx context.Context, p *program, c *commands) error {
	var since time.Time
	var err error
	if s.Since != "" {
		if since, err = moment(s.Since, time.Now()); err != nil {
			return usageError{fmt.Errorf("--since: %w", err)}
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
	found, counts, lost, err := readShadow(ctx, cluster, config.Force, since)
	if err != nil {
		return err
	}
	for _, each := range found {
		if s.Missed && !each.live.Above(each.candidate) {
			continue
		}
		person := ""
		if each.person != nil {
			person = "  a person: " + each.person.String()
		}
		p.printf("%s\n", tell.Plain(fmt.Sprintf("%s  %s  %s  %s, with %s %s%s — %s", each.data.Times.IngestedAt.Local().Format(time.DateTime), each.data.ConversationID,
			each.data.ContactID, each.live, each.data.Classification.Shadow.By, each.candidate, person, tell.Short(each.data.Content.Summary))))
	}
	if len(counts) == 0 {
		return errors.Join(lost.Told("shadow"), errors.New("shadow: no message was judged by a candidate; see classifiers.linear.shadow"))
	}
	for _, pair := range slices.SortedFunc(maps.Keys(counts), func(a, b [2]contact.Grade) int {
		return cmp.Or(contact.BySeriousness(a[0], b[0]), contact.BySeriousness(a[1], b[1]))
	}) {
		p.printf("%-10s with the candidate %-10s %d\n", pair[0], pair[1], counts[pair])
	}
	return lost.Told("shadow")
}

// readShadow gathers what differs, in the order of acceptance, and counts all.
func readShadow(ctx context.Context, cluster *kafka.Cluster, force string, since time.Time) (found []*differing, counts map[[2]contact.Grade]int, lost events.Lost, err error) {
	counts, of := map[[2]contact.Grade]int{}, map[string]*differing{}
	lost, err = events.Read(ctx, cluster, []string{contact.ReceivedV1, contact.RevisedV1, contact.AssessedV1}, nil, func(e contact.Event) {
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
		counts[[2]contact.Grade{live, candidate}]++
		if live != candidate {
			each := &differing{data: data, live: live, candidate: candidate}
			of[data.ContactID], found = each, append(found, each)
		}
	})
	slices.SortFunc(found, func(a, b *differing) int {
		return cmp.Or(a.data.Times.IngestedAt.Compare(b.data.Times.IngestedAt), strings.Compare(a.data.ContactID, b.data.ContactID))
	})
	return found, counts, lost, err
}
