package garbage

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestGarbageIsCollectedWhenTheHeapHasGrownByWhatIsInUseOrBySpare(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want int
	}{{0, 9600}, {24 << 20, 400}, {96 << 20, 100}, {1 << 30, 100}} {
		if got := percent(test.live); got != test.want {
			t.Errorf("with %d bytes in use the heap may grow by %d %%, want %d", test.live, got, test.want)
		}
	}
	runtime.GC() // of which live tells
	for _, name := range []string{live, allocs} {
		if used(name) == 0 {
			t.Errorf("%s: nothing", name)
		}
	}
}

func TestMemoryIsGivenBackWhenThereIsNothingToDo(t *testing.T) {
	var r rest
	const mb = 1 << 20
	for _, step := range []struct {
		used uint64
		want bool
		why  string
	}{
		{100 * mb, false, "it has just started"},
		{100*mb + mb/2, true, "it has come to rest"},
		{101 * mb, false, "little was used since"},
		{102 * mb, false, "it is at work"},
		{102*mb + mb/4, false, "little was used since"},
		{103 * mb, true, "much was used in small steps"},
		{300 * mb, false, "it is at work"},
		{400 * mb, false, "it is at work"},
		{400 * mb, true, "it has come to rest again"},
	} {
		if got := r.due(step.used); got != step.want {
			t.Errorf("with %d bytes used due is %v, want %v: %s", step.used, got, step.want, step.why)
		}
	}
}

func TestWhoHasSetGOGCDecidesAlone(t *testing.T) {
	const own = 77
	before := debug.SetGCPercent(own)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	set := func(string) (string, bool) { return "77", true }
	CollectEarly(set)
	Spare(t.Context(), set) // returns at once
	if got := debug.SetGCPercent(own); got != own {
		t.Errorf("the heap may grow by %d %%", got)
	}
	CollectEarly(func(string) (string, bool) { return "", false })
	if got := debug.SetGCPercent(own); got != startPercent {
		t.Errorf("without it by %d %% at the start", got)
	}
}
