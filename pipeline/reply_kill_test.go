package pipeline_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/pipeline"
	"contactd/pipeline/journal"
)

// The test of kills runs this test binary again as a child: a journal and a
// pipeline that kill themselves at one step of sending. Whom it answers, what it
// is asked and what it publishes lies here, in the parent, and outlives it.

const (
	childDir  = "REPLY_CHILD_DIR"
	childAt   = "REPLY_CHILD_AT"   // the step at which it kills itself
	childHost = "REPLY_CHILD_HOST" // where the parent listens
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		beReplying(dir, os.Getenv(childHost), os.Getenv(childAt))
		return
	}
	os.Exit(m.Run())
}

// The steps of sending, in order.
const (
	stepQueued   = "queued, and the command not acknowledged"
	stepDue      = "delivered, and nothing noted"
	stepMarked   = "noted that the platform is about to be called"
	stepCalled   = "called the platform, which has not taken it"
	stepTaken    = "called the platform, which has taken it"
	stepAnswered = "heard the platform's answer, and not noted it"
	stepNoted    = "noted the platform's answer"
	stepFound    = "looked it up, and not noted what was found"
)

const (
	killRounds  = 25
	killThreads = 20
)

func TestNoReplyIsDoubledOrLostWhenContactdIsKilledAtAnyStep(t *testing.T) {
	steps := []string{stepQueued, stepDue, stepMarked, stepFound, stepCalled, stepTaken, stepAnswered, stepNoted}
	w := newWorld(t)
	dir := t.TempDir()
	for round := range killRounds {
		for i, step := range steps {
			w.ask(killThreads, round*len(steps)+i)
			if !w.runChild(dir, step, 20*time.Second) {
				t.Fatalf("round %d: it did not come to: %s", round, step)
			}
		}
	}
	total := killRounds * len(steps)
	w.mu.Lock()
	w.finish = true
	w.mu.Unlock()
	w.runChild(dir, "", 3*time.Minute)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.asked) != total {
		t.Fatalf("asked for %d replies, want %d", len(w.asked), total)
	}
	doubts := 0
	for _, r := range w.asked {
		if w.received[r.ID] != 1 {
			t.Errorf("reply %s was received %d times", r.ID, w.received[r.ID])
		}
		states := w.states[r.ID]
		if len(states) == 0 || states[len(states)-1] != contact.HandedOver || states[0] != contact.Queued {
			t.Errorf("reply %s went through %v", r.ID, states)
		}
		if slices.Contains(states, contact.Uncertain) {
			doubts++
		}
	}
	for conversation, order := range w.order {
		if !slices.IsSorted(order) {
			t.Errorf("conversation %s was answered in the order %v", conversation, order)
		}
	}
	t.Logf("%d kills, %d replies, %d of them in doubt and looked up, %d events", total, total, doubts, len(w.events))
	if doubts == 0 {
		t.Error("no reply was ever in doubt: the kills came at other times than they should")
	}
	j, err := journal.OpenTools(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if report, err := j.Verify(t.Context()); err != nil || len(report.Differences) > 0 || report.Replies.Settled != int64(total) {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

// world is everything outside of contactd: the platform, and Kafka.
type world struct {
	t    *testing.T
	host string

	mu       sync.Mutex
	asked    []contact.Reply
	open     []contact.Reply // commands not acknowledged
	received map[string]int
	order    map[string][]int // of what people received, by conversation
	number   map[string]int
	states   map[string][]contact.ReplyState
	events   map[string]string // payloads by id
	sequence map[string]int
	finish   bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	w := &world{
		t: t, host: listener.Addr().String(), received: map[string]int{}, order: map[string][]int{}, number: map[string]int{},
		states: map[string][]contact.ReplyState{}, events: map[string]string{}, sequence: map[string]int{},
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.serve(conn)
		}
	}()
	return w
}

// ask adds a command.
func (w *world) ask(threads, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	conversation := contact.ConversationID("webchat", "main", fmt.Sprint(n%threads))
	reply := answer(conversation, fmt.Sprint(n))
	w.number[reply.ID] = n
	w.asked = append(w.asked, reply)
	w.open = append(w.open, reply)
}

// runChild runs contactd until it has killed itself, or everything is done.
func (w *world) runChild(dir, step string, limit time.Duration) bool {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childAt+"="+step, childHost+"="+w.host)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if len(out) > 0 {
		w.t.Logf("%s", out)
	}
	return killed && ctx.Err() == nil
}

