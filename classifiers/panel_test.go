package classifiers_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"contactd/classifiers"
	"contactd/contact"
)

// says is a classifier that answers with one grade.
type says struct {
	grade    contact.Grade
	category string
}

func (s says) Grade(context.Context, contact.Message) (contact.Opinion, error) {
	return contact.Opinion{By: "says", Grade: s.grade, Reasons: []contact.Reason{
		{Rule: "said", Grade: s.grade, Category: s.category},
	}}, nil
}

// does is a classifier that does whatever it is told.
type does func(ctx context.Context) (contact.Opinion, error)

func (d does) Grade(ctx context.Context, _ contact.Message) (contact.Opinion, error) { return d(ctx) }

func (does) Name() string { return "does" }

// inline is does, promising to be bounded.
type inline struct{ does }

func (inline) Bounded() bool { return true }

var plain = contact.Message{Text: "hello", Authored: "hello"}

func TestTheHighestOpinionWins(t *testing.T) {
	panel := classifiers.NewPanel(classifiers.Config{}, says{contact.Resolution, ""}, says{contact.Emergency, "fire"}, says{contact.Scheduled, "theft"})
	got := panel.Assess(t.Context(), plain)
	if got.Grade != contact.Emergency {
		t.Errorf("grade %v", got.Grade)
	}
	if !slices.Equal(got.Categories, []string{"fire", "theft"}) {
		t.Errorf("categories %v: want the most serious first", got.Categories)
	}
	var grades []contact.Grade
	for _, reason := range got.Reasons {
		grades = append(grades, reason.Grade)
	}
	if !slices.Equal(grades, []contact.Grade{contact.Emergency, contact.Scheduled, contact.Resolution}) {
		t.Errorf("reasons %v: want the most serious first", grades)
	}
	if len(got.Opinions) != 3 || len(got.JudgedBy) != 3 {
		t.Errorf("%d opinions, judged by %v: want all kept", len(got.Opinions), got.JudgedBy)
	}
}

func TestWhatCannotBeJudgedIsUnknownAndLowersNothing(t *testing.T) {
	failing := map[string]classifiers.Classifier{
		"error":             does(func(context.Context) (contact.Opinion, error) { return contact.Opinion{}, errors.New("no") }),
		"panic":             does(func(context.Context) (contact.Opinion, error) { panic("contact's text") }),
		"empty":             does(func(context.Context) (contact.Opinion, error) { return contact.Opinion{}, nil }),
		"error when inline": inline{func(context.Context) (contact.Opinion, error) { return contact.Opinion{}, errors.New("no") }},
		"panic when inline": inline{func(context.Context) (contact.Opinion, error) { panic("contact's text") }},
		"empty when calm": does(func(context.Context) (contact.Opinion, error) {
			return contact.Opinion{By: "x", Grade: contact.Resolution}, nil
		}),
		"timeout": does(func(ctx context.Context) (contact.Opinion, error) {
			<-ctx.Done()
			return contact.Opinion{}, ctx.Err()
		}),
	}
	for name, classifier := range failing {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := classifiers.NewPanel(classifiers.Config{}, classifier).Assess(t.Context(), plain)
				word, _, _ := strings.Cut(name, " ")
				if got.Grade != contact.Unknown || got.Opinions[0].Failed != word {
					t.Errorf("grade %v, failed %q: want unknown, %q", got.Grade, got.Opinions[0].Failed, word)
				}
				if len(got.JudgedBy) != 0 {
					t.Errorf("judged by %v, though nobody did", got.JudgedBy)
				}
				higher := classifiers.NewPanel(classifiers.Config{}, classifier, says{contact.Emergency, ""}).Assess(t.Context(), plain)
				lower := classifiers.NewPanel(classifiers.Config{}, says{contact.Resolution, ""}, classifier).Assess(t.Context(), plain)
				if higher.Grade != contact.Emergency || lower.Grade != contact.Unknown {
					t.Errorf("beside others %v and %v: want emergency and unknown", higher.Grade, lower.Grade)
				}
			})
		})
	}
}

func TestAnAnswerThatContradictsItselfCountsAtItsHighest(t *testing.T) {
	answers := map[string]contact.Opinion{
		"reason above grade": {Grade: contact.Resolution, Reasons: []contact.Reason{{Rule: "r", Grade: contact.Emergency}}},
		"emergency failed":   {Grade: contact.Emergency, Failed: "error"},
	}
	for name, answer := range answers {
		panel := classifiers.NewPanel(classifiers.Config{}, does(func(context.Context) (contact.Opinion, error) { return answer, nil }))
		if got := panel.Assess(t.Context(), plain); got.Grade != contact.Emergency {
			t.Errorf("%s: %v", name, got.Grade)
		}
	}
	odd := does(func(context.Context) (contact.Opinion, error) {
		return contact.Opinion{Grade: 99, Reasons: []contact.Reason{{Rule: "r", Grade: contact.Resolution}}}, nil
	})
	if got := classifiers.NewPanel(classifiers.Config{}, odd).Assess(t.Context(), plain); got.Grade != contact.Unknown {
		t.Errorf("a value that is no grade: %v", got.Grade)
	}
}

