package main

import "testing"

func TestGarbageIsCollectedWhenTheHeapHasGrownByWhatIsInUseOrBySpare(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want int
	}{{0, 9600}, {24 << 20, 400}, {96 << 20, 100}, {1 << 30, 100}} {
		if got := garbagePercent(test.live); got != test.want {
			t.Errorf("with %d bytes in use the heap may grow by %d %%, want %d", test.live, got, test.want)
		}
	}
	if liveBytes() == 0 {
		t.Error("nothing is in use")
	}
}
