package pipeline_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/journal"
)

// keep keeps a record and says where it lies, as a broker with one partition.
func (p *published) keep(topic string, env *message.Message) {
	if p.records == nil {
		p.records = map[string][]*message.Message{}
	}
	env.Metadata.Set(pipeline.MetaPartition, "0")
	env.Metadata.Set(pipeline.MetaOffset, strconv.Itoa(len(p.records[topic])))
	p.records[topic] = append(p.records[topic], env)
}

// Since implements pipeline.History.
func (p *published) Since(_ context.Context, topic string, from map[int]int64, f func(string, map[string]string, []byte)) (map[int]int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return nil, errors.New("the broker is away")
	}
	records := p.records[topic]
	end := int64(len(records))
	start := from[0]
	if start > end {
		start = 0
	}
	for _, env := range records[start:] {
		f(env.Metadata.Get(pipeline.MetaKey), env.Metadata, env.Payload)
	}
	return map[int]int64{0: end}, nil
}

// forget has the broker lose what it kept.
func (p *published) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.records)
}

func (p *published) goAway(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
}

// compare has the journal agree with what was published. While the broker is
// away, it is gone on without.
func (f *flow) compare(ctx context.Context) {
	w := pipeline.NewWitness(&interrupted{Journal: f.journal}, f.out, "borsetshire", slog.New(slog.DiscardHandler))
	go w.Run(ctx)
	if !f.out.away {
		<-w.Done()
	}
}

// interrupted ends the first time when all was told but its end: everything is
// told twice, as after a crash in between.
type interrupted struct {
	*journal.Journal
	once bool
}

func (i *interrupted) Agree(ctx context.Context, ends map[int]int64) error {
	if !i.once {
		i.once = true
		return errors.New("interrupted")
	}
	return i.Journal.Agree(ctx, ends)
}

// lives is a folder whose contactd is stopped and started, and put back.
type lives struct {
	*flow
	dir  string
	stop func()
}

func begin(t *testing.T, c *chat) *lives {
	t.Helper()
	l := &lives{dir: filepath.Join(t.TempDir(), "journal")}
	l.flow = &flow{t: t, chat: c, witnessed: true}
	l.out = &published{t: t, topics: map[string][]contact.Event{}, more: make(chan struct{}, 1), stopped: true}
	l.run()
	return l
}

func (l *lives) run() {
	l.t.Helper()
	l.desk = desk{make(chan *message.Message)}
	l.stop = l.start(journal.Config{Dir: l.dir, MinFree: -1}, pipeline.ReplyDeps{
		Commands: l.desk, Repliers: map[string]channels.Replier{"webchat": l.chat},
		Acknowledgers: map[string]channels.Acknowledger{"webchat": l.chat},
	})
}

// backUp copies the folder in the middle of its life.
func (l *lives) backUp() (copied string) {
	l.t.Helper()
	l.stop()
	copied = l.t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(l.dir)); err != nil {
		l.t.Fatal(err)
	}
	l.run()
	return copied
}

// putBack goes on from a copy.
func (l *lives) putBack(copied string) {
	l.t.Helper()
	l.stop()
	if err := os.RemoveAll(l.dir); err != nil {
		l.t.Fatal(err)
	}
	if err := os.CopyFS(l.dir, os.DirFS(copied)); err != nil {
		l.t.Fatal(err)
	}
	l.run()
}

// ask asks for a reply on contact.replies, which keeps it.
func (l *lives) ask(r contact.Reply) contact.Reply {
	l.t.Helper()
	l.asks(r)
	return r
}

// distinct fails when two events of a conversation have one place, or one event
// has two.
func (l *lives) distinct() {
	l.t.Helper()
	at, places := map[string]string{}, map[string]string{}
	for _, env := range l.out.records[pipeline.TopicEvents] {
		place := env.Metadata.Get(pipeline.MetaKey) + " " + env.Metadata.Get("ce_sequence")
		id := env.Metadata.Get("ce_id")
		if other := at[place]; other != "" && other != id {
			l.t.Errorf("place %s is that of %s and of %s", place, other, id)
		}
		if other := places[id]; other != "" && other != place {
			l.t.Errorf("event %s is at %s and at %s", id, other, place)
		}
		at[place], places[id] = id, place
	}
}

// unreachable has every call end without anything sent, while it says so.
type unreachable struct{ now bool }

func (u *unreachable) answer(int, contact.Reply) fate {
	if u.now {
		return fate{err: channels.NotSent(errors.New("no way"))}
	}
	return fate{taken: true}
}

