package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"pgregory.net/rapid"

	"contactd/channels"
	"contactd/classifiers"
	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/journal"
)

// judge is a slow classifier that a test plays: it answers by the text.
type judge struct {
	mu     sync.Mutex
	asked  map[string]int
	answer func(text string, time int) (contact.Opinion, error)
}

func (j *judge) Grade(_ context.Context, m contact.Message) (contact.Opinion, error) {
	j.mu.Lock()
	j.asked[m.Text]++
	n := j.asked[m.Text]
	j.mu.Unlock()
	return j.answer(m.Text, n)
}

func (j *judge) times(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.asked[text]
}

// thinks is an answer of a judge.
func thinks(grade contact.Grade) contact.Opinion {
	return contact.Opinion{By: "llm@test", Grade: grade, Categories: []string{"violence"}, Micros: 1500, Reasons: []contact.Reason{
		{Rule: "llm.violence", Grade: grade, Category: "violence", Text: "said so", Spans: []contact.Span{{Start: 0, End: 7, Quote: "message"}}},
	}}
}

// second is a flow whose events go to a judge. Records are carried to it as
// Kafka would, one after the other, until they are acknowledged.
type second struct {
	*flow
	judge  *judge
	orders desk // what handlers ask for
	dir    string
	notes  pipeline.Noter
	gate   *gate
	stop   func()
	seen   int
	// retired is set when the judge is asked no more.
	retired bool
}

func startSecond(t *testing.T, answer func(text string, time int) (contact.Opinion, error), notes ...pipeline.Noter) *second {
	t.Helper()
	s := &second{judge: &judge{asked: map[string]int{}, answer: answer}, orders: desk{make(chan *message.Message)}, dir: t.TempDir(), gate: newGate()}
	if len(notes) > 0 {
		s.notes = notes[0]
	}
	s.flow = &flow{t: t, chat: newChat(), desk: desk{make(chan *message.Message)}}
	s.out = &published{t: t, topics: map[string][]contact.Event{}, more: make(chan struct{}, 1)}
	s.start()
	return s
}

// start opens the journal and runs a pipeline over it.
func (s *second) start() {
	s.t.Helper()
	j, err := journal.Open(journal.Config{Dir: s.dir, MinFree: -1}, journal.Deps{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.journal = j
	asked := pipeline.SecondDeps{By: "llm", Judge: s.judge, Events: s.desk, Inbox: j, MaxAge: time.Hour, Notes: s.notes}
	if s.retired {
		asked = pipeline.SecondDeps{By: "llm"}
	}
	p, err := pipeline.New(pipeline.Config{Drain: time.Second}, pipeline.Deps{
		Unread: j.Unread(), Outbox: j.Outbox(), Ahead: j.Ahead(), Open: journal.EntryOf, Journal: j,
		Readers: map[string]channels.Reader{"webchat": s.chat}, Panel: calm{}, Publisher: &gated{published: s.out, gate: s.gate, closed: make(chan struct{})},
		Force: "borsetshire", Version: "test", Log: slog.New(slog.DiscardHandler),
		Second:  asked,
		Replies: pipeline.ReplyDeps{Journal: j, Due: j.Replies(), Commands: s.orders}, Decisions: j,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("run: %v", err)
		}
		if err := j.Close(); err != nil {
			s.t.Errorf("close: %v", err)
		}
	})
	s.t.Cleanup(s.stop)
}

// carry gives the judge every event that it was not given yet, and returns when
// all are acknowledged.
func (s *second) carry() {
	s.t.Helper()
	for ; s.seen < len(s.out.on(pipeline.TopicEvents)); s.seen++ {
		s.again(s.out.on(pipeline.TopicEvents)[s.seen])
	}
}

// again delivers an event, perhaps not for the first time.
func (s *second) again(e contact.Event) {
	s.t.Helper()
	env, err := pipeline.Envelope(e, pipeline.LaneNormal)
	if err != nil {
		s.t.Fatal(err)
	}
	s.send(env)
}

// of gives the events of a type on a topic.
func (s *second) of(topic, eventType string) (found []contact.Event) {
	for _, e := range s.out.on(topic) {
		if e.Type == eventType {
			found = append(found, e)
		}
	}
	return found
}

func TestAHigherSecondOpinionIsAnAssessmentInTheConversationsOrder(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Priority), nil })
	s.says("lane")
	s.carry()
	s.await("the assessment", func() bool { return len(s.of(pipeline.TopicEvents, contact.AssessedV1)) == 1 })
	s.says("lane")
	received := s.of(pipeline.TopicEvents, contact.ReceivedV1)
	assessed := s.of(pipeline.TopicEvents, contact.AssessedV1)[0]
	var data contact.Assessed
	if err := json.Unmarshal(assessed.Data, &data); err != nil {
		t.Fatal(err)
	}
	if *assessed.Grade != contact.Priority || data.Previous != contact.Scheduled || data.ContactID != received[0].Subject {
		t.Errorf("%+v\n%+v", assessed, data)
	}
	if assessed.CausationID != received[0].ID || assessed.Source != received[0].Source || assessed.Sequence != "2" || received[1].Sequence != "3" {
		t.Errorf("caused by %s, from %s, number %s before %s", assessed.CausationID, assessed.Source, assessed.Sequence, received[1].Sequence)
	}
	if n := len(s.out.on(pipeline.TopicAlerts)); n != 0 {
		t.Errorf("%d alerts for what is no emergency", n)
	}
	s.gapless()
}

