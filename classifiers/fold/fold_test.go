package fold_test

import (
	"strings"
	"testing"

	"contactd/classifiers/fold"
)

func TestSpacesThatNobodySeesPartWordsWhereThereAreNoOthers(t *testing.T) {
	for text, want := range map[string]string{
		"he\u200bhas\u200ba\u200bknife\u200bhere":    "he|has|a|knife|here",
		"he\u2060has\u2060a\u2060knife\u2060here":    "he|has|a|knife|here",
		"he\u200bhas\u200b\n\u200ba\u200bknife":      "he|has|a|knife",
		"k\u200bn\u200bif\u200be":                    "knife",
		"he has a k\u200bn\u200bi\u200bf\u200be":     "he|has|a|knife", // within a word
		"kni\u200bfe":                                "knife",
		"\ufeffknife":                                "knife",
		"\U0001F468\u200d\U0001F469\u200d\U0001F467": "",
	} {
		var out fold.Text
		fold.Fold(&out, text, nil, 1000)
		var words []string
		for i := range out.Tokens {
			words = append(words, string(out.Word(i)))
		}
		if got := strings.Join(words, "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
