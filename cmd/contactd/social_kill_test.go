package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/contact"
	"contactd/deploy/servers"
	"contactd/pipeline/kafka"
)

// killDrill kills contactd in the midst of a platform's deliveries and of
// answers.
type killDrill struct {
	kills     int // each costs Kafka ten seconds until the dead member is out of the group
	items     int // between two kills
	residents int // people who are answered, each once between two kills

	// config is the section of channels, on port 0; callback has the platform
	// deliver to the public listener.
	config   string
	callback func(base string)
	// ready waits until the platform delivers; nil when it does at once.
	ready func()
	// resident has somebody write who is to be answered, item somebody else.
	resident, item func(n int, text string)
	// storm begins the bad weather, or ends it.
	storm func(on bool)
	// settle waits until everything is delivered.
	settle func(context.Context) error
	// received are the answers that a resident got.
	received func(n int) []string
}

// run holds that in the end everything that people wrote is on Kafka once, and
// everybody has received each answer once.
func (d killDrill) run(t *testing.T) {
	node := servers.Kafka(t)
	hooks, force := servers.FreeAddress(t), "kill-"+strings.ToLower(rand.Text()[:8])
	d.callback("http://" + hooks)
	dir := configure(t, fmt.Sprintf("force: %s\nlog: {level: error}\nkafka:\n  brokers: [%q]\n  topics: {replication: 1}\n%s",
		force, node.Plain, strings.Replace(d.config, "127.0.0.1:0", hooks, 1)))
	p := startProgram(t, dir, "run")
	p.awaitReady()
	events := record(t, node.Plain, force)
	if d.ready != nil {
		d.ready()
	}
	for n := range d.residents {
		d.resident(n, fmt.Sprintf("resident %d", n))
	}
	events.await(t, "the residents", func() bool { return len(events.texts("resident ")) == d.residents })

	d.storm(true)
	var replies []string
	for round := range d.kills {
		replies = append(replies, d.round(t, events, kafka.Config{Brokers: []string{node.Plain}}, force, round)...)
		events.await(t, "part of the round", func() bool { return len(events.texts(fmt.Sprintf("of round %d", round))) > d.items/8 })
		events.await(t, "an answer on its way", func() bool { return events.replied(replies[len(replies)-d.residents/2], contact.Queued) })
		p.kill()
		p = startProgram(t, dir, "run")
	}
	d.storm(false)
	p.awaitReady()
	d.judge(t, events, replies)
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if out, err := command(t.Context(), dir, "verify").CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// round has people write, and each resident be answered.
func (d killDrill) round(t *testing.T, events *recorder, connect kafka.Config, force string, round int) (replies []string) {
	t.Helper()
	residents := events.texts("resident ")
	conversation := func(n int) string {
		for words, all := range residents {
			if strings.HasSuffix(words, fmt.Sprintf("resident %d", n)) {
				return all[0].PartitionKey
			}
		}
		t.Fatalf("nobody knows resident %d", n)
		return ""
	}
	for n := range d.items {
		d.item(n, fmt.Sprintf("item %d of round %d", n, round))
		if n%10 != 0 || n/10 >= d.residents {
			continue
		}
		to := conversation(n / 10)
		reply := contact.Reply{
			ID: contact.ReplyID(to, fmt.Sprint(round)), Conversation: to,
			Text: fmt.Sprintf("answer %d", round), Author: "h214", RequestedAt: time.Now().UTC(),
		}
		if err := ask(t.Context(), connect, force, reply); err != nil {
			t.Fatal(err)
		}
		replies = append(replies, reply.ID)
	}
	return replies
}

// judge waits for everything and looks that it came once.
func (d killDrill) judge(t *testing.T, events *recorder, replies []string) {
	t.Helper()
	items := d.items * d.kills
	eventually(t, 10*time.Minute, func() bool { return len(events.texts("item ")) == items && events.over(replies) }, func() string {
		return fmt.Sprintf("%d of %d items; %d of %d answers settled", len(events.texts("item ")), items, events.settledOf(replies), len(replies))
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := d.settle(ctx); err != nil {
		t.Errorf("deliveries do not end: %v", err)
	}
	doubts := 0
	for _, id := range replies {
		if events.replied(id, contact.Uncertain) {
			doubts++
		}
	}
	t.Logf("%d contacts, %d answers, %d of them were in doubt, %d kills", items, len(replies), doubts, d.kills)
	for text, all := range events.texts("item ") {
		if len(all) != 1 {
			t.Errorf("%q is %d contacts", text, len(all))
		}
	}
	var want []string
	for round := range d.kills {
		want = append(want, fmt.Sprintf("answer %d", round))
	}
	for n := range d.residents {
		got := d.received(n)
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("resident %d received %q", n, got)
		}
	}
}

// texts returns the contacts, without what came again, whose words hold some.
func (r *recorder) texts(holds string) map[string][]contact.Event {
	all, seen := map[string][]contact.Event{}, map[string]bool{}
	for _, event := range r.of(contact.ReceivedV1) {
		var data contact.Received
		if seen[event.ID] || json.Unmarshal(event.Data, &data) != nil || !strings.Contains(data.Content.Summary, holds) {
			continue
		}
		seen[event.ID] = true
		all[data.Content.Summary] = append(all[data.Content.Summary], event)
	}
	return all
}

// settledOf counts the replies that were handed over or have arrived.
func (r *recorder) settledOf(replies []string) (n int) {
	for _, id := range replies {
		if r.replied(id, contact.HandedOver) || r.replied(id, contact.Confirmed) {
			n++
		}
	}
	return n
}

func (r *recorder) over(replies []string) bool { return r.settledOf(replies) == len(replies) }
