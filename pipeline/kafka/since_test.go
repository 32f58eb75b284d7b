package kafka_test

import (
	"maps"
	"slices"
	"testing"

	"contactd/pipeline/kafka"
)

func TestATopicIsReadFromAnOffsetToItsEndAndWhollyWhenItIsAnotherThanBefore(t *testing.T) {
	onBoth(t, 1, func(t *testing.T, c kafka.Config, topic string) {
		publishIDs(t, c, topic, 0, 9, 0)
		cluster := newCluster(t, c)
		for from, want := range map[int64][]string{
			7:  {"e-7", "e-8", "e-9"},
			10: nil,
			11: {"e-0", "e-1", "e-2", "e-3", "e-4", "e-5", "e-6", "e-7", "e-8", "e-9"}, // it ended behind that, once
		} {
			var got []string
			ends, err := cluster.Since(t.Context(), topic, map[int]int64{0: from}, func(key string, headers map[string]string, value []byte) {
				if key != "k" || len(value) == 0 {
					t.Errorf("key %q, %d bytes", key, len(value))
				}
				got = append(got, headers["ce_id"])
			})
			if err != nil || !maps.Equal(ends, map[int]int64{0: 10}) || !slices.Equal(got, want) {
				t.Errorf("from %d: %v up to %v, %v", from, got, ends, err)
			}
		}
	})
}
