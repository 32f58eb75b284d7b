package pipeline_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"contactd/contact"
	"contactd/pipeline"
)

// decides sends what a handler decided about the latest message, and returns
// when it was answered.
func (s *second) decides(grade, seen contact.Grade, reason string, change ...func(*contact.Event, *contact.Graded)) {
	s.t.Helper()
	received := s.of(pipeline.TopicEvents, contact.ReceivedV1)
	last := received[len(received)-1]
	data := contact.Graded{
		SchemaVersion: "1.0", ConversationID: last.PartitionKey, ContactID: last.Subject, Grade: grade, Previous: seen,
		Reason: reason, Author: "h214", At: time.Now().UTC(),
	}
	e := contact.Event{
		SpecVersion: "1.0", ID: contact.EventID(contact.GradedV1, reason, time.Now().String()), Source: "/borsetshire/desk", Type: contact.GradedV1,
		Subject: data.ContactID, Time: data.At, DataContentType: "application/json", DataSchema: "urn:contactd:schema:contact:1.0",
		PartitionKey: data.ConversationID, Force: "borsetshire",
	}
	for _, each := range change {
		each(&e, &data)
	}
	e.Data, _ = json.Marshal(data)
	env, err := pipeline.Envelope(e, pipeline.LaneNormal)
	if err != nil {
		s.t.Fatal(err)
	}
	events := s.desk
	s.desk = s.orders
	s.send(env)
	s.desk = events
}

// assessed waits for the n-th later assessment and gives the last.
func (s *second) assessed(n int) (contact.Event, contact.Assessed) {
	s.t.Helper()
	s.await("the assessment", func() bool { return len(s.of(pipeline.TopicEvents, contact.AssessedV1)) >= n })
	all := s.of(pipeline.TopicEvents, contact.AssessedV1)
	var data contact.Assessed
	if err := json.Unmarshal(all[n-1].Data, &data); err != nil || len(all) != n {
		s.t.Fatalf("%d assessments, %v", len(all), err)
	}
	return all[n-1], data
}

func silent(string, int) (contact.Opinion, error) { return thinks(contact.Scheduled), nil }

func TestWhatAHandlerDecidesIsAnAssessmentInTheConversationsOrder(t *testing.T) {
	s := startSecond(t, silent)
	s.says("lane")
	var command string
	s.decides(contact.Resolution, contact.Scheduled, "spoken to", func(e *contact.Event, d *contact.Graded) {
		command, d.Categories = e.ID, []string{"theft"}
	})
	event, data := s.assessed(1)
	if *event.Grade != contact.Resolution || event.Sequence != "2" || event.CausationID != command || !data.ByPerson() {
		t.Errorf("%+v", event)
	}
	if data.Previous != contact.Scheduled || data.ChangeReason != "spoken to" || data.Author != "h214" ||
		data.Classification.Grade != contact.Resolution || data.Classification.Categories[0] != "theft" {
		t.Errorf("%+v", data)
	}
	// It changes its mind, and the command comes again.
	again := func(e *contact.Event, _ *contact.Graded) { e.ID = "e-00000000000000000000000000" }
	welsh := strings.Repeat("ŵ", 500) // the contract counts characters
	s.decides(contact.Priority, contact.Resolution, welsh, again)
	s.decides(contact.Priority, contact.Resolution, welsh, again)
	event, _ = s.assessed(2)
	if *event.Grade != contact.Priority || event.Sequence != "3" {
		t.Errorf("%+v", event)
	}
	s.says("lane")
	s.gapless()
}

func TestAHandlerWhoFindsAnEmergencyRaisesTheAlert(t *testing.T) {
	s := startSecond(t, silent)
	s.says("lane", `"Text":"he checks my phone"`)
	s.decides(contact.Emergency, contact.Scheduled, "")
	s.await("the alert", func() bool { return len(s.out.on(pipeline.TopicAlerts)) == 1 })
	alert := s.out.on(pipeline.TopicAlerts)[0]
	event, _ := s.assessed(1)
	var data contact.Received
	if err := json.Unmarshal(alert.Data, &data); err != nil {
		t.Fatal(err)
	}
	if *alert.Grade != contact.Emergency || alert.CausationID != event.ID || data.Content.Text != "he checks my phone" || data.Classification.Grade != contact.Emergency {
		t.Errorf("%+v\n%+v", alert, data)
	}
	if data.Classification.SafeToReply == nil || data.Parties[0].SafeToContact != "no" {
		t.Errorf("the alert lost what was noticed: %+v", data)
	}
}

