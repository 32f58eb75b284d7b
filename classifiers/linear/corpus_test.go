package linear

import (
	"bytes"
	"slices"
	"testing"
)

// TestWhatIsLeftOutOfACorpusLeavesNoTrace: files that are left out one after the
// other are read once.
func TestWhatIsLeftOutOfACorpusLeavesNoTrace(t *testing.T) {
	all := slices.Concat(examples(), forOthers())
	for i := range all {
		all[i].Calm = i%7 == 0 && !all[i].Lines
		if i%3 == 0 && !all[i].Lines {
			all[i].Group = "left out"
		}
	}
	left := func(e Example) bool { return e.Group == "left out" }
	rest, err := Read(all).Without(left).Train().Encode()
	if err != nil {
		t.Fatal(err)
	}
	never, err := Read(slices.DeleteFunc(slices.Clone(all), left)).Train().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(rest, never) {
		t.Error("a model differs by what was left out of it")
	}
}
