package pipeline

import (
	"strings"
	"testing"
)

// BenchmarkSeal measures what one message costs between its assessment and
// the publisher, for a mail of 4 kB.
func BenchmarkSeal(b *testing.B) {
	s, e, j := testSealer(), testEntry(), testJudged()
	j.message.Text = strings.Repeat("Somebody keeps parking across my drive. ", 100)
	j.message.Authored = j.message.Text
	b.ReportAllocs()
	for b.Loop() {
		event, err := s.received(e, j)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Envelope(event, LaneNormal); err != nil {
			b.Fatal(err)
		}
	}
}
