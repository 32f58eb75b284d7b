package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/channels/facebook/graphsim"
	"contactd/cmd/contactd/listener"
	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// recorder keeps the events of a force, each held to the contract.
type recorder struct {
	mutex  sync.Mutex
	events []contact.Event
}

// record keeps what is told from now on, on topics that hold much of others.
func record(t *testing.T, broker, force string) *recorder {
	t.Helper()
	cluster, err := kafka.NewCluster(kafka.Config{Brokers: []string{broker}}, kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	var before map[int]int64
	eventually(t, time.Minute, func() bool { // on a fresh server the topic is made meanwhile
		before, err = cluster.EndOffsets(t.Context(), pipeline.TopicEvents)
		return err == nil && len(before) > 0
	}, func() string { return fmt.Sprintf("no topic: %v", err) })
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r := &recorder{}
	go func() {
		_ = cluster.TailFrom(ctx, pipeline.TopicEvents, before, func(record kafka.Record) error {
			var event contact.Event
			if json.Unmarshal(record.Value, &event) == nil && event.Force == force {
				contacttest.Valid(t, record.Value)
				r.mutex.Lock()
				r.events = append(r.events, event)
				r.mutex.Unlock()
			}
			return nil
		})
	}()
	return r
}

// of returns the events of a type, oldest first.
func (r *recorder) of(kind string) []contact.Event {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var all []contact.Event
	for _, event := range r.events {
		if event.Type == kind {
			all = append(all, event)
		}
	}
	return all
}

func (r *recorder) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	eventually(t, time.Minute, so, func() string {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		text := what + ":"
		for _, event := range r.events {
			text += " " + event.Type
		}
		return text
	})
}

// replied reports whether a reply was told to be in a state.
func (r *recorder) replied(reply string, state contact.ReplyState) bool {
	return slices.ContainsFunc(r.of(contact.RepliedV1), func(e contact.Event) bool {
		var replied contact.Replied
		return json.Unmarshal(e.Data, &replied) == nil && replied.ReplyID == reply && replied.State == state
	})
}

