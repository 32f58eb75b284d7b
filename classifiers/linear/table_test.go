package linear

import (
	"strings"
	"testing"

	"contactd/contact"
)

// TestWordsThatWereNotLearnedSayNothing: what falls into the bucket of another
// word must not speak with its weight.
func TestWordsThatWereNotLearnedSayNothing(t *testing.T) {
	m := Read(examples()).Train()
	sums := func(text string) [headCount]float32 {
		j := judging{reader: newReader()}
		j.judge(m, contact.Message{Text: text}, nil)
		return j.sums
	}
	var strange []string
	for _, first := range "bcdfghjklmnpqrstvwxz" {
		for _, second := range "xqzjvwk" {
			strange = append(strange, "q"+string(first)+"zx"+string(second)+"jq")
		}
	}
	want := sums(strings.Join(strange[:20], " "))
	for i := 20; i+20 <= len(strange); i += 20 {
		if got := sums(strings.Join(strange[i:i+20], " ")); got != want {
			t.Fatalf("strange words %d to %d say %v, others of their length %v", i, i+20, got, want)
		}
	}
}

func TestAWordIsCountedOnceHoweverManyFallIntoItsBucket(t *testing.T) {
	r := newReader()
	hash := hashOf('w', "knife")
	other := hash ^ 1<<(bucketBits+1) // the same bucket, another key
	if bucketOf(hash) != bucketOf(other) || keyOf(hash) == keyOf(other) {
		t.Fatal("the two do not share a bucket")
	}
	var counts []count
	for _, each := range []uint64{hash, other, hash, other, hash} {
		counts = r.add(counts, each)
	}
	if counts = r.settle(counts); len(counts) != 2 || counts[0].times != 3 || counts[1].times != 2 {
		t.Errorf("counted %+v", counts)
	}
	if again := r.add(nil, hash); len(again) != 1 || again[0].times != 1 {
		t.Errorf("the next block begins with %+v", again)
	}
}
