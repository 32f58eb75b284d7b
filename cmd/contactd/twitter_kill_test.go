package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels/twitter/xtest"
	"contactd/contact"
	"contactd/deploy/servers"
	"contactd/pipeline/kafka"
)

const (
	xKills     = 2  // each costs Kafka ten seconds until the dead member is out of the group
	xItems     = 60 // between two kills
	xResidents = 6  // people who are answered, each once between two kills
)

// TestNothingOnXIsLostOrDoubledWhenTheDaemonIsKilled kills contactd in the midst
// of deliveries and answers, in public and in private, while X drops, doubles
// and shuffles what it delivers and its API fails at every fourth call. In the
// end everything that people wrote is on Kafka once, and everybody has received
// each answer once.
func TestNothingOnXIsLostOrDoubledWhenTheDaemonIsKilled(t *testing.T) {
	node := servers.Kafka(t)
	x := startX(t)
	x.Limit("", 1_000_000) // windows are tried beside the channel, by a clock
	hooks, force := servers.FreeAddress(t), "x-"+strings.ToLower(rand.Text()[:8])
	x.Callback("http://" + hooks + "/twitter")
	dir := configure(t, fmt.Sprintf("force: %s\nlog: {level: error}\nkafka:\n  brokers: [%q]\n  topics: {replication: 1}\n%s",
		force, node.Plain, strings.Replace(xConfig(t, x), "127.0.0.1:0", hooks, 1)))
	connect := kafka.Config{Brokers: []string{node.Plain}}
	p := startProgram(t, dir, "run")
	p.awaitReady()
	events := record(t, node.Plain, force)
	posts := map[int]string{}
	for n := range xResidents {
		person := xPerson(7000 + n)
		x.Person(person, fmt.Sprint("r", n), "Resident")
		if n%2 == 0 {
			x.DM(person, onX, fmt.Sprintf("resident %d", n))
		} else {
			posts[n] = x.Post(person, xtest.Draft{Text: fmt.Sprintf("@town resident %d", n)})
		}
	}
	events.await(t, "the residents", func() bool { return len(events.texts("resident ")) == xResidents })
	residents := events.texts("resident ")

	x.Weather(xtest.Weather{Duplicate: 0.3, Reorder: 0.5, Drop: 0.2, Calls: 0.25})
	var replies []string
	for round := range xKills {
		for n := range xItems {
			said, person := fmt.Sprintf("item %d of round %d", n, round), xPerson(100+n)
			if n%2 == 0 {
				x.DM(person, onX, said)
			} else {
				x.Post(person, xtest.Draft{Text: "@town " + said})
			}
			if n%10 != 0 || n/10 >= xResidents {
				continue
			}
			resident := n / 10
			event := residents[fmt.Sprintf("resident %d", resident)]
			if resident%2 == 1 {
				event = residents[fmt.Sprintf("@town resident %d", resident)]
			}
			reply := contact.Reply{
				ID: contact.ReplyID(event[0].PartitionKey, fmt.Sprint(round)), Conversation: event[0].PartitionKey,
				Text: fmt.Sprintf("answer %d", round), Author: "h214", RequestedAt: time.Now().UTC(),
			}
			if err := ask(t.Context(), connect, force, reply); err != nil {
				t.Fatal(err)
			}
			replies = append(replies, reply.ID)
		}
		events.await(t, "part of the round", func() bool { return len(events.texts(fmt.Sprintf("of round %d", round))) > xItems/8 })
		events.await(t, "an answer on its way", func() bool { return events.replied(replies[len(replies)-xResidents/2], contact.Queued) })
		p.kill()
		p = startProgram(t, dir, "run")
	}
	x.Weather(xtest.Weather{})
	p.awaitReady()
	eventually(t, 10*time.Minute, func() bool { return len(events.texts("item ")) == xItems*xKills && events.over(replies) }, func() string {
		return fmt.Sprintf("%d of %d items; %d of %d answers settled", len(events.texts("item ")), xItems*xKills, events.settledOf(replies), len(replies))
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := x.Settle(ctx); err != nil {
		t.Errorf("deliveries do not end: %v", err)
	}
	doubts := 0
	for _, id := range replies {
		if events.replied(id, contact.Uncertain) {
			doubts++
		}
	}
	t.Logf("%d contacts, %d answers, %d of them were in doubt, %d kills", xItems*xKills, len(replies), doubts, xKills)
	for text, all := range events.texts("item ") {
		if len(all) != 1 {
			t.Errorf("%q is %d contacts", text, len(all))
		}
	}
	for n := range xResidents {
		got := x.Received(onX, xPerson(7000+n))
		if post := posts[n]; post != "" {
			got = x.Answers(onX, post)
		}
		slices.Sort(got)
		if want := []string{"answer 0", "answer 1"}; !slices.Equal(got, want) {
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

// xPerson is the id of somebody on X.
func xPerson(n int) string { return fmt.Sprint(1_500_000_000_000_000_000 + int64(n)) }
