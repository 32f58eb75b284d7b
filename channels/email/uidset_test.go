package email

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAUIDSetHoldsWhatWasAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set uidSet
		want := map[uint32]bool{}
		for _, uid := range rapid.SliceOf(rapid.Uint32Range(1, 60)).Draw(t, "uids") {
			set.add(uid)
			want[uid] = true
		}
		for uid := range uint32(62) {
			if set.has(uid) != want[uid] {
				t.Fatalf("%d: %v in %v", uid, set.has(uid), set.ranges)
			}
		}
		for i := 1; i < len(set.ranges); i++ {
			if set.ranges[i-1].last+1 >= set.ranges[i].first {
				t.Fatalf("ranges touch: %v", set.ranges)
			}
		}
	})
}
