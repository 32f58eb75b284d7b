package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
	"contactd/contact/contacttest"
)

// shelf is a journal that remembers what was put aside.
type shelf struct {
	mu         sync.Mutex
	quarantine map[int64]string
	full       bool // as a disk is, for the next that is put aside
}

func (s *shelf) Place(context.Context, int64, Placement) (Placed, error) { return Placed{}, nil }
func (s *shelf) Settle(context.Context, int64, Placement, Lane) error    { return nil }
func (s *shelf) Sort(context.Context, int64, Lane) error                 { return nil }

func (s *shelf) Quarantine(_ context.Context, seq int64, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		s.full = false
		return syscall.ENOSPC
	}
	s.quarantine[seq] = reason
	return nil
}

// tray is a publisher that keeps what was published.
type tray struct {
	records chan *message.Message
}

func (tray) Close() error { return nil }

func (p tray) Publish(_ string, records ...*message.Message) error {
	for _, record := range records {
		p.records <- record
	}
	return nil
}

func testPipeline(t *testing.T, reader channels.Reader) (*Pipeline, *shelf, tray) {
	t.Helper()
	journal, out := &shelf{quarantine: map[int64]string{}}, tray{make(chan *message.Message, 10)}
	p, err := New(Config{}, Deps{
		Open:    func(*message.Message) (Entry, error) { return testEntry(), nil },
		Journal: journal, Publisher: out, Force: "borsetshire",
		Readers: map[string]channels.Reader{"email": reader},
		Panel:   panelFunc(func(contact.Message) contact.Grade { return contact.Priority }),
		Log:     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, journal, out
}

type panelFunc func(contact.Message) contact.Grade

func (f panelFunc) Assess(_ context.Context, m contact.Message) contact.Assessment {
	return contact.Assessment{Grade: f(m), At: noon}
}

type readerFunc func() (contact.Message, error)

func (f readerFunc) Read(context.Context, channels.Original) (contact.Message, error) { return f() }

// step runs the first handler inside its middleware, as the router does.
func step(p *Pipeline) error {
	p.open = func(*message.Message) (Entry, error) {
		e := testEntry()
		e.Lane = LaneUnsorted
		return e, nil
	}
	handler := func(env *message.Message) ([]*message.Message, error) { return nil, p.sort(env) }
	chain := p.measure(p.reject(p.retry()(p.recovered(handler))))
	_, err := chain(message.NewMessage("1", nil))
	return err
}

func TestAMessageThatCannotBeReadIsQuarantinedAndTheRestGoesOn(t *testing.T) {
	const secret = "words of the contact"
	for name, reader := range map[string]readerFunc{
		"error":      func() (contact.Message, error) { return contact.Message{}, errors.New("no such form") },
		"unreadable": func() (contact.Message, error) { return contact.Message{Unreadable: "fetched three times"}, nil },
		"panic":      func() (contact.Message, error) { panic(secret) },
	} {
		t.Run(name, func(t *testing.T) {
			p, journal, out := testPipeline(t, reader)
			if err := step(p); err != nil {
				t.Fatalf("the entry must be acknowledged once it is set aside, got %v", err)
			}
			reason, ok := journal.quarantine[7]
			if !ok || strings.Contains(reason, secret) {
				t.Errorf("quarantined %v with reason %q", ok, reason)
			}
			record := <-out.records
			contacttest.Valid(t, record.Payload)
			if strings.Contains(string(record.Payload), secret) {
				t.Error("the rejected record's error holds the contact's words")
			}
		})
	}
}

// Else it would use a journal and a publisher that are closed by then.
func TestNoStepBeginsOnceThePipelineHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, _ := testPipeline(t, nil)
		finish := make(chan struct{})
		early := p.track(func(*message.Message) ([]*message.Message, error) {
			<-finish
			return nil, nil
		})
		go func() { _, _ = early(message.NewMessage("1", nil)) }()
		synctest.Wait()
		settled := false
		go func() {
			p.settle()
			settled = true
		}()
		if synctest.Wait(); settled {
			t.Error("ended while a step runs")
		}
		close(finish)
		if synctest.Wait(); !settled {
			t.Error("not ended though no step runs")
		}
		late := p.track(func(*message.Message) ([]*message.Message, error) {
			t.Error("a step begins")
			return nil, nil
		})
		env := message.NewMessage("2", nil)
		if _, err := late(env); err != nil || env.Ack() {
			t.Errorf("what was not done can be acknowledged; %v", err)
		}
	})
}

