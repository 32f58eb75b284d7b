package linear

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"contactd/contact"
)

// TestASentenceThatTheRulesNoticedIsReadAlone: in the middle of a very long
// letter the windows around it are mostly calm.
func TestASentenceThatTheRulesNoticedIsReadAlone(t *testing.T) {
	calm := strings.Repeat("Thänk you for the lovely visit to our school. ", 30)
	text := calm + "he's tried to hang himself. " + calm
	start := utf8.RuneCountInString(calm) + len("he's ")
	weighed := func(rule string, start int) []contact.Opinion {
		return []contact.Opinion{{Reasons: []contact.Reason{{Rule: rule, Spans: []contact.Span{{Start: start, End: start + 5}}}}}}
	}
	read := func(text string, before []contact.Opinion) (all []string) {
		noticed(text, before, func(sentence string) { all = append(all, sentence) })
		return all
	}
	if got := read(text, weighed("suicide.act.weighed", start)); !slices.Equal(got, []string{"he's tried to hang himself. "}) {
		t.Errorf("read %q", got)
	}
	if got := read(text, weighed("context.past", start)); got != nil {
		t.Errorf("of another rule %q was read", got)
	}
	if got := read(text[:noticedFrom], weighed("suicide.act.weighed", 3)); got != nil {
		t.Errorf("of a shorter text %q was read", got)
	}
	if got := read(strings.Repeat("\n", 5000), weighed("suicide.act.weighed", 4999)); len(got) != 1 {
		t.Errorf("at the end %q was read", got)
	}
}
