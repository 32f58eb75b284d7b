package pipeline_test

import (
	"bytes"
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
		Place        string
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
		Answer: contact.Answer{Address: "session " + said.Thread + said.Place, Rules: c.rules}, Automatic: said.Automatic,
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

// counts says how often a reply was received, sent and looked up.
func (c *chat) counts(id string) (got, calls, finds int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got[id], c.calls[id], c.finds[id]
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
	// stopped says that contactd was stopped meanwhile: what it had published
	// and not noted comes again, with the same id, and readers pass over it.
	stopped bool
	// records are all that was published, as a broker keeps them; see witness_test.go.
	records map[string][]*message.Message
	away    bool
}

func (p *published) Close() error { return nil }

func (p *published) Publish(topic string, envs ...*message.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return errors.New("the broker is away")
	}
	for _, env := range envs {
		p.keep(topic, env)
		contacttest.Valid(p.t, env.Payload)
		var event contact.Event
		if err := json.Unmarshal(env.Payload, &event); err != nil {
			p.t.Error(err)
		}
		same := func(e contact.Event) bool { return e.Source == event.Source && e.ID == event.ID }
		if p.stopped && slices.ContainsFunc(p.topics[topic], same) {
			continue
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
	// witnessed says that the journal is compared with what was published.
	witnessed bool
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
	j, err := journal.Open(config, journal.Deps{Witnessed: f.witnessed})
	if err != nil {
		f.t.Fatal(err)
	}
	f.journal = j
	deps.Journal, deps.Due = j, j.Replies()
	p, err := pipeline.New(pipeline.Config{Drain: time.Second}, pipeline.Deps{
		Unread: j.Unread(), Outbox: j.Outbox(), Ahead: j.Ahead(), Open: journal.EntryOf, Journal: j,
		Readers: map[string]channels.Reader{"webchat": f.chat}, Panel: calm{}, Publisher: f.out,
		Force: "borsetshire", Version: "test", Log: slog.New(slog.DiscardHandler), Replies: deps, Decisions: j,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if f.witnessed {
		f.compare(ctx)
	}
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

func (calm) Assess(_ context.Context, message contact.Message) contact.Assessment {
	a := contact.Assessment{Grade: contact.Scheduled, At: time.Unix(1790000000, 0)}
	switch message.Text {
	case "he checks my phone":
		a.SafeToReply = &contact.SafeToReply{Safe: "no", By: "test@1", Signs: []contact.Sign{
			{Code: "watched", Spans: []contact.Span{{Start: 0, End: 18, Quote: "he checks my phone"}}},
		}}
	case "he has a knife":
		a.Grade = contact.Emergency
	case "cant talk":
		a.Covert = &contact.Covert{Signs: []contact.Sign{{Code: "cannot_speak"}}, By: "test@1"}
	}
	return a
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
	f.send(f.envelope(eventType, conversation, data))
}

func (f *flow) envelope(eventType, conversation string, data any) *message.Message {
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
	return env
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
	end := time.After(time.Minute)
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
	if got, _, finds := c.counts(reply.ID); got != 1 || finds != 1 {
		t.Errorf("received %d times, looked up %d times", got, finds)
	}
	f.gapless()
}

func TestAReplyThatWasTakenAlthoughTheAnswerWasLostIsNotSentAgain(t *testing.T) {
	c := newChat()
	c.answer = func(int, contact.Reply) fate { return fate{taken: true, err: errors.New("connection reset")} }
	c.lookup = func(call int, _ contact.Reply) error {
		if call == 1 {
			return errors.New("it cannot be told now")
		}
		return nil
	}
	f := startFlow(t, c)
	reply := answer(f.says("lane"), "taken")
	f.asks(reply)
	f.awaitState(reply.ID, contact.HandedOver)
	if want := []contact.ReplyState{contact.Queued, contact.Uncertain, contact.HandedOver}; !slices.Equal(f.states(reply.ID), want) {
		t.Errorf("it went through %v, want %v", f.states(reply.ID), want)
	}
	if got, calls, finds := c.counts(reply.ID); got != 1 || calls != 1 || finds != 2 {
		t.Errorf("received %d times after %d calls and %d look-ups", got, calls, finds)
	}
}

func TestAPanicOfAChannelIsALostAnswer(t *testing.T) {
	c := newChat()
	c.answer = func(call int, _ contact.Reply) fate {
		if call == 1 {
			panic("words of the contact")
		}
		return fate{taken: true}
	}
	f := startFlow(t, c)
	reply := answer(f.says("lane"), "panic")
	f.asks(reply)
	f.awaitState(reply.ID, contact.HandedOver)
	if got, calls, finds := c.counts(reply.ID); got != 1 || calls != 2 || finds != 1 {
		t.Errorf("received %d times after %d calls and %d look-ups", got, calls, finds)
	}
}

func TestWhatWasCertainlyNotSentIsTriedAgainQuietly(t *testing.T) {
	c := newChat()
	c.answer = func(call int, _ contact.Reply) fate {
		if call < 3 {
			return fate{err: channels.NotSent(errors.New("login refused"))}
		}
		return fate{taken: true}
	}
	f := startFlow(t, c)
	reply := answer(f.says("lane"), "later")
	f.asks(reply)
	if last := f.awaitState(reply.ID, contact.HandedOver); last.Attempts != 3 {
		t.Errorf("told %+v", last)
	}
	if want := []contact.ReplyState{contact.Queued, contact.HandedOver}; !slices.Equal(f.states(reply.ID), want) {
		t.Errorf("it went through %v, want %v", f.states(reply.ID), want)
	}
}

func TestARefusedReplyFailsWithThePlatformsReason(t *testing.T) {
	c := newChat()
	c.answer = func(int, contact.Reply) fate { return fate{err: channels.Refused(errors.New("they have blocked us"))} }
	f := startFlow(t, c)
	reply := answer(f.says("lane"), "refused")
	f.asks(reply)
	if last := f.awaitState(reply.ID, contact.Failed); last.Reason != "they have blocked us" {
		t.Errorf("told %+v", last)
	}
}

func TestWhatIsHiddenIsTheMessageThatTheReplyNames(t *testing.T) {
	c := newChat()
	c.rules.Ways = []contact.Way{contact.Hide}
	f := startFlow(t, c)
	elsewhere := f.says("other lane")
	conversation := f.says("lane", `"Place":" first"`)
	f.says("lane", `"Place":" second"`)
	hides := func(which string) contact.Reply {
		r := answer(conversation, "hide "+which)
		r.Way, r.Text, r.InReplyTo = contact.Hide, "", which
		return r
	}
	first := hides(contact.MessageID("webchat", "main", "lane/2"))
	f.asks(first)
	if told := f.awaitState(first.ID, contact.HandedOver); told.PlatformMessageID != "session lane first#"+first.ID {
		t.Errorf("hid %s", told.PlatformMessageID)
	}
	latest := hides("")
	f.asks(latest)
	if told := f.awaitState(latest.ID, contact.HandedOver); told.PlatformMessageID != "session lane second#"+latest.ID {
		t.Errorf("hid %s", told.PlatformMessageID)
	}
	for _, wrong := range []string{contact.MessageID("webchat", "main", "never"), contact.MessageID("webchat", "main", "other lane/1")} {
		r := hides(wrong)
		f.asks(r)
		if told := f.awaitState(r.ID, contact.Failed); told.Reason != "the message that contactId names is not of this conversation" {
			t.Errorf("told %+v of one of %s", told, elsewhere)
		}
	}
}

func TestWhatIsHiddenIsLookedUpWhereItWasHidden(t *testing.T) {
	c := newChat()
	c.rules.Ways = []contact.Way{contact.Hide}
	c.answer = func(int, contact.Reply) fate { return fate{taken: true, err: errors.New("the line broke")} }
	f := startFlow(t, c)
	conversation := f.says("lane", `"Place":" first"`)
	f.says("lane", `"Place":" second"`)
	r := answer(conversation, "")
	r.Way, r.InReplyTo = contact.Hide, contact.MessageID("webchat", "main", "lane/1")
	f.asks(r)
	if told := f.awaitState(r.ID, contact.HandedOver); told.PlatformMessageID != "session lane first#"+r.ID {
		t.Errorf("looked up %s", told.PlatformMessageID)
	}
}

func TestAReplyToAChannelThatIsNotConfiguredFailsVisibly(t *testing.T) {
	f := startFlow(t, newChat(), func(_ *journal.Config, d *pipeline.ReplyDeps) { d.Repliers = nil })
	reply := answer(f.says("lane"), "nobody carries it")
	f.asks(reply)
	if last := f.awaitState(reply.ID, contact.Failed); last.Reason != "the channel webchat is not configured here, or cannot answer" {
		t.Errorf("told %+v", last)
	}
}

func TestAnotherReplyUnderAUsedIDIsShownToAPerson(t *testing.T) {
	f := startFlow(t, newChat())
	reply := answer(f.says("lane"), "we come at eight")
	f.asks(reply)
	f.awaitState(reply.ID, contact.HandedOver)
	f.asks(reply) // comes again
	reply.Text = "we do not come"
	f.asks(reply)
	rejected := f.out.on(pipeline.TopicRejected)
	if len(rejected) != 1 || rejected[0].CorrelationID != reply.Conversation || !bytes.Contains(rejected[0].Data, []byte("this replyId was used for another reply")) {
		t.Errorf("%+v", rejected)
	}
	if got := f.replied(reply.ID); len(got) != 2 {
		t.Errorf("told %+v", got)
	}
}

func TestAReplyToNobodyFailsInASequenceOfItsOwn(t *testing.T) {
	f := startFlow(t, newChat())
	reply := answer(contact.ConversationID("webchat", "main", "never"), "hello?")
	f.asks(reply)
	if last := f.awaitState(reply.ID, contact.Failed); last.Reason != "there is no such conversation" || last.Channel != "other" {
		t.Errorf("told %+v", last)
	}
	again := answer(reply.Conversation, "is somebody there now?")
	f.asks(again)
	f.awaitState(again.ID, contact.Failed)
	f.gapless()
}

func TestWhatCannotBeReadAsACommandIsShownAndStopsNobody(t *testing.T) {
	f := startFlow(t, newChat())
	conversation := f.says("lane")
	const secret = "she said this"
	wrong := answer(conversation, "x")
	wrong.ID = "mine"
	for _, payload := range []string{
		secret, `{"specversion":"1.0"`, `{"specversion":"0.3","type":"contact.reply.requested.v1"}`, `[]`, `{"specversion":1}`,
		`{"specversion":"1.0","type":"contact.reply.requested.v1","data":"` + secret + `"}`,
		`{"specversion":"1.0","type":"contact.reply.requested.v1","data":{"requestedAt":"` + secret + `"}}`,
		`{"specversion":"1.0","type":"contact.seen.v1","data":{"conversationId":"` + secret + `"}}`,
		`{"specversion":"1.0","type":"` + secret + `"}`,
	} {
		f.send(message.NewMessage("1", []byte(payload)))
	}
	f.command(contact.ReplyRequestedV1, conversation, contact.Requested{SchemaVersion: "1.0", Reply: wrong})
	f.command(contact.ReplyRequestedV1, conversation, contact.Requested{SchemaVersion: "2.0", Reply: answer(conversation, "y")})
	f.command(contact.ReplyRequestedV1, contact.ConversationID("a", "b", "c"), contact.Requested{SchemaVersion: "1.0", Reply: answer(conversation, "z")})
	// A command of the future is not taken here, and a person waits for what it asks.
	f.command("contact.reply.requested.v2", conversation, contact.Requested{SchemaVersion: "2.0", Reply: answer(conversation, "later")})
	// What is for another force on the same cluster is skipped.
	f.send(message.NewMessage("1", []byte(`{"specversion":"1.0","type":"contact.seen.v1","force":"felpersham","data":{}}`)))
	f.send(message.NewMessage("1", []byte(`{"specversion":"1.0","type":"contact.reply.requested.v2","force":"felpersham","data":{}}`)))
	rejected := f.out.on(pipeline.TopicRejected)
	if len(rejected) != 13 {
		t.Fatalf("%d records were shown to a person, want 13", len(rejected))
	}
	future := rejected[12]
	if !bytes.Contains(future.Data, []byte("its type contact.reply.requested.v2 is not known here: want contact.reply.requested.v1")) ||
		future.CorrelationID != conversation || future.CausationID == "" {
		t.Errorf("whoever asked cannot find the answer: %+v", future)
	}
	for _, each := range rejected {
		var data contact.Rejected
		if err := json.Unmarshal(each.Data, &data); err != nil || data.Error == "" || bytes.Contains([]byte(data.Error), []byte(secret)) {
			t.Errorf("%v: %s", err, data.Error)
		}
	}
	reply := answer(conversation, "good")
	f.asks(reply)
	f.awaitState(reply.ID, contact.HandedOver)
}

func TestAHandlersLookIsShownToThePerson(t *testing.T) {
	var seen attendant
	f := startFlow(t, newChat(), func(_ *journal.Config, d *pipeline.ReplyDeps) {
		d.Attendants = []channels.Attendant{&attendant{err: errors.New("store is away")}, &seen}
	})
	want := contact.Seen{
		SchemaVersion: "1.0", ConversationID: f.says("lane"), ContactID: contact.MessageID("a", "b", "c"), At: time.Unix(1790000000, 0).UTC(),
	}
	f.command(contact.SeenV1, want.ConversationID, want)
	if len(seen.seen) != 1 || seen.seen[0] != want {
		t.Errorf("shown %+v", seen.seen)
	}
}

// attendant remembers what it was shown.
type attendant struct {
	err      error
	seen     []contact.Seen
	typing   []contact.Typing
	presence []contact.Presence
}

func (a *attendant) Seen(_ context.Context, s contact.Seen) error {
	a.seen = append(a.seen, s)
	return a.err
}
func (a *attendant) Typing(t contact.Typing)     { a.typing = append(a.typing, t) }
func (a *attendant) Presence(p contact.Presence) { a.presence = append(a.presence, p) }

func TestLateNewsOfAReplyIsAnEvent(t *testing.T) {
	f := startFlow(t, newChat())
	reply := answer(f.says("lane"), "came back")
	f.asks(reply)
	f.awaitState(reply.ID, contact.HandedOver)
	if err := f.journal.Outcome(t.Context(), contact.Outcome{ReplyID: reply.ID, State: contact.Confirmed}); err != nil {
		t.Fatal(err)
	}
	f.awaitState(reply.ID, contact.Confirmed)
	// A bounce is a message all the same.
	f.says("daemon", fmt.Sprintf(`"Automatic":"bounce","Outcome":{"ReplyID":%q,"State":"failed","Reason":"5.1.1 no such mailbox"}`, reply.ID))
	if last := f.awaitState(reply.ID, contact.Failed); last.Reason != "5.1.1 no such mailbox" {
		t.Errorf("told %+v", last)
	}
	f.gapless()
}

func TestAPersonIsToldOnceThatTheirMessageWasTaken(t *testing.T) {
	c := newChat()
	c.ack = "We have your message."
	f := startFlow(t, c)
	f.says("robot", `"Automatic":"auto"`)
	f.says("afraid", `"Safe":"no"`)
	f.says("hidden", `"Covert":true`)
	f.says("gone", `"Gone":{"lastSeenAt":"2026-11-03T21:18:31Z"}`)
	conversation := f.says("lane")
	id := contact.ReplyID(conversation, "acknowledgement of "+contact.MessageID("webchat", "main", "lane/5"))
	if last := f.awaitState(id, contact.HandedOver); !last.Automatic || last.ContactID == "" {
		t.Errorf("told %+v", last)
	}
	f.says("lane") // within a day
	if got := c.received(); !slices.Equal(got, []string{c.ack}) {
		t.Errorf("people received %q", got)
	}
	f.gapless()
}

func TestNobodyIsToldAtOnceWhomThatCouldEndangerNorLater(t *testing.T) {
	c := newChat()
	c.ack = "We have your message."
	f := startFlow(t, c)
	for thread, more := range map[string]string{
		"watched": `"Text":"he checks my phone"`, "covert": `"Text":"cant talk"`, "said so": `"Safe":"no"`, "quiet": `"Covert":true`,
	} {
		f.says(thread, more)
		f.says(thread) // and now says nothing about it
	}
	conversation := f.says("lane")
	f.awaitState(contact.ReplyID(conversation, "acknowledgement of "+contact.MessageID("webchat", "main", "lane/9")), contact.HandedOver)
	if got := c.received(); !slices.Equal(got, []string{c.ack}) {
		t.Errorf("people received %q", got)
	}
	person := answer(contact.ConversationID("webchat", "main", "watched"), "a handler knows what to do")
	f.asks(person)
	f.awaitState(person.ID, contact.HandedOver)
	f.gapless()
}

func TestWordsThatSayNotToAnswerStandInTheEvent(t *testing.T) {
	f := startFlow(t, newChat())
	f.says("lane", `"Text":"he checks my phone","Safe":"yes"`)
	f.says("park", `"Safe":"yes"`)
	for i, want := range []string{"no", "yes"} {
		var data contact.Received
		if err := json.Unmarshal(f.out.on(pipeline.TopicEvents)[i].Data, &data); err != nil {
			t.Fatal(err)
		}
		if data.Parties[0].SafeToContact != want || data.Reply.PeopleOnly != (want == "no") || (data.Classification.SafeToReply != nil) != (want == "no") {
			t.Errorf("told %+v, %+v", data.Parties[0], data.Reply)
		}
	}
}

func TestWhoVanishesIsAnEventThatAPersonLooksAt(t *testing.T) {
	f := startFlow(t, newChat())
	conversation := f.says("lane")
	f.says("lane", `"Gone":{"lastSeenAt":"2026-11-03T21:18:31Z","unanswered":1,"covert":true}`)
	events := f.out.on(pipeline.TopicEvents)
	last := events[len(events)-1]
	var data contact.Abandoned
	if err := json.Unmarshal(last.Data, &data); err != nil {
		t.Fatal(err)
	}
	if last.Type != contact.AbandonedV1 || *last.Grade != contact.Unknown || last.Subject != conversation || last.Sequence != "2" ||
		data.ConversationID != conversation || data.Channel != "webchat" || data.Account != "main" || !data.Covert || data.Unanswered != 1 {
		t.Errorf("told %+v %+v", last, data)
	}
}

func TestWhileContactdStopsACallEndsAndTheReplyIsLookedUpAfterwards(t *testing.T) {
	c := &hanging{chat: newChat(), called: make(chan struct{}, 1)}
	f := &flow{t: t, chat: c.chat, desk: desk{make(chan *message.Message)}}
	f.out = &published{t: t, topics: map[string][]contact.Event{}, more: make(chan struct{}, 1)}
	config := journal.Config{Dir: t.TempDir(), MinFree: -1}
	deps := pipeline.ReplyDeps{Commands: f.desk, Repliers: map[string]channels.Replier{"webchat": c}}
	stop := f.start(config, deps)
	reply := answer(f.says("lane"), "in the middle")
	f.asks(reply)
	<-c.called
	began := time.Now()
	stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
	deps.Repliers["webchat"] = c.chat
	f.out.stopped = true
	f.start(config, deps)
	f.awaitState(reply.ID, contact.HandedOver)
	want := []contact.ReplyState{contact.Queued, contact.Uncertain, contact.Queued, contact.HandedOver}
	if got, _, _ := c.counts(reply.ID); !slices.Equal(f.states(reply.ID), want) || got != 1 {
		t.Errorf("it went through %v, received %d times", f.states(reply.ID), got)
	}
	f.gapless()
}

// hanging is a chat whose platform takes calls and says nothing.
type hanging struct {
	*chat
	called chan struct{}
}

func (h *hanging) Reply(ctx context.Context, _ channels.Address, _ contact.Reply) (channels.Receipt, error) {
	h.called <- struct{}{}
	<-ctx.Done()
	return channels.Receipt{}, ctx.Err()
}

func TestHowAMessageCanBeAnsweredStandsInItsEvent(t *testing.T) {
	f := startFlow(t, newChat())
	f.says("lane", `"Covert":true,"Safe":"no"`)
	var data contact.Received
	if err := json.Unmarshal(f.out.on(pipeline.TopicEvents)[0].Data, &data); err != nil {
		t.Fatal(err)
	}
	if data.Reply == nil || !data.Reply.Allowed || data.Reply.TextLimit != 500 || !data.Covert || data.Parties[0].SafeToContact != "no" {
		t.Errorf("told %+v", data)
	}
}

func TestManyConversationsAreAnsweredInOrderWhileThePlatformMisbehaves(t *testing.T) {
	const threads, each = 12, 6
	c := newChat()
	c.answer = func(call int, r contact.Reply) fate {
		switch (len(r.Text) + call*7 + int(r.ID[5])) % 6 {
		case 0:
			return fate{err: channels.NotSent(errors.New("busy"))}
		case 1:
			return fate{taken: false, err: errors.New("reset")}
		case 2:
			return fate{taken: true, err: errors.New("reset")}
		default:
			return fate{taken: true}
		}
	}
	f := startFlow(t, c)
	var all []contact.Reply
	for n := range each {
		for thread := range threads {
			conversation := contact.ConversationID("webchat", "main", fmt.Sprint(thread))
			if n == 0 {
				f.says(fmt.Sprint(thread))
			}
			reply := answer(conversation, fmt.Sprintf("%d of %d", n, thread))
			f.asks(reply)
			all = append(all, reply)
		}
	}
	f.await("every reply", func() bool { return len(c.received()) >= len(all) })
	for _, reply := range all {
		f.awaitState(reply.ID, contact.HandedOver)
		if got, _, _ := c.counts(reply.ID); got != 1 {
			t.Errorf("%q was received %d times", reply.Text, got)
		}
	}
	next := map[int]int{}
	for _, text := range c.received() {
		var n, thread int
		if _, err := fmt.Sscanf(text, "%d of %d", &n, &thread); err != nil || n != next[thread] {
			t.Errorf("conversation %d received %q, want number %d", thread, text, next[thread])
		}
		next[thread]++
	}
	f.gapless()
}