func TestASecondOpinionThatMakesAnEmergencyRaisesTheAlertToo(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Emergency), nil })
	s.says("lane")
	s.carry()
	s.await("the alert", func() bool { return len(s.out.on(pipeline.TopicAlerts)) == 1 })
	alert := s.out.on(pipeline.TopicAlerts)[0]
	var data contact.Received
	if err := json.Unmarshal(alert.Data, &data); err != nil {
		t.Fatal(err)
	}
	s.await("the assessment", func() bool { return len(s.of(pipeline.TopicEvents, contact.AssessedV1)) == 1 })
	assessed := s.of(pipeline.TopicEvents, contact.AssessedV1)[0]
	if *alert.Grade != contact.Emergency || alert.CausationID != assessed.ID || data.Content.Text != "message 1" || data.Escalation == nil {
		t.Errorf("%+v\n%+v", alert, data)
	}
	if data.Classification.Grade != contact.Emergency || len(data.Classification.JudgedBy) != 1 {
		t.Errorf("%+v", data.Classification)
	}
}

func TestALowerSecondOpinionIsASuggestionAndTheGradeStands(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Resolution), nil })
	s.says("lane")
	s.carry()
	s.await("the suggestion", func() bool { return len(s.of(pipeline.TopicEvents, contact.SuggestedV1)) == 1 })
	suggestion := s.of(pipeline.TopicEvents, contact.SuggestedV1)[0]
	var data contact.Suggested
	if err := json.Unmarshal(suggestion.Data, &data); err != nil {
		t.Fatal(err)
	}
	if suggestion.Grade != nil || data.Standing != contact.Scheduled || data.Opinion.Grade != contact.Resolution {
		t.Errorf("%+v\n%+v", suggestion, data)
	}
	s.gapless()
}

func TestADoubtfulLowerOpinionIsNotEvenASuggestion(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) {
		low := thinks(contact.Resolution)
		low.Signs = []string{classifiers.Doubtful}
		return low, nil
	})
	s.says("lane")
	s.carry()
	s.says("lane")
	if got := s.out.on(pipeline.TopicEvents); len(got) != 2 {
		t.Errorf("told %v", got)
	}
}

func TestNothingIsSuggestedAboutWhatNoTextCanTell(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Resolution), nil })
	s.says("lane")
	e := s.of(pipeline.TopicEvents, contact.ReceivedV1)[0]
	var data contact.Received
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	photo := contact.Message{Text: "see attached", Attachments: []contact.Attachment{{Blob: contact.Blob{MediaType: "image/jpeg"}}}}
	data.Content.Text, data.Content.NewText = photo.Text, ""
	data.Classification.Assessment = classifiers.NewPanel(classifiers.Config{}, tranquil{}).Assess(t.Context(), photo)
	e.Grade = &data.Classification.Grade
	e.Data, _ = json.Marshal(data)
	s.again(e)
	s.says("lane")
	if got := s.out.on(pipeline.TopicEvents); *e.Grade != contact.Unknown || len(got) != 2 || s.judge.times("see attached") != 1 {
		t.Errorf("of what is %v it told %v", *e.Grade, got)
	}
}

// tranquil finds nothing urgent.
type tranquil struct{}

func (tranquil) Grade(context.Context, contact.Message) (contact.Opinion, error) {
	return contact.Opinion{By: "rules", Grade: contact.Resolution, Reasons: []contact.Reason{{Rule: "none", Grade: contact.Resolution}}}, nil
}

