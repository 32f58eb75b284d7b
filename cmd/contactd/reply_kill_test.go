package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

const (
	replyKills    = 8 // each costs the broker ten seconds until the dead member is out of the group
	replyVisitors = 6
)

// TestNoReplyIsDoubledOrLostWhenTheDaemonIsKilled answers people in the chat
// while the daemon, with the broker that it brings along, is killed at moments
// that nobody chose. What counts is what the people see in the end, and what
// Kafka was told. (The steps of sending, one by one, are tried in pipeline.)
func TestNoReplyIsDoubledOrLostWhenTheDaemonIsKilled(t *testing.T) {
	chat := servers.FreeAddress(t)
	dir := configure(t, fmt.Sprintf("force: chats\nlog: {level: error}\n%schannels: {webchat: {listen: %q}}\n", ownBroker, chat))
	p := startProgram(t, dir, "run")
	p.awaitReady()
	told := p.follow(pipeline.TopicEvents)
	var visitors []*visitor
	for i := range replyVisitors {
		v := newVisitor(t, "http://"+chat)
		v.write(fmt.Sprintf("question %d", i))
		var event contact.Event
		if err := json.Unmarshal(told(v.session+"/"), &event); err != nil {
			t.Fatal(err)
		}
		v.conversation = event.PartitionKey
		visitors = append(visitors, v)
	}
	var ids []string
	for round := range replyKills {
		told := p.follow(pipeline.TopicEvents)
		for _, v := range visitors {
			r := contact.Reply{
				ID: contact.ReplyID(v.conversation, fmt.Sprint(round)), Conversation: v.conversation,
				Text: fmt.Sprintf("answer %d", round), Author: "h214", RequestedAt: time.Now().UTC(),
			}
			if err := ask(t.Context(), p.broker(), "chats", r); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, r.ID)
		}
		told(ids[len(ids)-1-rand.IntN(len(visitors))]) // in the midst of them
		p.kill()
		p = startProgram(t, dir, "run")
	}
	states := p.awaitReplies(ids)
	doubts := 0
	for _, id := range ids {
		if len(states[id]) == 0 || states[id][0] != contact.Queued || !slices.Contains(states[id], contact.HandedOver) {
			t.Errorf("reply %s went through %v", id, states[id])
		}
		if slices.Contains(states[id], contact.Uncertain) {
			doubts++
		}
	}
	t.Logf("%d replies, %d kills, %d replies were in doubt", len(ids), replyKills, doubts)
	for i, v := range visitors {
		seen := v.answers(replyKills)
		for n, text := range seen {
			if want := fmt.Sprintf("answer %d", n); text != want {
				t.Fatalf("visitor %d sees %q where %q is due: %q", i, text, want, seen)
			}
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	out, err := command(t.Context(), dir, "verify").CombinedOutput()
	if want := fmt.Sprintf("replies: 0 to be sent, 0 nobody knows of whether they were sent, %d settled", len(ids)); err != nil || !strings.Contains(string(out), want) {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// broker is how to reach the broker of the process.
func (p *process) broker() kafka.Config {
	p.t.Helper()
	c := config{DataDir: filepath.Join(p.dir, "data")}.withDefaults()
	connect, _, err := brokerOf(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return connect
}

// awaitReplies reads the events from the beginning until every reply is handed
// over, and holds them to the contract and their places. It returns the states
// of each.
func (p *process) awaitReplies(ids []string) map[string][]contact.ReplyState {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	open := map[string]bool{}
	for _, id := range ids {
		open[id] = true
	}
	cluster, err := kafka.NewCluster(p.broker(), kafka.Watch{})
	if err != nil {
		p.t.Fatal(err)
	}
	states, seen, sequence := map[string][]contact.ReplyState{}, map[string]bool{}, map[string]int{}
	err = cluster.Tail(ctx, pipeline.TopicEvents, true, func(r kafka.Record) error {
		var e contact.Event
		if err := json.Unmarshal(r.Value, &e); err != nil || r.Err != nil || seen[e.ID] {
			return r.Err
		}
		seen[e.ID] = true
		contacttest.Valid(p.t, r.Value)
		if sequence[e.PartitionKey]++; e.Sequence != fmt.Sprint(sequence[e.PartitionKey]) {
			p.t.Errorf("%s of conversation %s has sequence %s, want %d", e.Type, e.PartitionKey, e.Sequence, sequence[e.PartitionKey])
		}
		var replied contact.Replied
		if e.Type == contact.RepliedV1 && json.Unmarshal(e.Data, &replied) == nil {
			states[replied.ReplyID] = append(states[replied.ReplyID], replied.State)
			if replied.State == contact.HandedOver || replied.State == contact.Confirmed {
				delete(open, replied.ReplyID)
			}
		}
		if len(open) == 0 {
			cancel()
		}
		return nil
	})
	if err != nil || len(open) > 0 {
		p.t.Errorf("%d of %d replies are not handed over: %v", len(open), len(ids), err)
	}
	return states
}

// visitor is somebody in the chat, over plain HTTP.
type visitor struct {
	t                                 *testing.T
	url, token, session, conversation string
}

func newVisitor(t *testing.T, url string) *visitor {
	t.Helper()
	v := &visitor{t: t, url: url}
	var begun struct{ Token, Session string }
	if err := json.Unmarshal(v.post("/chat/v1/sessions", `{"lang":"en"}`), &begun); err != nil {
		t.Fatal(err)
	}
	v.token, v.session = begun.Token, begun.Session
	return v
}

func (v *visitor) post(path, body string) []byte {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", v.url)
	request.Header.Set("Authorization", "Bearer "+v.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		v.t.Fatalf("POST %s: %d %s, %v", path, response.StatusCode, answer, err)
	}
	return answer
}

func (v *visitor) write(text string) {
	v.t.Helper()
	v.post("/chat/v1/frames", fmt.Sprintf(`{"type":"message","id":"0e3c1f52-7a0b-4c3e-9d57-3f1f5a2b9c10","text":%q,"at":"2026-11-03T21:14:05Z"}`, text))
}

// answers reads the whole chat anew until it holds so many answers, and a
// moment longer.
func (v *visitor) answers(count int) (texts []string) {
	v.t.Helper()
	var made struct{ Ticket string }
	if err := json.Unmarshal(v.post("/chat/v1/tickets", ""), &made); err != nil {
		v.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(v.t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+"/chat/v1/events?after=0&ticket="+made.Ticket, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Origin", v.url)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		var frame struct{ Type, Text string }
		if !ok || json.Unmarshal(data, &frame) != nil || frame.Type != "reply" {
			continue
		}
		if texts = append(texts, frame.Text); len(texts) == count {
			time.AfterFunc(300*time.Millisecond, cancel) // a doubled one would follow
		}
	}
	if len(texts) != count {
		v.t.Errorf("sees %d answers, want %d", len(texts), count)
	}
	return texts
}
