package twitter

import (
	"encoding/json"
	"os"
	"testing"

	"contactd/channels/twitter/element"
)

// FuzzLinesOfStreamsAreKeptOrSomebodyElses holds that every line of a stream
// becomes originals that can be written down, or belongs to a rule that is not
// ours.
func FuzzLinesOfStreamsAreKeptOrSomebodyElses(f *testing.F) {
	for _, file := range cases(f) {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, true)
	}
	f.Add([]byte(`{"data":{"id":"7","text":"@town hello","author_id":"5"},"matching_rules":[{"id":"1","tag":"contactd:town"}]}`), false)
	f.Add([]byte(`{"data":{"id":"7"},"matching_rules":[{"id":1,"tag":"another"}]}`), false)
	f.Add([]byte("\xff not JSON"), false)
	f.Fuzz(func(t *testing.T, line []byte, events bool) {
		ch := reader()
		if events {
			ch.config.Stream = streamActivity
		}
		for _, e := range ch.elementsOf(line) {
			if e.Via != element.Stream {
				t.Errorf("came by %q", e.Via)
			}
			for _, taken := range element.Sort(e).Taken {
				if !json.Valid(taken.Element.Original()) {
					t.Errorf("%q is kept as %q", line, taken.Element.Original())
				}
			}
		}
	})
}
