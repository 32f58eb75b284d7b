package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/pipeline"
	"contactd/pipeline/journal"
)

// chat is a platform with one channel on it. It takes a reply once and tells
// when somebody tries twice; how a call ends is up to the test.
type chat struct {
	mu     sync.Mutex
	got    map[string]int // replies that have reached people, by id
	order  []string       // their texts
	calls  map[string]int
	finds  map[string]int
	answer func(call int, reply contact.Reply) fate
	lookup func(call int, reply contact.Reply) error
	inside map[string]int // calls at a time, by conversation
	rules  contact.ReplyRules
	ack    string
}

// fate is what becomes of a call: whether the platform takes the reply, and
// what it says.
type fate struct {
	taken bool
	err   error
}

func newChat() *chat {
	return &chat{
		got: map[string]int{}, calls: map[string]int{}, finds: map[string]int{}, inside: map[string]int{},
		rules: contact.ReplyRules{Allowed: true, TextLimit: 500, AttachmentLimit: 2, AttachmentBytes: 100, To: []string{"Ada"}},
	}
}

func (c *chat) Read(_ context.Context, o channels.Original) (contact.Message, error) {
	var said struct {
		Thread, Text string
		Automatic    contact.Automatic
		Safe         string
		Covert       bool
		Outcome      *contact.Outcome
		Gone         *contact.Abandoned
	}
	if err := json.Unmarshal(o.Bytes, &said); err != nil {
		return contact.Message{}, err
	}
	return contact.Message{
		Channel:      contact.Channel{Kind: "webchat", Account: o.Account, Visibility: "private", Direction: "inbound"},
		Conversation: contact.ConversationID("webchat", o.Account, said.Thread),
		Sender:       contact.Sender{Address: "Ada"}, Text: said.Text, Authored: said.Text, Authenticity: contact.Claimed,
		Answer: contact.Answer{Address: "session " + said.Thread, Rules: c.rules}, Automatic: said.Automatic,
		SafeToContact: said.Safe, Covert: said.Covert, Outcome: said.Outcome, Abandoned: said.Gone,
	}, nil
}

func (c *chat) Acknowledgement(contact.Message) (string, bool) { return c.ack, c.ack != "" }

func (c *chat) Reply(_ context.Context, to channels.Address, r contact.Reply) (channels.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inside[r.Conversation]++; c.inside[r.Conversation] > 1 {
		panic("two replies of a conversation at a time")
	}
	defer func() { c.inside[r.Conversation]-- }()
	c.calls[r.ID]++
	f := fate{taken: true}
	if c.answer != nil {
		f = c.answer(c.calls[r.ID], r)
	}
	if f.taken {
		c.got[r.ID]++
		c.order = append(c.order, r.Text)
	}
	return channels.Receipt{PlatformID: to.Answer + "#" + r.ID}, f.err
}

func (c *chat) Find(_ context.Context, to channels.Address, r contact.Reply) (channels.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finds[r.ID]++
	if c.lookup != nil {
		if err := c.lookup(c.finds[r.ID], r); err != nil {
			return channels.Receipt{}, err
		}
	}
	if c.got[r.ID] == 0 {
		return channels.Receipt{}, channels.ErrNotFound
	}
	return channels.Receipt{PlatformID: to.Answer + "#" + r.ID}, nil
}

func (c *chat) received() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.order)
}

// log keeps what is published, and holds every event to the contract.
type published struct {
	t      *testing.T
	mu     sync.Mutex
	topics map[string][]contact.Event
	more   chan struct{}
}

func (p *published) Close() error { return nil }

func (p *published) Publish(topic string, envs ...*message.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, env := range envs {
		contacttest.Valid(p.t, env.Payload)
		event, err := pipeline.OpenEvent(env)
		if err != nil {
			p.t.Error(err)
		}
		p.topics[topic] = append(p.topics[topic], event)
	}
	select {
	case p.more <- struct{}{}:
	default:
	}
	return nil
}

func (p *published) on(topic string) []contact.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.topics[topic])
}

// desk is a subscriber through which a test plays contact.replies.
type desk struct{ out chan *message.Message }