// A flood of what cannot be read while the broker is away.
func TestCopiesOfWhatIsSetAsideDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, journal, _ := testPipeline(t, readerFunc(func() (contact.Message, error) { return contact.Message{}, errors.New("no such form") }))
		away := &unanswering{back: make(chan struct{})}
		p.out = away
		const flood = 1000
		for n := range flood {
			if err := step(p); err != nil {
				t.Fatalf("entry %d: %v", n, err)
			}
		}
		synctest.Wait()
		if waits := away.waiting.Load(); waits == 0 || waits > 100 {
			t.Errorf("%d copies wait for the broker", waits)
		}
		if journal.quarantine[7] == "" {
			t.Error("not set aside")
		}
		close(away.back)
		synctest.Wait()
		if err := step(p); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if taken := away.taken.Load(); taken != copiesAtOnce+1 {
			t.Errorf("%d copies published when the broker was back", taken)
		}
	})
}

// unanswering is a publisher whose broker does not answer until it is back.
type unanswering struct {
	message.Publisher
	back           chan struct{}
	waiting, taken atomic.Int32
}

func (u *unanswering) Publish(string, ...*message.Message) error {
	u.waiting.Add(1)
	<-u.back
	u.waiting.Add(-1)
	u.taken.Add(1)
	return nil
}

func TestAFullDiskOrAMissingKeyIsNeverTheMessagesFault(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, channels.ErrNotNow} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			p, journal, _ := testPipeline(t, readerFunc(func() (contact.Message, error) {
				tries++
				return contact.Message{}, fmt.Errorf("store attachment: %w", fault)
			}))
			begun := time.Now()
			if err := step(p); !errors.Is(err, fault) {
				t.Fatalf("got %v, want the entry back with the subscriber", err)
			}
			if len(journal.quarantine) != 0 {
				t.Error("quarantined for a fault of this machine")
			}
			if took := time.Since(begun); tries < 2 || took > 3*time.Second {
				t.Errorf("tried %d times in %v; want a few within two seconds", tries, took)
			}
		})
	}
}

func TestAMessageOfARemovedChannelIsShownToAPerson(t *testing.T) {
	p, journal, out := testPipeline(t, nil)
	delete(p.readers, "email")
	if err := step(p); err != nil {
		t.Fatal(err)
	}
	<-out.records
	if reason := journal.quarantine[7]; !strings.Contains(reason, `no reader for channel "email"`) {
		t.Errorf("reason %q does not name the channel", reason)
	}
}

func TestReadingThatDoesNotEndIsQuarantinedUnderIt(t *testing.T) {
	for name, full := range map[string]bool{"at once": false, "when the disk takes it": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { quarantinedUnderIt(t, full) })
		})
	}
}

func quarantinedUnderIt(t *testing.T, full bool) {
	t.Helper()
	release := make(chan struct{})
	p, journal, _ := testPipeline(t, readerFunc(func() (contact.Message, error) {
		<-release
		return contact.Message{}, nil
	}))
	journal.full = full
	ctx, cancel := context.WithCancel(t.Context())
	go p.watch(ctx)
	ended := make(chan error)
	go func() { ended <- step(p) }()
	time.Sleep(2 * time.Minute) // of the bubble's clock
	synctest.Wait()
	journal.mu.Lock()
	_, ok := journal.quarantine[7]
	journal.mu.Unlock()
	if !ok {
		t.Error("an entry whose reading hangs must be set aside")
	}
	close(release)
	<-ended
	cancel()
}

