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