// call is one request of the child.
type call struct{ Op, ID, Data string }

// serve answers one request.
func (w *world) serve(conn net.Conn) {
	defer conn.Close()
	line, err := bufio.NewReaderSize(conn, 1<<20).ReadBytes('\n')
	if err != nil {
		return // killed in the middle
	}
	var c call
	if err := json.Unmarshal(line, &c); err != nil {
		w.t.Error(err)
		return
	}
	_, _ = fmt.Fprintf(conn, "%s\n", w.answer(c))
}

func (w *world) answer(c call) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch c.Op {
	case "send":
		w.received[c.ID]++
		w.order[c.Data] = append(w.order[c.Data], w.number[c.ID])
	case "find":
		return fmt.Sprint(w.received[c.ID] > 0)
	case "next command":
		if len(w.open) == 0 {
			return "null"
		}
		raw, _ := json.Marshal(w.open[0])
		return string(raw)
	case "acknowledge":
		w.open = slices.DeleteFunc(w.open, func(r contact.Reply) bool { return r.ID == c.ID })
	case "publish":
		w.publish(c.Data)
	case "over":
		return fmt.Sprint(w.finish && len(w.open) == 0 && !slices.ContainsFunc(w.asked, func(r contact.Reply) bool {
			states := w.states[r.ID]
			return len(states) == 0 || states[len(states)-1] != contact.HandedOver
		}))
	}
	return "true"
}

// publish takes an event as Kafka does, perhaps again, and holds it to its
// place in the conversation.
func (w *world) publish(payload string) {
	var e contact.Event
	if err := json.Unmarshal([]byte(payload), &e); err != nil {
		w.t.Error(err)
		return
	}
	if before, again := w.events[e.ID]; again {
		if before != payload {
			w.t.Errorf("event %s was published twice, and differs:\n%s\n%s", e.ID, before, payload)
		}
		return
	}
	if err := contacttest.Check([]byte(payload)); err != nil {
		w.t.Errorf("%v: %s", err, payload)
	}
	w.events[e.ID] = payload
	if w.sequence[e.PartitionKey]++; e.Sequence != fmt.Sprint(w.sequence[e.PartitionKey]) {
		w.t.Errorf("conversation %s: %s has sequence %s, want %d", e.PartitionKey, e.Type, e.Sequence, w.sequence[e.PartitionKey])
	}
	var r contact.Replied
	if e.Type == contact.RepliedV1 && json.Unmarshal(e.Data, &r) == nil {
		w.states[r.ReplyID] = append(w.states[r.ReplyID], r.State)
	}
}

// beReplying is the child: it takes commands and answers people until it kills
// itself at a step or everything is done.
func beReplying(dir, host, at string) {
	p := parent{host}
	die := func(step string) {
		if step == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	check := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
	}
	j, err := journal.Open(journal.Config{Dir: dir, MinFree: -1}, journal.Deps{})
	check(err)
	for thread := range killThreads { // the same each time, and taken once
		check(j.Accept(context.Background(), []channels.Original{{
			Channel: "webchat", Account: "main", ID: fmt.Sprint(thread), MediaType: "application/json",
			Bytes: fmt.Appendf(nil, `{"Thread":"%d","Text":"help"}`, thread),
		}}, channels.Cursor{}))
	}
	chat := remoteChat{chat: newChat(), parent: p, die: die}
	pipe, err := pipeline.New(pipeline.Config{Drain: time.Second}, pipeline.Deps{
		Unread: j.Unread(), Outbox: j.Outbox(), Ahead: j.Ahead(), Open: journal.EntryOf, Journal: j,
		Readers: map[string]channels.Reader{"webchat": chat}, Panel: calm{}, Publisher: remoteKafka{parent: p},
		Force: "borsetshire", Version: "test", Log: slog.New(slog.DiscardHandler),
		Replies: pipeline.ReplyDeps{
			Journal: dyingReplies{j, die}, Due: j.Replies(), Commands: remoteKafka{parent: p, known: j},
			Repliers: map[string]channels.Replier{"webchat": chat},
		},
	})
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for p.ask("over", "", "") != "true" {
			<-time.After(50 * time.Millisecond)
		}
		cancel()
	}()
	check(pipe.Run(ctx))
	check(j.Close())
}