func TestAQuarantinedEntryIsPublishedWithoutBeingReadAgain(t *testing.T) {
	p, _, out := testPipeline(t, readerFunc(func() (contact.Message, error) {
		t.Error("read again, which may be what kills the process")
		return contact.Message{}, nil
	}))
	p.open = func(*message.Message) (Entry, error) {
		e := testEntry()
		e.Quarantined, e.Attempts = "reading crashed twice", 2
		return e, nil
	}
	p.panel = panelFunc(func(contact.Message) contact.Grade { return contact.Unknown })
	if err := p.send(message.NewMessage("1", nil)); err != nil {
		t.Fatal(err)
	}
	record := <-out.records
	contacttest.Valid(t, record.Payload)
	if record.Metadata.Get("ce_grade") != "unknown" {
		t.Errorf("graded %q", record.Metadata.Get("ce_grade"))
	}
}

func TestAnEmergencyIsAlsoAnAlertAndNeitherWaitsForTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, _ := testPipeline(t, readerFunc(func() (contact.Message, error) {
			return contact.Message{Text: "help", Authored: "help", Authenticity: contact.Claimed, Channel: contact.Channel{Kind: "email", Visibility: "private", Direction: "inbound"}}, nil
		}))
		out := &twoAtOnce{}
		out.begun.Add(2)
		p.out = out
		p.panel = panelFunc(func(contact.Message) contact.Grade { return contact.Emergency })
		if err := p.send(message.NewMessage("1", nil)); err != nil {
			t.Fatal(err)
		}
		for topic, want := range map[string]string{TopicAlerts: contact.EscalatedV1, TopicEvents: contact.ReceivedV1} {
			record, _ := out.records.Load(topic)
			env, ok := record.(*message.Message)
			if !ok {
				t.Fatalf("nothing on %s", topic)
			}
			contacttest.Valid(t, env.Payload)
			if got := env.Metadata.Get("ce_type"); got != want || env.Metadata.Get(MetaLane) != "emergency" {
				t.Errorf("%s on %s goes by the %s lane", got, topic, env.Metadata.Get(MetaLane))
			}
		}
	})
}

func TestWhatCannotBeToldOfAheadIsLeftToItsTurn(t *testing.T) {
	for name, reader := range map[string]readerFunc{
		"unreadable": func() (contact.Message, error) { return contact.Message{Unreadable: "no such form"}, nil },
		"panic":      func() (contact.Message, error) { panic("words of the contact") },
	} {
		t.Run(name, func(t *testing.T) {
			p, journal, out := testPipeline(t, reader)
			chain := inTurn(p.retry()(p.recovered(func(env *message.Message) ([]*message.Message, error) { return nil, p.alert(env) })))
			if _, err := chain(message.NewMessage("1", nil)); err != nil {
				t.Errorf("got %v, want it acknowledged", err)
			}
			if len(journal.quarantine) != 0 || len(out.records) != 0 {
				t.Errorf("quarantined %v, published %d records", journal.quarantine, len(out.records))
			}
		})
	}
}

// twoAtOnce is a publisher whose two topics acknowledge nothing until both
// have something: who publishes to one after the other waits for ever.
type twoAtOnce struct {
	begun   sync.WaitGroup
	records sync.Map
}

// Publish waits for the other topic.
func (p *twoAtOnce) Publish(topic string, envs ...*message.Message) error {
	p.records.Store(topic, envs[0])
	p.begun.Done()
	p.begun.Wait()
	return nil
}

// Close does nothing.
func (*twoAtOnce) Close() error { return nil }

func noProduce(do func() error) message.HandlerFunc {
	return func(*message.Message) ([]*message.Message, error) { return nil, do() }
}

func commandEnvelope() *message.Message {
	env := message.NewMessage("1", []byte("{}"))
	env.Metadata.Set(MetaPartition, "2")
	env.Metadata.Set(MetaOffset, "77")
	return env
}
