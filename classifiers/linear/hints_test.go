package linear

import (
	"slices"
	"testing"

	"contactd/contact"
)

// TestLanguagesToldApartSinceWeighAsBefore: the shipped weights know Persian by
// the name that it had when they were learned.
func TestLanguagesToldApartSinceWeighAsBefore(t *testing.T) {
	hinted := func(rule string) []uint32 {
		var h hints
		h.gather(contact.Message{Text: "کمک"}, []contact.Opinion{{Reasons: []contact.Reason{{Rule: rule}}}})
		return h.buckets
	}
	for now, before := range map[string]string{
		"language.fa": "language.ur", "language.ckb": "language.ur", "language.ps": "language.ur", "language.bg": "language.ru",
	} {
		if !slices.Equal(hinted(now), hinted(before)) {
			t.Errorf("%s is another hint than %s", now, before)
		}
	}
	if slices.Equal(hinted("language.ar"), hinted("language.ur")) {
		t.Error("Arabic is the same hint as Urdu")
	}
}
