package journal

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestAGroupWaitsOnlyUntilItIsAsLargeAsTheLast: those who call again at once
// when they were answered are waited for, and no longer.
func TestAGroupWaitsOnlyUntilItIsAsLargeAsTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatience()
		time.Sleep(breath)
		p.grouped(64)
		if p.left(breathUpTo) != patienceGap {
			t.Error("a group does not wait for the rest of those who came last time")
		}
		if p.left(64) != 0 {
			t.Error("a group with all of them waits for more")
		}
		time.Sleep(patienceLimit)
		if p.left(63) != 0 {
			t.Error("a group waits for ever for one that does not come")
		}
		p.grouped(patienceFrom - 1)
		if p.left(1) != 0 {
			t.Error("a lone caller waits for others")
		}
	})
}