// parent is how the child reaches the world.
type parent struct{ host string }

func (p parent) ask(op, id, data string) string {
	conn, err := net.Dial("tcp", p.host)
	if err != nil {
		return ""
	}
	defer conn.Close()
	raw, _ := json.Marshal(call{op, id, data})
	if _, err := conn.Write(append(raw, '\n')); err != nil {
		return ""
	}
	answer, _ := bufio.NewReaderSize(conn, 1<<20).ReadString('\n')
	return strings.TrimSuffix(answer, "\n")
}

// dyingReplies is the journal, with steps before and after its notes.
type dyingReplies struct {
	*journal.Journal
	die func(step string)
}

func (d dyingReplies) QueueReply(ctx context.Context, r contact.Reply) error {
	err := d.Journal.QueueReply(ctx, r)
	d.die(stepQueued)
	return err
}

func (d dyingReplies) HandOver(ctx context.Context, id string) (bool, error) {
	d.die(stepDue)
	ok, err := d.Journal.HandOver(ctx, id)
	if ok {
		d.die(stepMarked)
	}
	return ok, err
}

func (d dyingReplies) Outcome(ctx context.Context, o contact.Outcome) error {
	d.die(stepAnswered)
	err := d.Journal.Outcome(ctx, o)
	d.die(stepNoted)
	return err
}

// remoteChat is a channel to people who live in the world.
type remoteChat struct {
	*chat
	parent
	die func(step string)
}

func (c remoteChat) Reply(_ context.Context, _ channels.Address, r contact.Reply) (channels.Receipt, error) {
	c.die(stepCalled)
	c.ask("send", r.ID, r.Conversation)
	c.die(stepTaken)
	return channels.Receipt{PlatformID: r.ID}, nil
}

func (c remoteChat) Find(_ context.Context, _ channels.Address, r contact.Reply) (channels.Receipt, error) {
	found := c.ask("find", r.ID, "")
	c.die(stepFound)
	if found != "true" {
		return channels.Receipt{}, channels.ErrNotFound
	}
	return channels.Receipt{PlatformID: r.ID}, nil
}

// remoteKafka publishes events to the world and reads commands from it, at
// least once and in order.
type remoteKafka struct {
	parent
	known *journal.Journal
}

func (k remoteKafka) Publish(_ string, envs ...*message.Message) error {
	for _, env := range envs {
		if k.ask("publish", "", string(env.Payload)) != "true" {
			return errors.New("the world is away")
		}
	}
	return nil
}

func (remoteKafka) Close() error { return nil }

func (k remoteKafka) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	go func() {
		defer close(out)
		for ctx.Err() == nil {
			k.deliver(ctx, out)
		}
	}()
	return out, nil
}

// deliver offers the next command, once the conversations that it is about are
// known, until it is acknowledged.
func (k remoteKafka) deliver(ctx context.Context, out chan<- *message.Message) {
	var r contact.Reply
	waits, err := k.known.Oldest()
	if err != nil || waits["unsorted"] > 0 || json.Unmarshal([]byte(k.ask("next command", "", "")), &r) != nil || r.ID == "" {
		<-time.After(10 * time.Millisecond)
		return
	}
	raw, _ := json.Marshal(contact.Requested{SchemaVersion: "1.0", Reply: r})
	env, err := pipeline.Envelope(contact.Event{
		SpecVersion: "1.0", ID: "e", Source: "/desk", Type: contact.ReplyRequestedV1, PartitionKey: r.Conversation, Data: raw,
	}, pipeline.LaneNormal)
	if err != nil {
		panic(err)
	}
	select {
	case out <- env:
	case <-ctx.Done():
		return
	}
	select {
	case <-env.Acked():
		k.ask("acknowledge", r.ID, "")
	case <-env.Nacked():
	case <-ctx.Done():
	}
}