func TestAMachineDoesNotLowerWhatAHandlerSetHigher(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Priority), nil })
	s.says("lane")
	s.decides(contact.Emergency, contact.Scheduled, "")
	s.assessed(1)
	s.again(s.of(pipeline.TopicEvents, contact.ReceivedV1)[0]) // now the machine is asked: priority is above what it had been
	s.says("lane")
	s.await("the suggestion", func() bool { return len(s.of(pipeline.TopicEvents, contact.SuggestedV1)) == 1 })
	var data contact.Suggested
	if err := json.Unmarshal(s.of(pipeline.TopicEvents, contact.SuggestedV1)[0].Data, &data); err != nil {
		t.Fatal(err)
	}
	if data.Standing != contact.Emergency {
		t.Errorf("%+v", data)
	}
	s.assessed(1)
}

func TestAMachineThatFindsMoreAfterAHandlerLoweredIsShown(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Emergency), nil })
	s.says("lane")
	s.decides(contact.Resolution, contact.Scheduled, "spoken to")
	s.assessed(1)
	s.again(s.of(pipeline.TopicEvents, contact.ReceivedV1)[0])
	event, data := s.assessed(2)
	if *event.Grade != contact.Emergency || data.Previous != contact.Resolution || data.ByPerson() || event.Sequence != "3" {
		t.Errorf("%+v\n%+v", event, data)
	}
	if by := data.Classification.JudgedBy; len(by) != 2 || by[0] != contact.Human || by[1] != "llm@test" {
		t.Errorf("judged by %v", by)
	}
	s.await("the alert", func() bool { return len(s.out.on(pipeline.TopicAlerts)) == 1 })
	// Who had not seen that cannot bury it.
	s.decides(contact.Resolution, contact.Resolution, "spoken to")
	s.await("the rejection", func() bool { return len(s.out.on(pipeline.TopicRejected)) == 1 })
	if told := string(s.out.on(pipeline.TopicRejected)[0].Data); !strings.Contains(told, "it is emergency by now, not resolution") {
		t.Error(told)
	}
	s.decides(contact.Scheduled, contact.Emergency, "a film, she says")
	event, _ = s.assessed(3)
	if *event.Grade != contact.Scheduled || event.Sequence != "4" {
		t.Errorf("%+v", event)
	}
}

func TestWhatAMachineHasRaisedStandsWhenItIsAskedNoMore(t *testing.T) {
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return thinks(contact.Priority), nil })
	s.says("lane")
	s.carry()
	s.assessed(1)
	s.stop()
	s.retired = true
	s.start()
	s.decides(contact.Scheduled, contact.Scheduled, "as I saw it") // before it was raised
	s.await("the rejection", func() bool { return len(s.out.on(pipeline.TopicRejected)) == 1 })
	if told := string(s.out.on(pipeline.TopicRejected)[0].Data); !strings.Contains(told, "it is priority by now, not scheduled") {
		t.Error(told)
	}
}

func TestAMachineThatRepeatsWhatAHandlerDecidedAgainstIsNotHeard(t *testing.T) {
	s := startSecond(t, silent)
	s.says("lane")
	s.decides(contact.Resolution, contact.Scheduled, "spoken to")
	s.assessed(1)
	s.again(s.of(pipeline.TopicEvents, contact.ReceivedV1)[0]) // scheduled, as the machines before had said
	s.says("lane")
	s.assessed(1)
	s.gapless()
}

func TestAGradeThatCannotBeTakenIsRejected(t *testing.T) {
	s := startSecond(t, silent)
	s.says("lane")
	elsewhere := s.says("other lane")
	wrong := map[string]func(*contact.Event, *contact.Graded){
		"there is no such message": func(_ *contact.Event, d *contact.Graded) {
			d.ContactID = contact.MessageID("webchat", "main", "nowhere")
		},
		"the message is of another one": func(e *contact.Event, d *contact.Graded) {
			d.ConversationID = contact.ConversationID("webchat", "main", "lane")
			e.PartitionKey = d.ConversationID
		},
		"v1: reason is missing": func(_ *contact.Event, d *contact.Graded) { d.Reason = " " },
		"grade: want": func(_ *contact.Event, d *contact.Graded) {
			d.Grade = contact.Unknown
		},
		"no such conversation": func(e *contact.Event, d *contact.Graded) {
			d.ConversationID = contact.ConversationID("webchat", "main", "nowhere")
			e.PartitionKey = d.ConversationID
		},
		"contactId: want":         func(_ *contact.Event, d *contact.Graded) { d.ContactID = "7" },
		"reason is too long":      func(_ *contact.Event, d *contact.Graded) { d.Reason = strings.Repeat("x", 501) },
		"not the conversation":    func(e *contact.Event, _ *contact.Graded) { e.PartitionKey = "c-other" },
		"schemaVersion: want 1.x": func(_ *contact.Event, d *contact.Graded) { d.SchemaVersion = "2.0" },
	}
	for _, change := range wrong {
		s.decides(contact.Resolution, contact.Scheduled, "spoken to", change)
	}
	rejected := s.out.on(pipeline.TopicRejected)
	if len(rejected) != len(wrong) {
		t.Errorf("%d of %d rejected", len(rejected), len(wrong))
	}
	for what := range wrong {
		found := false
		for _, e := range rejected {
			found = found || strings.Contains(string(e.Data), what)
		}
		if !found {
			t.Errorf("nothing is rejected because %s", what)
		}
	}
	if n := len(s.of(pipeline.TopicEvents, contact.AssessedV1)); n != 0 {
		t.Errorf("%d taken", n)
	}
	// The same holds of a message that was graded before.
	s.decides(contact.Resolution, contact.Scheduled, "spoken to")
	if _, data := s.assessed(1); data.ConversationID != elsewhere {
		t.Errorf("%+v", data)
	}
	s.decides(contact.Scheduled, contact.Resolution, "", wrong["the message is of another one"])
	s.assessed(1)
	if n := len(s.out.on(pipeline.TopicRejected)); n != len(wrong)+1 {
		t.Errorf("%d rejected", n)
	}
}

