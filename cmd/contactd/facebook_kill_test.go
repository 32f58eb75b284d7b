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

	"contactd/channels/facebook/graphsim"
	"contactd/contact"
	"contactd/deploy/servers"
	"contactd/pipeline/kafka"
)

const (
	pageKills    = 5  // each costs Kafka ten seconds until the dead member is out of the group
	pageItems    = 80 // between two kills
	pageResident = 6  // people who are answered, each once between two kills
)

// TestNothingOnAPageIsLostOrDoubledWhenTheDaemonIsKilled kills contactd in the
// midst of deliveries and answers, while Meta drops, doubles, shuffles and
// batches what it delivers and its API fails at every fourth call. In the end
// everything that people wrote is on Kafka once, and everybody has received
// each answer once.
func TestNothingOnAPageIsLostOrDoubledWhenTheDaemonIsKilled(t *testing.T) {
	node := servers.Kafka(t)
	meta := startMeta(t)
	hooks, force := servers.FreeAddress(t), "page-"+strings.ToLower(rand.Text()[:8])
	meta.Callback("http://" + hooks + "/facebook")
	dir := configure(t, fmt.Sprintf("force: %s\nlog: {level: error}\nkafka:\n  brokers: [%q]\n  topics: {replication: 1}\n%s",
		force, node.Plain, strings.Replace(metaConfig(t, meta.URL()), "127.0.0.1:0", hooks, 1)))
	connect := kafka.Config{Brokers: []string{node.Plain}}
	p := startProgram(t, dir, "run")
	p.awaitReady()
	events := record(t, node.Plain, force)
	eventually(t, time.Minute, func() bool { return meta.Subscribed(pageID) }, func() string { return "not subscribed" })
	for n := range pageResident {
		meta.Write(pageID, fmt.Sprint(7000+n), fmt.Sprintf("resident %d", n))
	}
	events.await(t, "the residents", func() bool { return len(events.texts("resident ")) == pageResident })
	residents := events.texts("resident ")

	news := meta.Post(pageID, pageID, "our news")
	meta.Weather(graphsim.Weather{Duplicate: 0.3, Reorder: 0.5, Drop: 0.2, Batch: 10, Calls: 0.25})
	var replies []string
	for round := range pageKills {
		for n := range pageItems {
			said, person := fmt.Sprintf("item %d of round %d", n, round), fmt.Sprint(100+n)
			switch n % 4 {
			case 0:
				meta.Write(pageID, person, said)
			case 1:
				meta.Comment(pageID, person, news, "", said)
			case 2:
				meta.Post(pageID, person, said)
			default:
				meta.Review(pageID, person, said)
			}
			if n%10 != 0 || n/10 >= pageResident {
				continue
			}
			event := residents[fmt.Sprintf("resident %d", n/10)][0]
			reply := contact.Reply{
				ID: contact.ReplyID(event.PartitionKey, fmt.Sprint(round)), Conversation: event.PartitionKey,
				Text: fmt.Sprintf("answer %d", round), Author: "h214", RequestedAt: time.Now().UTC(),
			}
			if err := ask(t.Context(), connect, force, reply); err != nil {
				t.Fatal(err)
			}
			replies = append(replies, reply.ID)
		}
		events.await(t, "part of the round", func() bool { return len(events.texts(fmt.Sprintf("of round %d", round))) > pageItems/8 })
		events.await(t, "an answer on its way", func() bool { return events.replied(replies[len(replies)-pageResident/2], contact.Queued) })
		p.kill()
		p = startProgram(t, dir, "run")
	}
	meta.Weather(graphsim.Weather{})
	p.awaitReady()
	eventually(t, 10*time.Minute, func() bool { return len(events.texts("item ")) == pageItems*pageKills && events.over(replies) }, func() string {
		return fmt.Sprintf("%d of %d items; %d of %d answers settled", len(events.texts("item ")), pageItems*pageKills, events.settledOf(replies), len(replies))
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := meta.Settle(ctx); err != nil {
		t.Errorf("deliveries do not end: %v", err)
	}
	doubts := 0
	for _, id := range replies {
		if events.replied(id, contact.Uncertain) {
			doubts++
		}
	}
	t.Logf("%d contacts, %d answers, %d of them were in doubt, %d kills", pageItems*pageKills, len(replies), doubts, pageKills)
	for text, all := range events.texts("item ") {
		if len(all) != 1 {
			t.Errorf("%q is %d contacts", text, len(all))
		}
	}
	for n := range pageResident {
		got := meta.Texts(pageID, fmt.Sprint(7000+n))
		slices.Sort(got)
		if want := []string{"answer 0", "answer 1", "answer 2", "answer 3", "answer 4"}; !slices.Equal(got, want) {
			t.Errorf("resident %d received %q", n, got)
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if out, err := command(t.Context(), dir, "verify").CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
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