func TestAReplyThatWasSentSinceTheBackupIsNotSentAgain(t *testing.T) {
	c, way := newChat(), &unreachable{now: true}
	c.answer = way.answer
	l := begin(t, c)
	conversation := l.says("lane")
	reply := l.ask(answer(conversation, "officers are on their way"))
	l.awaitState(reply.ID, contact.Queued)
	copied := l.backUp()
	c.mu.Lock()
	way.now = false
	c.mu.Unlock()
	l.awaitState(reply.ID, contact.HandedOver)
	l.says("lane")

	l.putBack(copied)
	l.says("lane")
	if got, _, finds := c.counts(reply.ID); got != 1 || finds != 0 {
		t.Errorf("the person has it %d times, it was looked up %d times though Kafka knew", got, finds)
	}
	if r := l.journal.Restored(); r.Forgotten != 2 { // handed over, and a message
		t.Errorf("noted %v", r)
	}
	l.distinct()
	l.stop()
	l.run()
	l.says("lane")
	if first := l.journal.Restored(); first.Forgotten != 2 {
		t.Errorf("the next start found %v", first)
	}
}

func TestAReplyOfWhichKafkaKnowsNothingIsLookedUpFirst(t *testing.T) {
	c, way := newChat(), &unreachable{now: true}
	c.answer = way.answer
	l := begin(t, c)
	sent := l.ask(answer(l.says("lane"), "sent in the last moment"))
	unsent := l.ask(answer(l.says("yard"), "never sent"))
	copied := l.backUp()
	l.says("shore") // Kafka has it, and nothing of what came after it
	l.stop()
	c.mu.Lock()
	c.got[sent.ID], way.now = 1, false
	c.mu.Unlock()

	l.putBack(copied)
	for _, r := range []contact.Reply{sent, unsent} {
		l.awaitState(r.ID, contact.HandedOver)
		if got, _, finds := c.counts(r.ID); got != 1 || finds == 0 {
			t.Errorf("%s: the person has it %d times, it was looked up %d times", r.Text, got, finds)
		}
		if states := l.states(r.ID); !slices.Contains(states, contact.Uncertain) {
			t.Errorf("%s: went through %v", r.Text, states)
		}
	}
	l.distinct()
}

func TestWhatWasAskedForSinceTheBackupIsKnownAgain(t *testing.T) {
	c, way := newChat(), &unreachable{}
	c.answer, c.ack = way.answer, "we have your message"
	l := begin(t, c)
	conversation := l.says("lane")
	copied := l.backUp()
	sent := l.ask(answer(conversation, "sent since"))
	l.awaitState(sent.ID, contact.HandedOver)
	c.mu.Lock()
	way.now = true
	c.mu.Unlock()
	unsent := l.ask(answer(conversation, "asked for since, and not sent"))
	l.awaitState(unsent.ID, contact.Queued)
	later := l.ask(answer(conversation, "asked for behind it"))
	fresh := l.says("yard") // a conversation that the backup does not have
	lost := l.ask(answer(fresh, "cannot be looked up"))
	l.awaitState(lost.ID, contact.Queued)
	for _, r := range []contact.Reply{sent, unsent, later, lost} { // as contact.replies keeps them
		l.keepCommand(r)
	}
	l.stop()
	c.mu.Lock()
	way.now = false
	c.mu.Unlock()

	l.putBack(copied)
	l.awaitState(unsent.ID, contact.HandedOver)
	l.awaitState(later.ID, contact.HandedOver)
	if got := c.received(); slices.Index(got, later.Text) < slices.Index(got, unsent.Text) {
		t.Errorf("they came in another order: %q", got)
	}
	l.awaitState(lost.ID, contact.Failed)
	l.asks(sent) // the command comes once more
	l.said--
	l.says("yard") // its platform gives the message again
	l.await("the message again", func() bool { return l.told(fresh, contact.ReceivedV1) == 2 })
	l.verify()
	again := l.ask(answer(fresh, "once more"))
	l.awaitState(again.ID, contact.HandedOver)
	for id, want := range map[string]int{sent.ID: 1, unsent.ID: 1, later.ID: 1, lost.ID: 0, again.ID: 1} {
		if got, _, _ := c.counts(id); got != want {
			t.Errorf("reply %s reached the person %d times, want %d: %v", id, got, want, l.states(id))
		}
	}
	acknowledged := 0
	for _, text := range c.received() {
		if text == c.ack {
			acknowledged++
		}
	}
	if acknowledged > 2 {
		t.Errorf("two messages were acknowledged %d times", acknowledged)
	}
	l.distinct()
	l.verify()
}

// told counts the records of a type in a conversation.
func (l *lives) told(conversation, kind string) (count int) {
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	for _, env := range l.out.records[pipeline.TopicEvents] {
		if env.Metadata.Get(pipeline.MetaKey) == conversation && env.Metadata.Get("ce_type") == kind {
			count++
		}
	}
	return count
}

