package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/journal"
)

// judge gives the opinion of the moment, and counts who asked.
type judge struct {
	mu    sync.Mutex
	says  func(contact.Message) (contact.Opinion, error)
	asked []contact.Message
}

func (j *judge) Grade(_ context.Context, m contact.Message) (contact.Opinion, error) {
	j.mu.Lock()
	j.asked = append(j.asked, m)
	says := j.says
	j.mu.Unlock()
	return says(m)
}

func (j *judge) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.asked)
}

func opinionOf(g contact.Grade) func(contact.Message) (contact.Opinion, error) {
	return func(contact.Message) (contact.Opinion, error) {
		return contact.Opinion{By: "llm@test", Grade: g, Categories: []string{"violence"}, Reasons: []contact.Reason{
			{Rule: "llm." + g.String(), Grade: g, Category: "violence", Text: "the language model reads this so"},
		}}, nil
	}
}

// startSecond runs a pipeline whose second opinion is the judge's; again hands
// it a record of contact.events.
func startSecond(t *testing.T) (f *flow, j *judge, again func(contact.Event)) {
	t.Helper()
	events := desk{make(chan *message.Message)}
	j = &judge{says: opinionOf(contact.Resolution)}
	f = &flow{t: t, chat: newChat(), desk: desk{make(chan *message.Message)}, second: pipeline.SecondDeps{Judge: j, Events: events}}
	f.out = &published{t: t, topics: map[string][]contact.Event{}, more: make(chan struct{}, 1)}
	f.start(journal.Config{Dir: t.TempDir(), MinFree: -1}, pipeline.ReplyDeps{Repliers: map[string]channels.Replier{}})
	return f, j, func(e contact.Event) {
		t.Helper()
		env, err := pipeline.Envelope(e, pipeline.LaneNormal)
		if err != nil {
			t.Fatal(err)
		}
		handed(t, events, env)
	}
}

// handed returns when a record was acknowledged.
func handed(t *testing.T, to desk, env *message.Message) {
	t.Helper()
	to.out <- env
	select {
	case <-env.Acked():
	case <-env.Nacked():
		t.Error("a record was refused")
	case <-time.After(20 * time.Second):
		t.Fatal("a record was not taken")
	}
}

func ofType(events []contact.Event, eventType string) (found []contact.Event) {
	for _, e := range events {
		if e.Type == eventType {
			found = append(found, e)
		}
	}
	return found
}

func TestAHigherSecondOpinionIsAnEventAndRings(t *testing.T) {
	f, j, again := startSecond(t)
	conversation := f.says("one")
	first := f.out.on(pipeline.TopicEvents)[0]
	j.says = opinionOf(contact.Emergency)
	again(first)
	f.await("the assessment", func() bool { return len(ofType(f.out.on(pipeline.TopicEvents), contact.AssessedV1)) == 1 })
	event := ofType(f.out.on(pipeline.TopicEvents), contact.AssessedV1)[0]
	var data contact.Assessed
	if err := json.Unmarshal(event.Data, &data); err != nil {
		t.Fatal(err)
	}
	if *event.Grade != contact.Emergency || data.Classification.Grade != contact.Emergency || data.Previous != contact.Scheduled ||
		event.PartitionKey != conversation || event.CausationID != first.ID || event.Subject != first.Subject || len(data.Classification.Reasons) != 1 {
		t.Errorf("%+v %+v", event, data)
	}
	f.await("the alarm", func() bool { return len(f.out.on(pipeline.TopicAlerts)) == 1 })
	var alarm contact.Received
	alert := f.out.on(pipeline.TopicAlerts)[0]
	if err := json.Unmarshal(alert.Data, &alarm); err != nil || alarm.Content.Text != "message 1" || alarm.Escalation == nil || *alert.Grade != contact.Emergency {
		t.Errorf("the alarm is not self-contained: %+v, %v", alarm, err)
	}
	again(first)  // Kafka delivers again
	f.says("one") // and more is written
	f.await("two messages and one assessment", func() bool { return len(f.out.on(pipeline.TopicEvents)) == 3 })
	f.gapless()
}

func TestNothingThatAJudgeSaysLowersOrStops(t *testing.T) {
	f, j, again := startSecond(t)
	f.says("one")
	first := f.out.on(pipeline.TopicEvents)[0]
	for name, says := range map[string]func(contact.Message) (contact.Opinion, error){
		"lower":  opinionOf(contact.Resolution),
		"same":   opinionOf(contact.Scheduled),
		"error":  func(contact.Message) (contact.Opinion, error) { return contact.Opinion{}, errors.New("away") },
		"failed": func(contact.Message) (contact.Opinion, error) { return contact.Opinion{Failed: "empty"}, nil },
		"panic":  func(contact.Message) (contact.Opinion, error) { panic("out of its mind") },
	} {
		j.says = says
		before := j.count()
		again(first)
		if j.count() == before {
			t.Errorf("%s: the judge was not asked", name)
		}
	}
	f.says("two")
	f.await("two messages", func() bool { return len(f.out.on(pipeline.TopicEvents)) >= 2 })
	if all := f.out.on(pipeline.TopicEvents); len(all) != 2 || len(f.out.on(pipeline.TopicAlerts)) != 0 {
		t.Errorf("%d events and %d alarms, want only the messages", len(all), len(f.out.on(pipeline.TopicAlerts)))
	}
}

func TestOnlyWhatCanRiseIsJudgedAgain(t *testing.T) {
	f, j, again := startSecond(t)
	f.says("one")
	first := f.out.on(pipeline.TopicEvents)[0]
	emergency := contact.Emergency
	for name, change := range map[string]func(*contact.Event){
		"an emergency":           func(e *contact.Event) { e.Grade = &emergency },
		"one without a grade":    func(e *contact.Event) { e.Grade = nil },
		"another type":           func(e *contact.Event) { e.Type = contact.RepliedV1 },
		"another force's":        func(e *contact.Event) { e.Force = "elsewhere" },
		"one of two hours ago":   func(e *contact.Event) { e.Time = e.Time.Add(-2 * time.Hour) },
		"data of another form":   func(e *contact.Event) { e.Data = json.RawMessage(`{"content":[]}`) },
		"a message with no text": func(e *contact.Event) { e.Data = json.RawMessage(`{"content":{}}`) },
	} {
		e := first
		change(&e)
		again(e)
		if j.count() != 0 {
			t.Fatalf("%s was judged", name)
		}
	}
	again(first)
	if j.count() != 1 || j.asked[0].Text != "message 1" || j.asked[0].Channel.Kind != "webchat" {
		t.Errorf("asked %d times: %+v", j.count(), j.asked)
	}
}