func (d desk) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	go func() {
		defer close(out)
		for {
			select {
			case env := <-d.out:
				select {
				case out <- env:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

func (desk) Close() error { return nil }

// flow is a journal and a pipeline with one chat, running.
type flow struct {
	t       *testing.T
	journal *journal.Journal
	chat    *chat
	out     *published
	desk    desk
	said    int
}

func startFlow(t *testing.T, c *chat, change ...func(*journal.Config, *pipeline.ReplyDeps)) *flow {
	t.Helper()
	f := &flow{t: t, chat: c, desk: desk{make(chan *message.Message)}}
	f.out = &published{t: t, topics: map[string][]contact.Event{}, more: make(chan struct{}, 1)}
	config := journal.Config{Dir: t.TempDir(), MinFree: -1}
	deps := pipeline.ReplyDeps{
		Commands: f.desk, Repliers: map[string]channels.Replier{"webchat": c},
		Acknowledgers: map[string]channels.Acknowledger{"webchat": c},
	}
	for _, each := range change {
		each(&config, &deps)
	}
	f.start(config, deps)
	return f
}

// start runs a pipeline until the test ends or stop is called.
func (f *flow) start(config journal.Config, deps pipeline.ReplyDeps) (stop func()) {
	f.t.Helper()
	j, err := journal.Open(config, journal.Deps{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.journal = j
	deps.Journal, deps.Due = j, j.Replies()
	p, err := pipeline.New(pipeline.Config{Drain: time.Second}, pipeline.Deps{
		Unread: j.Unread(), Outbox: j.Outbox(), Open: journal.EntryOf, Journal: j,
		Readers: map[string]channels.Reader{"webchat": f.chat}, Panel: calm{}, Publisher: f.out,
		Force: "borsetshire", Version: "test", Log: slog.New(slog.DiscardHandler), Replies: deps,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			f.t.Errorf("run: %v", err)
		}
		if err := j.Close(); err != nil {
			f.t.Errorf("close: %v", err)
		}
	})
	f.t.Cleanup(stop)
	return stop
}

// calm judges everything as routine.
type calm struct{}

func (calm) Assess(context.Context, contact.Message) contact.Assessment {
	return contact.Assessment{Grade: contact.Scheduled, At: time.Unix(1790000000, 0)}
}

// says has somebody write in a thread, and returns the conversation.
func (f *flow) says(thread string, more ...string) (conversation string) {
	f.t.Helper()
	f.said++
	fields := fmt.Sprintf(`"Thread":%q,"Text":"message %d"`, thread, f.said)
	for _, each := range more {
		fields += "," + each
	}
	err := f.journal.Accept(f.t.Context(), []channels.Original{{
		Channel: "webchat", Account: "main", ID: fmt.Sprintf("%s/%d", thread, f.said), MediaType: "application/json", Bytes: []byte("{" + fields + "}"),
	}}, channels.Cursor{})
	if err != nil {
		f.t.Fatal(err)
	}
	conversation = contact.ConversationID("webchat", "main", thread)
	said := f.said
	f.await("the message", func() bool {
		count := 0
		for _, e := range f.out.on(pipeline.TopicEvents) {
			if e.Type == contact.ReceivedV1 || e.Type == contact.AbandonedV1 {
				count++
			}
		}
		return count >= said
	})
	return conversation
}

// answer is a reply of the desk.
func answer(conversation, which string) contact.Reply {
	return contact.Reply{
		ID: contact.ReplyID(conversation, which), Conversation: conversation, Text: which, Author: "h214",
		RequestedAt: time.Now().UTC(),
	}
}

// asks sends a command, and returns when it was answered.
func (f *flow) asks(r contact.Reply) {
	f.t.Helper()
	f.command(contact.ReplyRequestedV1, r.Conversation, contact.Requested{SchemaVersion: "1.0", Reply: r})
}

func (f *flow) command(eventType, conversation string, data any) {
	f.t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		f.t.Fatal(err)
	}
	env, err := pipeline.Envelope(contact.Event{
		SpecVersion: "1.0", ID: contact.EventID(eventType, string(raw), ""), Source: "/borsetshire/desk", Type: eventType, Subject: "s",
		Time: time.Now().UTC(), DataContentType: "application/json", DataSchema: "urn:contactd:schema:contact:1.0",
		PartitionKey: conversation, Force: "borsetshire", Data: raw,
	}, pipeline.LaneNormal)
	if err != nil {
		f.t.Fatal(err)
	}
	f.send(env)
}

func (f *flow) send(env *message.Message) {
	f.t.Helper()
	f.desk.out <- env
	select {
	case <-env.Acked():
	case <-env.Nacked():
		f.t.Error("a command was refused")
	case <-time.After(20 * time.Second):
		f.t.Fatal("a command was not answered")
	}
}

// await returns when it is so, looking again at every event.
func (f *flow) await(what string, so func() bool) {
	f.t.Helper()
	end := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-f.out.more:
		case <-tick.C:
		case <-end:
			f.t.Fatalf("%s did not come; replied: %v", what, f.replied(""))
		}
	}
}

// replied is what was told of a reply, or of all.
func (f *flow) replied(id string) []contact.Replied {
	var all []contact.Replied
	for _, e := range f.out.on(pipeline.TopicEvents) {
		var r contact.Replied
		if e.Type == contact.RepliedV1 && json.Unmarshal(e.Data, &r) == nil && (id == "" || r.ReplyID == id) {
			all = append(all, r)
		}
	}
	return all
}

// states are the states that a reply went through.
func (f *flow) states(id string) (states []contact.ReplyState) {
	for _, r := range f.replied(id) {
		states = append(states, r.State)
	}
	return states
}

// awaitState returns when a reply has come to a state.
func (f *flow) awaitState(id string, want contact.ReplyState) contact.Replied {
	f.t.Helper()
	var last contact.Replied
	f.await(string(want)+" of "+id, func() bool {
		all := f.replied(id)
		if len(all) > 0 {
			last = all[len(all)-1]
		}
		return len(all) > 0 && last.State == want
	})
	return last
}

// gapless fails unless each conversation's events count from 1.
func (f *flow) gapless() {
	f.t.Helper()
	next := map[string]int{}
	for _, e := range f.out.on(pipeline.TopicEvents) {
		if next[e.PartitionKey]++; e.Sequence != fmt.Sprint(next[e.PartitionKey]) {
			f.t.Errorf("conversation %s: %s has sequence %s, want %d", e.PartitionKey, e.Type, e.Sequence, next[e.PartitionKey])
		}
	}
}

func TestAReplyGoesToItsChannelAndEachStateIsAnEvent(t *testing.T) {
	f := startFlow(t, newChat())
	conversation := f.says("lane")
	reply := answer(conversation, "Officers are on their way.")
	f.asks(reply)
	f.asks(reply) // a repeated command is one reply
	last := f.awaitState(reply.ID, contact.HandedOver)
	if got := f.states(reply.ID); !slices.Equal(got, []contact.ReplyState{contact.Queued, contact.HandedOver}) {
		t.Errorf("it went through %v", got)
	}
	if last.PlatformMessageID != "session lane#"+reply.ID || last.Attempts != 1 || last.Author != "h214" || last.Text != "" {
		t.Errorf("told %+v", last)
	}
	if first := f.replied(reply.ID)[0]; first.Text != reply.Text || first.Channel != "webchat" || first.Account != "main" {
		t.Errorf("told %+v", first)
	}
	if got := f.chat.received(); !slices.Equal(got, []string{reply.Text}) {
		t.Errorf("the person received %q", got)
	}
	f.gapless()
}

func TestAReplyThatWasLostOnTheWayIsLookedUpBeforeItIsSentAgain(t *testing.T) {
	c := newChat()
	c.answer = func(call int, _ contact.Reply) fate {
		if call == 1 {
			return fate{taken: false, err: errors.New("connection reset")}
		}
		return fate{taken: true}
	}
	f := startFlow(t, c)
	reply := answer(f.says("lane"), "lost")
	f.asks(reply)
	f.awaitState(reply.ID, contact.HandedOver)
	want := []contact.ReplyState{contact.Queued, contact.Uncertain, contact.Queued, contact.HandedOver}
	if got := f.states(reply.ID); !slices.Equal(got, want) {
		t.Errorf("it went through %v, want %v", got, want)
	}
	if c.got[reply.ID] != 1 || c.finds[reply.ID] != 1 {
		t.Errorf("received %d times, looked up %d times", c.got[reply.ID], c.finds[reply.ID])
	}
	f.gapless()
}