func TestAnEmergencyIsNotLoweredWithoutAReasonByWhoSaysThatTheySawLess(t *testing.T) {
	s := startSecond(t, silent)
	s.says("lane", `"Text":"he has a knife"`)
	s.decides(contact.Scheduled, contact.Resolution, "")
	rejected := s.out.on(pipeline.TopicRejected)
	if len(rejected) != 1 || !strings.Contains(string(rejected[0].Data), "it went out as an emergency") {
		t.Errorf("%+v", rejected)
	}
	s.decides(contact.Scheduled, contact.Emergency, "a film, she says")
	s.assessed(1)
}

func TestAnotherGradeUnderAUsedIDIsRejected(t *testing.T) {
	s := startSecond(t, silent)
	s.says("lane")
	same := func(e *contact.Event, _ *contact.Graded) { e.ID = "e-00000000000000000000000000" }
	s.decides(contact.Priority, contact.Scheduled, "", same)
	s.decides(contact.Priority, contact.Scheduled, "", same) // comes again
	s.assessed(1)
	s.decides(contact.Emergency, contact.Priority, "", same)
	rejected := s.out.on(pipeline.TopicRejected)
	if len(rejected) != 1 || !strings.Contains(string(rejected[0].Data), "the id of this command was used for another one") {
		t.Errorf("%+v", rejected)
	}
	s.assessed(1)
}

// TestWhoeverReadsTheLastAssessmentNeverSeesAMachineLowerAPerson lets people
// and a machine judge in any order. The last grade told of the message is never
// below a person's unless a person said so.
func TestWhoeverReadsTheLastAssessmentNeverSeesAMachineLowerAPerson(t *testing.T) {
	var opinion contact.Opinion
	s := startSecond(t, func(string, int) (contact.Opinion, error) { return opinion, nil })
	rapid.Check(t, func(t *rapid.T) {
		s.says("lane")
		received := s.of(pipeline.TopicEvents, contact.ReceivedV1)
		message := received[len(received)-1]
		standing := *message.Grade
		grades := []contact.Grade{contact.Emergency, contact.Priority, contact.Scheduled, contact.Resolution}
		asked := rapid.IntRange(0, 3).Draw(t, "machine's turn")
		told := 0
		for turn := range 3 {
			if turn == asked {
				opinion = thinks(rapid.SampledFrom(contact.Grades()).Draw(t, "machine"))
				s.again(message)
			}
			seen := rapid.SampledFrom(append(grades, standing, standing)).Draw(t, "seen")
			s.decides(rapid.SampledFrom(grades).Draw(t, "person"), seen, "because", func(_ *contact.Event, d *contact.Graded) {
				d.ContactID = message.Subject
			})
			s.says("lane") // what was decided before is published by then
			all := slices.DeleteFunc(s.of(pipeline.TopicEvents, contact.AssessedV1), func(e contact.Event) bool { return e.Subject != message.Subject })
			for ; told < len(all); told++ {
				e := all[told]
				var data contact.Assessed
				if err := json.Unmarshal(e.Data, &data); err != nil {
					t.Fatal(err)
				}
				if !data.ByPerson() && !e.Grade.Above(standing) {
					t.Fatalf("a machine made %v of %v", *e.Grade, standing)
				}
				if (told > 0 || !data.ByPerson()) && data.Previous != standing {
					t.Fatalf("%v after %v was made of %v", *e.Grade, data.Previous, standing)
				}
				standing = *e.Grade
			}
		}
	})
	s.gapless()
}
