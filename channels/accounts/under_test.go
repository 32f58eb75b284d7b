package accounts

import (
	"errors"
	"testing"
)

func TestUnderPutsAKeyBeforeEachProblem(t *testing.T) {
	if err := Under("hours", nil); err != nil {
		t.Errorf("nothing became %v", err)
	}
	zone := errors.New("time_zone: missing")
	err := Under("sites[0]", Under("hours", errors.Join(zone, errors.Join(errors.New("closed[0]: want a day")))))
	if want := "sites[0].hours.time_zone: missing\nsites[0].hours.closed[0]: want a day"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if !errors.Is(err, zone) {
		t.Error("the problem itself is gone")
	}
}
