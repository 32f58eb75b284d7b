package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
)

// gate is a broker that takes nothing for some topics while it is shut.
type gate struct {
	mu   sync.Mutex
	shut map[string]chan struct{}
}

func newGate() *gate { return &gate{shut: map[string]chan struct{}{}} }

func (g *gate) close(topics ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, topic := range topics {
		g.shut[topic] = make(chan struct{})
	}
}

func (g *gate) open(topic string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut[topic])
	delete(g.shut, topic)
}

// opening is closed when a topic is open, nil when it is so already.
func (g *gate) opening(topic string) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut[topic]
}

// gated is a publisher behind a gate.
type gated struct {
	*published
	gate   *gate
	closed chan struct{}
}

func (g *gated) Publish(topic string, envs ...*message.Message) error {
	if opening := g.gate.opening(topic); opening != nil {
		select {
		case <-opening:
		case <-g.closed:
			return errors.New("publish: closed")
		}
	}
	return g.published.Publish(topic, envs...)
}

func (g *gated) Close() error {
	close(g.closed)
	return nil
}

// writes has somebody write texts in a thread, and waits for nothing.
func (s *second) writes(thread string, texts ...string) {
	s.t.Helper()
	var all []channels.Original
	for _, text := range texts {
		s.said++
		all = append(all, channels.Original{
			Channel: "webchat", Account: "main", ID: fmt.Sprintf("%s/%d", thread, s.said), MediaType: "application/json",
			Bytes: fmt.Appendf(nil, `{"Thread":%q,"Text":%q}`, thread, text),
		})
	}
	if err := s.journal.Accept(s.t.Context(), all, channels.Cursor{}); err != nil {
		s.t.Fatal(err)
	}
}

// alerts are what is on TopicAlerts, as soon as there are so many.
func (s *second) alerts(count int) []contact.Event {
	s.t.Helper()
	s.await(fmt.Sprint(count, " alerts"), func() bool { return len(s.out.on(pipeline.TopicAlerts)) >= count })
	return s.out.on(pipeline.TopicAlerts)
}

// published waits until all that was said is on TopicEvents, in order.
func (s *second) published(count int) {
	s.t.Helper()
	s.await(fmt.Sprint(count, " events"), func() bool { return len(s.out.on(pipeline.TopicEvents)) >= count })
	s.gapless()
}

var flood = slices.Repeat([]string{"the gate is open"}, 300)

func TestAnEmergencyIsToldOfWhileItsConversationWaits(t *testing.T) {
	s := startSecond(t, silent)
	s.gate.close(pipeline.TopicEvents)
	s.writes("lane", flood...)
	s.writes("lane", "he has a knife")
	early := s.alerts(1)[0]
	if n := len(s.out.on(pipeline.TopicEvents)); n != 0 {
		t.Fatalf("%d events were published by a broker that takes none", n)
	}
	s.gate.open(pipeline.TopicEvents)
	s.published(len(flood) + 1)
	both := s.alerts(2)
	last := s.out.on(pipeline.TopicEvents)[len(flood)]
	if len(both) != 2 || both[1].ID != early.ID || both[1].Source != early.Source || !bytes.Equal(both[1].Data, early.Data) {
		t.Errorf("the alert comes %d times; again it is\n%+v, before\n%+v", len(both), both[1], early)
	}
	if last.ID != early.CausationID || last.Subject != early.Subject || *last.Grade != contact.Emergency {
		t.Errorf("%+v is not what the alert is about: %+v", last, early)
	}
}

func TestAnEmergencyIsToldOfAfterARestartWhileItsConversationWaits(t *testing.T) {
	s := startSecond(t, silent)
	s.out.stopped = true
	s.gate.close(pipeline.TopicEvents, pipeline.TopicAlerts)
	s.writes("lane", flood...)
	s.writes("lane", "he has a knife", "the gate is open", "he has a knife", "the gate is open")
	s.await("sorting", func() bool { n, err := s.journal.Backlog(1); return n == 0 && err == nil })
	s.stop()
	s.start()
	s.gate.open(pipeline.TopicAlerts)
	s.alerts(2)
	if n := len(s.out.on(pipeline.TopicEvents)); n != 0 {
		t.Fatalf("%d events were published by a broker that takes none", n)
	}
	s.stop() // told of, and not noted: again
	s.start()
	s.gate.open(pipeline.TopicEvents)
	s.published(len(flood) + 4)
	var about, emergencies []string
	for _, e := range s.out.on(pipeline.TopicAlerts) {
		about = append(about, e.Subject)
	}
	for _, e := range s.out.on(pipeline.TopicEvents) {
		if *e.Grade == contact.Emergency {
			emergencies = append(emergencies, e.Subject)
		}
	}
	slices.Sort(about)
	slices.Sort(emergencies)
	if !slices.Equal(about, emergencies) || len(about) != 2 {
		t.Errorf("alerts about %v, emergencies %v", about, emergencies)
	}
}

func TestWhatBecomesAnEmergencyLaterIsToldOfWhileItsConversationWaits(t *testing.T) {
	s := startSecond(t, silent)
	s.says("lane")
	s.gate.close(pipeline.TopicEvents)
	s.writes("lane", flood...)
	s.decides(contact.Emergency, contact.Scheduled, "")
	early := s.alerts(1)[0]
	if n := len(s.out.on(pipeline.TopicEvents)); n != 1 {
		t.Fatalf("%d events were published by a broker that takes none", n)
	}
	s.gate.open(pipeline.TopicEvents)
	s.published(len(flood) + 2)
	event, _ := s.assessed(1)
	var data contact.Received
	if err := json.Unmarshal(early.Data, &data); err != nil {
		t.Fatal(err)
	}
	if early.CausationID != event.ID || data.Content.Text != "message 1" || data.Classification.Grade != contact.Emergency {
		t.Errorf("%+v\n%+v", early, data)
	}
}

func TestAnEmergencyThatWaitsForNothingIsToldOfOnce(t *testing.T) {
	s := startSecond(t, silent)
	for i := range 20 {
		s.writes(fmt.Sprint("lane", i), "he has a knife")
	}
	s.published(20)
	s.stop() // and nothing is on its way
	if n := len(s.out.on(pipeline.TopicAlerts)); n != 20 {
		t.Errorf("%d alerts of 20 emergencies", n)
	}
}