func TestAMessageWithNothingToJudgeIsUnknown(t *testing.T) {
	picture := []contact.Attachment{{Name: "a.jpg"}}
	unjudgeable := map[string]contact.Message{
		"no text":              {},
		"invisible text":       {Text: " \u200b\u2060\ufeff\n", Authored: "\u200b"},
		"fillers":              {Text: "\u3164\u115f\u1160\uffa0", Authored: "\u3164"},
		"blank cells":          {Text: "\u2800", Authored: "\u2800"},
		"a picture's place":    {Text: "\ufffc"},
		"a picture, a subject": {Subject: "photo", Attachments: picture},
		"only a pointer":       {Text: "Please see the photos attached", Attachments: picture},
		"encrypted":            {Text: "-----BEGIN PGP MESSAGE-----", Flags: []contact.Flag{contact.Encrypted}},
		"unreadable":           {Text: "x", Unreadable: "crashed"},
		"read in part":         {Text: "thank you for your letter", Flags: []contact.Flag{contact.Oversize}},
	}
	for name, message := range unjudgeable {
		got := classifiers.NewPanel(classifiers.Config{}, says{contact.Resolution, ""}).Assess(t.Context(), message)
		own := got.Opinions[len(got.Opinions)-1]
		if got.Grade != contact.Unknown || own.Failed == "" || len(own.Reasons) == 0 {
			t.Errorf("%s: %v, %+v", name, got.Grade, own)
		}
	}
	note := []contact.Attachment{{Name: "a.txt", Blob: contact.Blob{MediaType: "text/plain; charset=utf-8"}}}
	judgeable := map[string]contact.Message{
		"a subject": {Subject: "hello"}, "an emoji": {Text: "🆘"}, "a digit": {Text: "55"},
		"a pointer to nothing":      {Text: "See attached"},
		"a pointer to what is read": {Text: "See attached\n\na.txt:\n\nthank you", Authored: "See attached", Attachments: note},
		"more than a pointer":       {Text: "My licence is attached", Attachments: picture},
	}
	for name, message := range judgeable {
		if got := classifiers.NewPanel(classifiers.Config{}, says{contact.Resolution, ""}).Assess(t.Context(), message); got.Grade != contact.Resolution {
			t.Errorf("%s can be judged, but is %v", name, got.Grade)
		}
	}
}

func TestWithoutClassifiersEverythingIsUnknown(t *testing.T) {
	if got := classifiers.NewPanel(classifiers.Config{}).Assess(t.Context(), plain); got.Grade != contact.Unknown {
		t.Errorf("grade %v", got.Grade)
	}
}

func TestAHungClassifierHoldsNoMoreThanItsSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var inside atomic.Int64
		hung := does(func(context.Context) (contact.Opinion, error) {
			inside.Add(1)
			defer inside.Add(-1)
			<-release
			return says{contact.Priority, ""}.Grade(context.Background(), plain)
		})
		panel := classifiers.NewPanel(classifiers.Config{Timeout: time.Second, InFlight: 4}, hung)
		started := time.Now()
		for range 4 {
			panel.Assess(t.Context(), plain)
		}
		if waited := time.Since(started); waited != 4*time.Second {
			t.Errorf("waited %v for four messages", waited)
		}
		started = time.Now()
		for range 1000 {
			if got := panel.Assess(t.Context(), plain); got.Opinions[0].Failed != "timeout" {
				t.Fatalf("failed %q", got.Opinions[0].Failed)
			}
		}
		if waited := time.Since(started); waited != 0 || inside.Load() != 4 {
			t.Errorf("waited %v with %d inside: want no wait and 4 inside", waited, inside.Load())
		}
		close(release)
		synctest.Wait()
		if got := panel.Assess(t.Context(), plain); got.Grade != contact.Priority {
			t.Errorf("grade %v after it came back", got.Grade)
		}
	})
}

func TestABusyClassifierIsWaitedForUntilItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := does(func(context.Context) (contact.Opinion, error) {
			time.Sleep(600 * time.Millisecond) // fake time: the work that it does
			return says{contact.Scheduled, ""}.Grade(context.Background(), plain)
		})
		panel := classifiers.NewPanel(classifiers.Config{Timeouts: map[string]time.Duration{"does": time.Second}, InFlight: 1}, slow)
		results := make(chan contact.Assessment, 3)
		for range 3 {
			go func() { results <- panel.Assess(t.Context(), plain) }()
		}
		judged := 0
		for range 3 {
			if got := <-results; got.Opinions[0].Failed == "" {
				judged++
			}
		}
		if judged != 1 {
			t.Errorf("%d judged: want the first alone within a second", judged)
		}
		time.Sleep(time.Second) // fake time: until the late one has answered too
	})
}

func TestAnAssessmentIsTimedByTheGivenClock(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	panel := classifiers.NewPanel(classifiers.Config{Now: func() time.Time { return at }}, says{contact.Priority, ""})
	if got := panel.Assess(t.Context(), plain); !got.At.Equal(at) {
		t.Errorf("at %v", got.At)
	}
}

func TestConfigNamesEveryProblem(t *testing.T) {
	err := classifiers.Config{Timeout: -1, InFlight: -1, Timeouts: map[string]time.Duration{"llm": 0}}.Validate()
	for _, key := range []string{"timeout: ", "in_flight: ", "timeouts.llm: "} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%v does not name %s", err, key)
		}
	}
	if err := (classifiers.Config{}).Validate(); err != nil {
		t.Errorf("the zero config: %v", err)
	}
}