func TestAnAnswerIsToldOnceHoweverOftenTheRecordComes(t *testing.T) {
	// The judge changes its mind: what it said first stands.
	s := startSecond(t, func(_ string, n int) (contact.Opinion, error) {
		return thinks([]contact.Grade{contact.Priority, contact.Emergency, contact.Resolution}[min(n, 3)-1]), nil
	})
	s.says("lane")
	first := s.of(pipeline.TopicEvents, contact.ReceivedV1)[0]
	s.again(first)
	s.again(first)
	s.stop()
	s.start() // what was acknowledged may come again after a restart
	s.again(first)
	s.says("lane")
	s.await("the assessment", func() bool { return len(s.of(pipeline.TopicEvents, contact.AssessedV1)) > 0 })
	s.await("the later message", func() bool { return len(s.of(pipeline.TopicEvents, contact.ReceivedV1)) == 2 })
	assessed := s.of(pipeline.TopicEvents, contact.AssessedV1)
	if len(assessed) != 1 || *assessed[0].Grade != contact.Priority || len(s.of(pipeline.TopicEvents, contact.SuggestedV1)) != 0 || len(s.out.on(pipeline.TopicAlerts)) != 0 {
		t.Errorf("told %v", s.out.on(pipeline.TopicEvents))
	}
	if s.judge.times("message 1") != 3 {
		t.Errorf("asked %d times", s.judge.times("message 1"))
	}
	s.gapless()
}

func TestAJudgeThatIsAwayIsWaitedFor(t *testing.T) {
	s := startSecond(t, func(_ string, n int) (contact.Opinion, error) {
		if n < 4 {
			return contact.Opinion{}, classifiers.Unavailable(errors.New("connection refused"), time.Millisecond)
		}
		return thinks(contact.Priority), nil
	})
	s.says("lane")
	s.carry()
	s.await("the assessment", func() bool { return len(s.of(pipeline.TopicEvents, contact.AssessedV1)) == 1 })
}

