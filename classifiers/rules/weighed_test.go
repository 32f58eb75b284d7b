package rules_test

import (
	"testing"

	"contactd/classifiers/rules"
	"contactd/contact"
)

func TestAWeighedPhraseSetsItsFloorOnlyWhereNobodyWeighsIt(t *testing.T) {
	text := "she's been stabbed, there's blood everywhere"
	alone, weighed := newRules(t, rules.Config{}), newRules(t, rules.Config{Weighed: true})
	if got := grade(t, alone, text); got.Grade != contact.Emergency {
		t.Errorf("alone: %v", got.Grade)
	}
	got := grade(t, weighed, text)
	if reason := reasonOf(t, got, "weapon.stabbing.weighed"); reason.Grade != contact.Resolution || len(reason.Spans) == 0 {
		t.Errorf("weighed: %+v", reason)
	}
	if got := grade(t, weighed, "he has a knife"); got.Grade != contact.Emergency {
		t.Errorf("what is right in nearly all messages is %v", got.Grade)
	}
}

func TestWhatIsSaidOfNoiseTooIsNoSuicidalAct(t *testing.T) {
	c := newRules(t, rules.Config{})
	for text, want := range map[string]contact.Grade{
		"their music again, I can't take it any more": contact.Priority,
		"I can't go on any more":                      contact.Emergency,
		"55":                                          contact.Priority, // a number that was asked for, or the Silent Solution
		"55 55":                                       contact.Emergency,
	} {
		if got := grade(t, c, text); got.Grade != want {
			t.Errorf("%q is %v, want %v: %+v", text, got.Grade, want, got.Reasons)
		}
	}
}

func TestWelshIsReadAsEnglishIsWhereSomebodyWeighsIt(t *testing.T) {
	alone, weighed := newRules(t, rules.Config{}), newRules(t, rules.Config{Weighed: true})
	welsh := "Mae angen help arnaf os gwelwch yn dda, mae fy mam wedi mynd"
	if got := grade(t, alone, welsh); got.Grade != contact.Unknown {
		t.Errorf("alone: %v", got.Grade)
	}
	if got := grade(t, weighed, welsh); got.Grade == contact.Unknown {
		t.Errorf("weighed: %+v", got.Reasons)
	}
	for _, text := range []string{
		welsh + ". pomocy, on bije moja siostre i nie moge wyjsc z domu. " + welsh,
		"Fjalet qe shkruaj jane per vellain tim qe humbi dje mbrema",
	} {
		if got := grade(t, weighed, text); !flagged(got.Grade) {
			t.Errorf("%q: %v", text, got.Grade)
		}
	}
}
