package classifiers_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"contactd/classifiers"
	"contactd/contact"
)

// place is where a piece of the own words stands in the text, as a quote.
func place(t *testing.T, message contact.Message, piece string) (quote string, found bool) {
	t.Helper()
	own := classifiers.NewOwn(message)
	at := strings.Index(own.Words, piece)
	if at < 0 {
		t.Fatalf("%q is not in %q", piece, own.Words)
	}
	start := len([]rune(own.Words[:at]))
	span, found := own.Span(start, start+len([]rune(piece)))
	return own.Quote(span, 100), found
}

func TestOwnWordsAreFoundInTheText(t *testing.T) {
	for name, c := range map[string]contact.Message{
		"nothing quoted":         {Text: "é knife", Authored: "é knife"},
		"below a quote":          {Text: "> a knife, you say\n\né knife", Authored: "é knife"},
		"without an own part":    {Text: "a knife"},
		"between lines of quote": {Text: "> who\nhim ñ\n> with what\na knife\n> thanks", Authored: "him ñ\na knife"},
		"answers of a form":      {Text: "What is it: a knife\nWhere: here", Authored: "a knife\nhere"},
	} {
		if quote, ok := place(t, c, "knife"); !ok || quote != "knife" {
			t.Errorf("%s: %q, %v", name, quote, ok)
		}
	}
	for name, c := range map[string]contact.Message{
		"quoted words come again":      {Text: "> knife?\n\nknife", Authored: "knife"},
		"a line is part of a quote":    {Text: "> was it a knife or not\nknife\n> where\nhere", Authored: "knife\nhere"},
		"an answer is in its question": {Text: "Gun or knife?: knife\nKnown: no", Authored: "knife\nno"},
	} {
		own := classifiers.NewOwn(c)
		span, ok := own.Span(0, len("knife"))
		if want := strings.LastIndex(c.Text, "knife"); !ok || span.Start != want {
			t.Errorf("%s: %+v, %v, want the one at %d", name, span, ok, want)
		}
	}
	if quote, ok := place(t, contact.Message{Text: "> a\nx\n> b\ny", Authored: "x\ny"}, "x\ny"); ok {
		t.Errorf("a piece that is in two places is found as %q", quote)
	}
}

func TestWhatIsQuotedIsNotHeld(t *testing.T) {
	own := classifiers.NewOwn(contact.Message{Text: "> old words\nnew words", Authored: "new words"})
	if own.Holds(contact.Span{Start: 2, End: 5}) || !own.Holds(contact.Span{Start: 12, End: 15}) {
		t.Error("the own words are taken for the others")
	}
}

func TestASpanOfOwnWordsQuotesThem(t *testing.T) {
	line := rapid.StringMatching(`[a-cé😀 ]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(line, 1, 6).Draw(t, "own")
		var text []string
		for _, each := range lines {
			if rapid.Bool().Draw(t, "quote before") {
				text = append(text, "> "+line.Draw(t, "quoted"))
			}
			text = append(text, each)
		}
		message := contact.Message{Text: strings.Join(text, "\n"), Authored: strings.Join(lines, "\n")}
		own := classifiers.NewOwn(message)
		words := []rune(own.Words)
		start := rapid.IntRange(0, len(words)).Draw(t, "start")
		end := rapid.IntRange(start, len(words)).Draw(t, "end")
		span, ok := own.Span(start, end)
		if !ok {
			return
		}
		all := []rune(message.Text)
		if span.Start < 0 || span.End > len(all) || string(all[span.Start:span.End]) != string(words[start:end]) {
			t.Fatalf("%q at %+v of %q", string(words[start:end]), span, message.Text)
		}
	})
}