func TestAMessageIsNotKeptWaitingForAJudgeWhoComesTooLate(t *testing.T) {
	s := startSecond(t, func(text string, _ int) (contact.Opinion, error) {
		if text == "message 1" { // the budget of the day is spent
			return contact.Opinion{}, classifiers.Unavailable(errors.New("the budget is spent"), 2*time.Hour)
		}
		return thinks(contact.Priority), nil
	})
	s.says("lane")
	s.carry() // acknowledged at once
	s.says("lane")
	s.carry()
	s.await("the assessment", func() bool { return len(s.of(pipeline.TopicEvents, contact.AssessedV1)) == 1 })
	if n := s.judge.times("message 1"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestAMessageFromBeforeTheClockWasSetBackIsNotKeptWaitingEither(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) {
		return contact.Opinion{}, classifiers.Unavailable(errors.New("the budget is spent"), 2*time.Hour)
	})
	s.says("lane")
	e := s.of(pipeline.TopicEvents, contact.ReceivedV1)[0]
	var data contact.Received
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	data.Times.IngestedAt = time.Now().Add(48 * time.Hour)
	e.Data, _ = json.Marshal(data)
	s.again(e) // acknowledged at once
	if n := s.judge.times("message 1"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestAMessageThatTheJudgeFailsOnIsLeftAsItIs(t *testing.T) {
	for name, answer := range map[string]func() (contact.Opinion, error){
		"error":  func() (contact.Opinion, error) { return contact.Opinion{}, errors.New("timeout") },
		"panic":  func() (contact.Opinion, error) { panic("contact's text") },
		"failed": func() (contact.Opinion, error) { return contact.Opinion{By: "llm", Failed: "error"}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := startSecond(t, func(string, int) (contact.Opinion, error) { return answer() })
			s.says("lane")
			s.carry() // acknowledged all the same
			s.says("lane")
			if got := s.out.on(pipeline.TopicEvents); len(got) != 2 {
				t.Errorf("told %v", got)
			}
			if n := s.judge.times("message 1"); n < 1 || n > 2 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestTheJudgeIsNotAskedAboutWhatItCannotChange(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Emergency), nil })
	s.says("lane")
	plain := s.of(pipeline.TopicEvents, contact.ReceivedV1)[0]
	change := func(edit func(*contact.Event, *contact.Received)) {
		e := plain
		var data contact.Received
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		edit(&e, &data)
		e.Data, _ = json.Marshal(data)
		s.again(e)
	}
	emergency := contact.Emergency
	change(func(e *contact.Event, _ *contact.Received) { e.Grade = &emergency })
	change(func(e *contact.Event, _ *contact.Received) { e.Force = "elsewhere" })
	change(func(e *contact.Event, _ *contact.Received) { e.Type = contact.AssessedV1 })
	change(func(e *contact.Event, _ *contact.Received) { e.Grade = nil })
	change(func(_ *contact.Event, d *contact.Received) { d.Content = contact.Content{} })
	change(func(_ *contact.Event, d *contact.Received) { d.Unreadable = &contact.Unreadable{Reason: "crashed"} })
	change(func(_ *contact.Event, d *contact.Received) { d.Times.IngestedAt = time.Now().Add(-2 * time.Hour) })
	env := message.NewMessage("x", []byte(`{"no event`))
	s.send(env)
	if n := s.judge.times("message 1"); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

func TestTheLargestMessageCanBeRaised(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) {
		large := thinks(contact.Emergency)
		for range 100 {
			r := large.Reasons[0]
			for range 20 {
				r.Spans = append(r.Spans, contact.Span{Quote: strings.Repeat("\u2028", 200)})
			}
			large.Reasons = append(large.Reasons, r)
		}
		return large, nil
	})
	s.says("lane")
	e := s.of(pipeline.TopicEvents, contact.ReceivedV1)[0]
	var data contact.Received
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	many := make([]string, 10)
	for i := range many {
		many[i] = strings.Repeat("\u2028", 150)
	}
	for range 29 {
		data.Parties = append(data.Parties, contact.Party{Role: "recipient", Name: many[0], Handles: many, Emails: many, Phones: many})
	}
	data.Content.Text = "help" + strings.Repeat("\u2028\x01", 16<<10)
	data.Content.NewText = data.Content.Text[:20000]
	for range 100 {
		notes := &data.Classification.Notes
		spans := []contact.Span{{Quote: many[0]}, {Quote: many[0]}, {Quote: many[0]}}
		data.Locations = append(data.Locations, contact.Location{Role: "incident", Form: "text", Value: strings.Repeat("\x01", 1000), Confidence: "low", Source: "informant"})
		notes.Markers = append(notes.Markers, contact.Marker{Code: "child", Spans: spans, By: "markers@1"})
		notes.Covert = &contact.Covert{Signs: append(signsOf(notes), contact.Sign{Code: "present", Spans: spans}), By: "markers@1"}
		notes.SafeToReply = &contact.SafeToReply{Safe: "no", Signs: notes.Covert.Signs, Asks: notes.Covert.Signs, By: "markers@1"}
	}
	for i := range 40 {
		data.Content.Attachments = append(data.Content.Attachments, contact.Attachment{
			Blob: contact.Blob{SHA256: strings.Repeat("a", 64), MediaType: "image/png", Ref: "http://127.0.0.1/blobs/x"}, Name: many[0], Claimed: many[0],
		})
		data.Classification.Reasons = append(data.Classification.Reasons, contact.Reason{Rule: fmt.Sprint(i), Spans: []contact.Span{{Quote: many[0]}}})
	}
	e.Data, _ = json.Marshal(data)
	s.again(e)
	s.await("the alert", func() bool { return len(s.out.on(pipeline.TopicAlerts)) == 1 })
	s.await("the assessment", func() bool { return len(s.of(pipeline.TopicEvents, contact.AssessedV1)) == 1 })
	alert := s.out.on(pipeline.TopicAlerts)[0]
	if *alert.Grade != contact.Emergency || alert.Type != contact.EscalatedV1 {
		t.Errorf("%v %v", alert.Type, *alert.Grade)
	}
	var told contact.Received
	if err := json.Unmarshal(alert.Data, &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Locations) == 0 || len(told.Classification.Markers) == 0 || told.Classification.Covert == nil || told.Classification.SafeToReply == nil {
		t.Errorf("the alert tells %d places, %d markers", len(told.Locations), len(told.Classification.Markers))
	}
}

func signsOf(n *contact.Notes) []contact.Sign {
	if n.Covert == nil {
		return nil
	}
	return n.Covert.Signs
}

// noticing notes a marker of each message that is raised.
type noticing struct{}

func (noticing) Again(message contact.Message, revised contact.Assessment) contact.Assessment {
	revised.Grade = contact.Resolution // which must not count
	revised.Markers = append(revised.Markers, contact.Marker{Code: "child", By: message.Text})
	return revised
}

func TestWhatALaterOpinionShowsIsNoted(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Priority), nil }, noticing{})
	s.says("lane")
	s.carry()
	s.await("the assessment", func() bool { return len(s.of(pipeline.TopicEvents, contact.AssessedV1)) == 1 })
	var assessed contact.Assessed
	e := s.of(pipeline.TopicEvents, contact.AssessedV1)[0]
	if err := json.Unmarshal(e.Data, &assessed); err != nil {
		t.Fatal(err)
	}
	if *e.Grade != contact.Priority || assessed.Classification.Grade != contact.Priority || len(assessed.Classification.Markers) != 1 || assessed.Classification.Markers[0].By != "message 1" {
		t.Errorf("told %+v", assessed.Classification)
	}
}