// keepCommand has contact.replies keep what was asked for.
func (l *lives) keepCommand(r contact.Reply) {
	l.t.Helper()
	env := l.envelope(contact.ReplyRequestedV1, r.Conversation, contact.Requested{SchemaVersion: "1.0", Reply: r})
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	l.out.keep(pipeline.TopicReplies, env)
}

func (l *lives) verify() {
	l.t.Helper()
	tools := l.journal.Tools()
	defer tools.Close()
	report, err := tools.Verify(l.t.Context())
	if err != nil || len(report.Differences) > 0 {
		l.t.Errorf("verify: %v, %v", report.Differences, err)
	}
}

func TestACrashIsNotTakenForABackup(t *testing.T) {
	c, way := newChat(), &unreachable{now: true}
	c.answer = way.answer
	l := begin(t, c)
	l.out.goAway(true)
	conversation := contact.ConversationID("webchat", "main", "lane")
	accept(t, l.journal, "lane")
	l.stop()
	copied := t.TempDir() // as it is when a process was killed that had noted no acknowledgement
	if err := os.CopyFS(copied, os.DirFS(l.dir)); err != nil {
		t.Fatal(err)
	}
	l.out.goAway(false)
	l.run()
	l.await("the message", func() bool { return len(l.out.on(pipeline.TopicEvents)) == 1 })
	reply := l.ask(answer(conversation, "hello"))
	l.awaitState(reply.ID, contact.Queued)
	l.stop()
	l.out.mu.Lock()
	delete(l.out.records, pipeline.TopicReplies)
	l.out.records[pipeline.TopicEvents] = l.out.records[pipeline.TopicEvents][:1] // what the killed one had published
	l.out.mu.Unlock()

	l.putBack(copied)
	if r := l.journal.Restored(); !r.At.IsZero() {
		t.Errorf("it was taken for %v", r)
	}
}

func accept(t *testing.T, j *journal.Journal, thread string) {
	t.Helper()
	err := j.Accept(t.Context(), []channels.Original{{
		Channel: "webchat", Account: "main", ID: thread + "/0", MediaType: "application/json",
		Bytes: []byte(`{"Thread":"` + thread + `","Text":"help"}`),
	}}, channels.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
}

// waiting begins with a reply that waits because the platform cannot be reached.
func waiting(t *testing.T) (c *chat, way *unreachable, l *lives, reply contact.Reply) {
	t.Helper()
	c, way = newChat(), &unreachable{now: true}
	c.answer = way.answer
	l = begin(t, c)
	reply = l.ask(answer(l.says("lane"), "hello"))
	l.awaitState(reply.ID, contact.Queued)
	return c, way, l, reply
}

func TestABrokerThatWasMadeAnewIsNotTakenForABackup(t *testing.T) {
	c, way, l, reply := waiting(t)
	l.stop()
	l.out.forget()
	way.now = false
	l.run()
	l.awaitState(reply.ID, contact.HandedOver)
	if _, _, finds := c.counts(reply.ID); finds != 0 || !l.journal.Restored().At.IsZero() {
		t.Errorf("it was looked up %d times, and taken for %v", finds, l.journal.Restored())
	}
	if states := l.states(reply.ID); slices.Contains(states, contact.Uncertain) {
		t.Errorf("it went through %v", states)
	}
}

func TestWhereTheBrokerWasPutBackTooAPersonsWordDoes(t *testing.T) {
	c, way, l, reply := waiting(t)
	copied := l.backUp()
	records := maps.Clone(l.out.records)
	c.mu.Lock()
	way.now = false
	c.mu.Unlock()
	l.awaitState(reply.ID, contact.HandedOver)
	l.stop()
	l.out.records = records
	if err := os.WriteFile(filepath.Join(copied, journal.PutBack), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l.putBack(copied)
	l.await("a look at the platform", func() bool { _, _, finds := c.counts(reply.ID); return finds > 0 })
	if got, calls, _ := c.counts(reply.ID); got != 1 {
		t.Errorf("the person has it %d times after %d calls", got, calls)
	}
	if _, err := os.Stat(filepath.Join(l.dir, journal.PutBack)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the word is still there: %v", err)
	}
}

func TestRepliesWaitUntilTheBrokerHasToldWhatBecameOfThem(t *testing.T) {
	c, way, l, reply := waiting(t)
	l.stop()
	_, before, _ := c.counts(reply.ID)
	l.out.goAway(true)
	way.now = false
	l.run()
	accept(t, l.journal, "yard")
	l.await("what came in meanwhile to be sorted", func() bool {
		ages, err := l.journal.Oldest()
		return err == nil && len(ages) > 0 && ages["unsorted"] == 0
	})
	if _, calls, _ := c.counts(reply.ID); calls != before {
		t.Error("it was sent though nobody knows whether it had been")
	}
	l.out.goAway(false)
	l.awaitState(reply.ID, contact.HandedOver)
}
