package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"contactd/contact"
	"contactd/deploy/servers"
	"contactd/pipeline"
)

// node is one of several processes of a force, with a chat of its own.
type node struct {
	*process
	visitor      *chatter
	conversation string
}

// startNode starts it on Apache Kafka, and lets somebody write.
func startNode(t *testing.T, force, name string) *node {
	t.Helper()
	address := servers.FreeAddress(t)
	dir := configure(t, fmt.Sprintf("force: %s\nnode: %s\nkafka:\n  brokers: [%q]\n  topics: {replication: 1}\nchannels:\n  webchat:\n    listen: %q\n    demo: true\n",
		force, name, servers.Kafka(t).Plain, address))
	n := &node{process: startProgram(t, dir, "run"), visitor: &chatter{t: t, url: "http://" + address}}
	n.awaitReady()
	records := n.follow(pipeline.TopicEvents)
	n.visitor.await()
	text := "somebody is in the yard of " + force + "-" + name
	if err := n.visitor.write("first-message", text); err != nil {
		t.Fatal(err)
	}
	n.visitor.until("message")
	var event contact.Event
	if err := json.Unmarshal(records(text), &event); err != nil {
		t.Fatal(err)
	}
	n.conversation = event.PartitionKey
	return n
}

func TestOfSeveralProcessesTheOneThatHasTheConversationAnswers(t *testing.T) {
	force := "nodes-" + strings.ToLower(rand.Text()[:8])
	east, west := startNode(t, force, "east"), startNode(t, force, "west")

	// Asked for at either, sent by the one that the person wrote to.
	for _, asked := range []*node{east, west} {
		for _, has := range []*node{east, west} {
			text := "we are coming, says " + asked.dir
			asked.command("reply", has.conversation, text)
			if f := has.visitor.until("reply"); f.Text != text {
				t.Errorf("the visitor read %q", f.Text)
			}
		}
	}

	// So is what a handler decides, and nobody finds fault with it.
	for grade, has := range map[string]*node{"emergency": east, "priority": west} {
		if seen := east.try("", "regrade", has.conversation, grade, "--reason", "looked at it"); seen.code != 0 || !strings.Contains(seen.out, contact.AssessedV1) {
			t.Errorf("regrade: %+v", seen)
		}
	}
	if rejected := east.told(pipeline.TopicRejected, force, contact.RejectedV1); len(rejected) > 0 {
		t.Errorf("rejected %+v", rejected)
	}

	// What is asked for while that one is away waits for it.
	if code := west.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	waits := east.try("", "reply", "--wait", "2s", west.conversation, "are you still there?")
	if waits.code != exitUnknown || !strings.Contains(waits.err, "nobody has taken it up in 2s") {
		t.Errorf("%+v", waits)
	}
	west.process = startProgram(t, west.dir, "run")
	west.visitor.await()
	if f := west.visitor.until("reply"); f.Text != "are you still there?" {
		t.Errorf("the visitor read %q", f.Text)
	}
	for _, each := range []*node{east, west} {
		each.stop()
		if out, err := command(t.Context(), each.dir, "verify").CombinedOutput(); err != nil {
			t.Errorf("verify: %v\n%s", err, out)
		}
	}
}
