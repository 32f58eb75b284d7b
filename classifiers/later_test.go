package classifiers_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"contactd/classifiers"
	"contactd/contact"
)

func TestALaterOpinionLowersNothingAndTakesNothingAway(t *testing.T) {
	grade := rapid.Custom(func(t *rapid.T) contact.Grade { return contact.Grade(rapid.IntRange(0, 6).Draw(t, "grade")) })
	category := rapid.SampledFrom([]string{"", "fire", "theft", "suicide"})
	reason := rapid.Custom(func(t *rapid.T) contact.Reason {
		return contact.Reason{Rule: "r", Grade: grade.Draw(t, "floor"), Category: category.Draw(t, "category")}
	})
	rapid.Check(t, func(t *rapid.T) {
		before := contact.Assessment{
			Grade: grade.Draw(t, "before"), Categories: rapid.SliceOfN(category, 0, 3).Draw(t, "categories"),
			Reasons: rapid.SliceOfN(reason, 0, 3).Draw(t, "reasons"), JudgedBy: []string{"rules"},
			Opinions: []contact.Opinion{{By: "rules"}},
		}
		opinion := contact.Opinion{
			By: "llm", Grade: grade.Draw(t, "later"), Failed: rapid.SampledFrom([]string{"", "", "error"}).Draw(t, "failed"),
			Categories: rapid.SliceOfN(category, 0, 3).Draw(t, "its categories"), Reasons: rapid.SliceOfN(reason, 0, 3).Draw(t, "its reasons"),
		}
		after := classifiers.Revise(before, opinion, time.Unix(1, 0))
		if before.Grade.Above(after.Grade) {
			t.Errorf("lowered %v to %v", before.Grade, after.Grade)
		}
		for _, each := range before.Reasons {
			if !slices.ContainsFunc(after.Reasons, func(r contact.Reason) bool {
				return r.Rule == each.Rule && r.Grade == each.Grade && r.Category == each.Category
			}) {
				t.Errorf("lost the reason %v", each)
			}
		}
		for _, each := range before.Categories {
			if !slices.Contains(after.Categories, each) {
				t.Errorf("lost the category %q", each)
			}
		}
		if len(after.Opinions) != 2 || after.JudgedBy[0] != "rules" {
			t.Errorf("opinions %v, judged by %v", after.Opinions, after.JudgedBy)
		}
	})
}

func TestWhatASecondOpinionRaisesIsNoLongerSignposted(t *testing.T) {
	before := contact.Assessment{Grade: contact.Resolution}
	before.Signpost = &contact.Signpost{Code: "noise"}
	for grade, kept := range map[contact.Grade]bool{contact.Priority: false, contact.Scheduled: true} {
		opinion := contact.Opinion{By: "llm", Grade: grade, Reasons: []contact.Reason{{Rule: "r", Grade: grade}}}
		if got := classifiers.Revise(before, opinion, time.Unix(1, 0)); (got.Signpost != nil) != kept || got.Grade != grade {
			t.Errorf("%v, %+v", got.Grade, got.Signpost)
		}
	}
}

func TestAFailedLaterOpinionRaisesNothing(t *testing.T) {
	before := contact.Assessment{Grade: contact.Resolution, JudgedBy: []string{"rules"}}
	after := classifiers.Revise(before, contact.Opinion{By: "llm", Failed: "error"}, time.Unix(1, 0))
	if after.Grade != contact.Resolution || len(after.JudgedBy) != 1 {
		t.Errorf("%+v", after)
	}
}

func TestWhatIsUnavailableIsToldFromWhatIsWrong(t *testing.T) {
	cause := errors.New("connection refused")
	err := fmt.Errorf("ask: %w", classifiers.Unavailable(cause, time.Second))
	if after, ok := classifiers.IsUnavailable(err); !ok || after != time.Second || !errors.Is(err, cause) {
		t.Errorf("%v, %v", after, ok)
	}
	if _, ok := classifiers.IsUnavailable(cause); ok {
		t.Error("a plain error says something about the message")
	}
}