func TestALaterAssessmentAndItsAlertTellPlacesAndWhatWasNoticed(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Emergency), nil })
	s.says("lane", `"Text":"he checks my phone"`)
	e := s.of(pipeline.TopicEvents, contact.ReceivedV1)[0]
	var data contact.Received
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	data.Locations = []contact.Location{{Role: "incident", Form: "postcode", Value: "DE1 1AA", Confidence: "medium", Source: "informant"}}
	e.Data, _ = json.Marshal(data)
	s.again(e)
	s.await("the alert", func() bool { return len(s.out.on(pipeline.TopicAlerts)) == 1 })
	s.await("the assessment", func() bool { return len(s.of(pipeline.TopicEvents, contact.AssessedV1)) == 1 })
	var alert contact.Received
	var assessed contact.Assessed
	if err := errors.Join(json.Unmarshal(s.out.on(pipeline.TopicAlerts)[0].Data, &alert), json.Unmarshal(s.of(pipeline.TopicEvents, contact.AssessedV1)[0].Data, &assessed)); err != nil {
		t.Fatal(err)
	}
	for name, told := range map[string]struct {
		places []contact.Location
		notes  contact.Notes
	}{"alert": {alert.Locations, alert.Classification.Notes}, "assessment": {assessed.Locations, assessed.Classification.Notes}} {
		if len(told.places) != 1 || told.places[0].Value != "DE1 1AA" || told.notes.SafeToReply == nil || told.notes.SafeToReply.Signs[0].Spans[0].Quote != "he checks my phone" {
			t.Errorf("the %s tells %+v", name, told)
		}
	}
	if alert.Parties[0].SafeToContact != "no" {
		t.Errorf("the alert tells %+v", alert.Parties)
	}
}

func TestNoAnswerOfTheJudgeLowersAGrade(t *testing.T) {
	var opinion contact.Opinion
	var failure error
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return opinion, failure })
	s.says("lane")
	plain := s.of(pipeline.TopicEvents, contact.ReceivedV1)[0]
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		standing := rapid.SampledFrom(contact.Grades()).Draw(t, "standing")
		opinion = contact.Opinion{
			By: rapid.SampledFrom([]string{"llm@1", "llm"}).Draw(t, "by"), Grade: contact.Grade(rapid.IntRange(0, 9).Draw(t, "grade")),
			Failed: rapid.SampledFrom([]string{"", "", "", "error"}).Draw(t, "failed"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "reasons") {
			opinion.Reasons = append(opinion.Reasons, contact.Reason{Rule: "r", Grade: contact.Grade(rapid.IntRange(0, 9).Draw(t, "floor"))})
		}
		failure = rapid.SampledFrom([]error{nil, nil, nil, context.Canceled}).Draw(t, "error")
		e := plain
		var data contact.Received
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		data.ContactID = contact.MessageID("webchat", "main", fmt.Sprint(n))
		data.Classification.Grade = standing
		e.Grade, e.Subject = &standing, data.ContactID
		e.Data, _ = json.Marshal(data)
		s.again(e)
	})
	s.says("end")
	told := map[string]bool{}
	for _, e := range s.out.on(pipeline.TopicEvents) {
		switch e.Type {
		case contact.AssessedV1:
			var data contact.Assessed
			if err := json.Unmarshal(e.Data, &data); err != nil {
				t.Fatal(err)
			}
			if !e.Grade.Above(data.Previous) || data.Classification.Grade != *e.Grade {
				t.Errorf("%v after %v", *e.Grade, data.Previous)
			}
		case contact.SuggestedV1:
			if e.Grade != nil {
				t.Error("a suggestion carries a grade")
			}
		}
		if told[e.ID] {
			t.Errorf("%s %s came twice", e.Type, e.ID)
		}
		told[e.ID] = true
	}
}
