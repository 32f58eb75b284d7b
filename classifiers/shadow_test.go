package classifiers_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"contactd/classifiers"
	"contactd/contact"
)

// named is a bounded classifier with a name and one answer.
type named struct {
	by    string
	grade contact.Grade
	trick string // error, panic, empty, or none
	saw   *[]contact.Opinion
}

func (n named) Bounded() bool { return true }

func (n named) Grade(ctx context.Context, m contact.Message) (contact.Opinion, error) {
	return n.GradeAfter(ctx, m, nil)
}

func (n named) GradeAfter(_ context.Context, _ contact.Message, before []contact.Opinion) (contact.Opinion, error) {
	if n.saw != nil {
		*n.saw = before
	}
	switch n.trick {
	case "error":
		return contact.Opinion{}, errors.New("no weights")
	case "panic":
		panic("contact's text")
	case "empty":
		return contact.Opinion{By: n.by}, nil
	}
	return contact.Opinion{By: n.by, Grade: n.grade, Reasons: []contact.Reason{{Rule: "r", Grade: n.grade}}}, nil
}

func TestACandidateCountsForNothingWhateverItDoes(t *testing.T) {
	at := time.Unix(1790000000, 0)
	rapid.Check(t, func(t *rapid.T) {
		grades := rapid.SampledFrom(contact.Grades())
		rules, live := named{by: "rules@1", grade: grades.Draw(t, "rules")}, named{by: "linear@1", grade: grades.Draw(t, "live")}
		candidate := named{by: "linear@2", grade: grades.Draw(t, "candidate"), trick: rapid.SampledFrom([]string{"", "", "error", "panic", "empty"}).Draw(t, "trick")}
		panel := classifiers.NewPanel(classifiers.Config{Now: func() time.Time { return at }}, rules, live)
		compared, failed := "", 0
		shadow := classifiers.NewShadow(panel, candidate, "linear", func(live, candidate contact.Grade) {
			compared = fmt.Sprint(live, " ", candidate)
		}, func() { failed++ })
		want, got := panel.Assess(context.Background(), plain), shadow.Assess(context.Background(), plain)
		told := got.Shadow
		got.Shadow = nil
		for i := range want.Opinions {
			want.Opinions[i].Micros, got.Opinions[i].Micros = 0, 0
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v\nwant %+v", got, want)
		}
		if candidate.trick != "" {
			if told != nil || failed != 1 || compared != "" {
				t.Fatalf("%+v, %d failed, compared %q", told, failed, compared)
			}
			return
		}
		would := fmt.Sprint(contact.Highest(rules.grade, live.grade), " ", contact.Highest(rules.grade, candidate.grade))
		if told == nil || told.By != "linear@2" || told.Grade != candidate.grade || failed != 0 || compared != would {
			t.Fatalf("%+v, compared %q, want %q", told, compared, would)
		}
	})
}

func TestACandidateIsToldWhatTheOneInItsPlaceIsTold(t *testing.T) {
	var live, candidate []contact.Opinion
	panel := classifiers.NewPanel(classifiers.Config{}, named{by: "rules@1", grade: contact.Priority}, named{by: "linear@1", saw: &live}, named{by: "later@1"})
	classifiers.NewShadow(panel, named{by: "linear@2", saw: &candidate}, "linear", func(_, _ contact.Grade) {}, func() {}).Assess(t.Context(), plain)
	if len(live) != 1 || !reflect.DeepEqual(live, candidate) {
		t.Errorf("%+v, the candidate %+v", live, candidate)
	}
}
