package main

import (
	"strings"
	"testing"
)

func TestGradeShowsWhereItIs(t *testing.T) {
	text := "he has a knife and is trying to get in, 12 Mill Lane, Beverley"
	if seen := contactd(t, "", "grade", text); !strings.Contains(seen.out, `address "12 Mill Lane, Beverley"`) {
		t.Errorf("to a person: %s", seen.out)
	}
	if seen := contactd(t, "", "grade", "--json", text); !strings.Contains(seen.out, `"form":"address","value":"12 Mill Lane, Beverley"`) {
		t.Errorf("as JSON: %s", seen.out)
	}
}

func TestGradeShowsWhoElseHelps(t *testing.T) {
	if seen := contactd(t, "", "grade", "the neighbours are playing loud music again, who do i ring"); !strings.Contains(seen.out, "signpost   noise: the local council") {
		t.Errorf("%s", seen.out)
	}
	if seen := contactd(t, "", "grade", "loud music next door and now he has a knife"); strings.Contains(seen.out, "signpost") {
		t.Errorf("an emergency: %s", seen.out)
	}
}