func received(t *testing.T, e contact.Event) contact.Received {
	t.Helper()
	var data contact.Received
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWhatPeopleDoOnAPageReachesKafkaAndAnswersReachThem(t *testing.T) {
	node := servers.Kafka(t)
	d, meta, force := socialDaemon(t, node.Plain)
	events := record(t, node.Plain, force)
	eventually(t, 20*time.Second, func() bool { return meta.Subscribed(pageID) }, func() string { return "not subscribed" })

	// A comment and what becomes of it are one conversation, in order.
	post := meta.Post(pageID, pageID, "our news")
	comment := meta.Comment(pageID, "5", post, "", "somebody is at the door")
	events.await(t, "the comment", func() bool { return len(events.of(contact.ReceivedV1)) == 1 })
	first := events.of(contact.ReceivedV1)[0]
	hide := contact.Reply{ID: contact.ReplyID(first.PartitionKey, "hide"), Conversation: first.PartitionKey, InReplyTo: first.Subject, Way: contact.Hide, Author: "h214", RequestedAt: time.Now().UTC()}
	if err := ask(t.Context(), d.broker.connect, force, hide); err != nil {
		t.Fatal(err)
	}
	events.await(t, "the end of hiding", func() bool { return events.replied(hide.ID, contact.Confirmed) })
	if o, _ := meta.Find(comment); !o.Hidden {
		t.Error("the comment is not hidden")
	}
	meta.Change(comment, "edited", "he has a knife and is going to kill me")
	edited := func() bool {
		return slices.ContainsFunc(events.of(contact.RevisedV1), func(e contact.Event) bool { return received(t, e).Revision.Action == contact.Edited })
	}
	events.await(t, "the edit", edited)
	meta.Change(comment, "remove", "")
	withdrawn := func() bool {
		return slices.ContainsFunc(events.of(contact.RevisedV1), func(e contact.Event) bool { return received(t, e).Revision.Action == contact.Withdrawn })
	}
	events.await(t, "the removal", withdrawn)
	for _, event := range events.of(contact.RevisedV1) {
		data := received(t, event)
		if data.Revision.Of != first.Subject || event.PartitionKey != first.PartitionKey {
			t.Errorf("%s revises %s in %s, not %s in %s", event.Subject, data.Revision.Of, event.PartitionKey, first.Subject, first.PartitionKey)
		}
		if data.Revision.Action == contact.Edited && (event.Grade == nil || *event.Grade != contact.Emergency) {
			t.Errorf("an emergency that was edited into a comment is graded %v", event.Grade)
		}
	}

	// A message is answered; the platform's answer is lost on the way.
	meta.Write(pageID, "24830117", "my bicycle was stolen")
	events.await(t, "the message", func() bool { return len(events.of(contact.ReceivedV1)) == 2 })
	message := events.of(contact.ReceivedV1)[1]
	data := received(t, message)
	if data.Channel.Kind != "facebook_dm" || data.Channel.ReplyWindowEndsAt == nil || data.Reply == nil || !data.Reply.Allowed {
		t.Errorf("the event says %+v, reply %+v", data.Channel, data.Reply)
	}
	meta.Fail(graphsim.Fault{Call: "POST messages", After: true})
	reply := contact.Reply{
		ID: contact.ReplyID(message.PartitionKey, "1"), Conversation: message.PartitionKey, Text: "Please tell us the frame number.", Author: "h214", RequestedAt: time.Now().UTC(),
	}
	if err := ask(t.Context(), d.broker.connect, force, reply); err != nil {
		t.Fatal(err)
	}
	events.await(t, "the reply's hand-over", func() bool { return events.replied(reply.ID, contact.HandedOver) })
	meta.Read(pageID, "24830117")
	events.await(t, "the reply's receipt", func() bool { return events.replied(reply.ID, contact.Confirmed) })
	if got := meta.Texts(pageID, "24830117"); len(got) != 1 {
		t.Errorf("received %q", got)
	}
}

func TestADeadTokenIsToldAndDeliveriesGoOn(t *testing.T) {
	node := servers.Kafka(t)
	d, meta, force := socialDaemon(t, node.Plain)
	events := record(t, node.Plain, force)
	eventually(t, 20*time.Second, func() bool { return meta.Subscribed(pageID) }, func() string { return "not subscribed" })
	meta.Fail(graphsim.Fault{Times: -1, Status: 401, Body: `{"error":{"code":190,"error_subcode":463,"message":"Malformed access token ` + pageToken + `"}}`})
	meta.Write(pageID, "5", "hello")
	events.await(t, "the message", func() bool { return len(events.of(contact.ReceivedV1)) == 1 })
	message := events.of(contact.ReceivedV1)[0]
	reply := contact.Reply{ID: contact.ReplyID(message.PartitionKey, "1"), Conversation: message.PartitionKey, Text: "hello", RequestedAt: time.Now().UTC()}
	if err := ask(t.Context(), d.broker.connect, force, reply); err != nil {
		t.Fatal(err)
	}
	events.await(t, "the alarm", func() bool { return len(events.of(contact.DegradedV1)) > 0 })
	if told := string(events.of(contact.DegradedV1)[0].Data); !strings.Contains(told, "token") || strings.Contains(told, pageToken) {
		t.Errorf("told %s", told)
	}
	page := func() (state listener.Account) {
		for _, each := range d.ready(t.Context()).Channels {
			if each.Channel == "facebook" {
				state = each
			}
		}
		return state
	}
	if state := page(); state.Ready || !strings.Contains(state.Error, "token") || state.FailingSince == nil {
		t.Errorf("/readyz says %+v", state)
	}
	meta.Mend()
	events.await(t, "the end of the alarm", func() bool { return len(events.of(contact.RestoredV1)) > 0 })
	eventually(t, time.Minute, func() bool { return len(meta.Texts(pageID, "5")) == 1 }, func() string { return "the answer did not wait for the token" })
	eventually(t, time.Minute, func() bool { return page().Ready }, func() string { return fmt.Sprintf("/readyz says %+v", page()) })
}
