package markers_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"contactd/classifiers/markers"
	"contactd/contact"
)

// pieces are what texts of every kind of sign are made of.
var pieces = []string{
	"my mum", "84", "year old", "has dementia", "dont ring me", "he checks my phone", "after 6 pm", "cant talk", "im 14", "y. n. y",
	"not", "disabled", ".", "\n", "> quoted", "é", "😀", "\u200b", "ӏ", "order a large pizza", "hes here", "it is safe to ring me", "(12)", ",",
}

func TestEverySpanQuotesTheTextAndNothingElseChanges(t *testing.T) {
	a, err := markers.New(markers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		say := func(name string) string {
			return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.String()), 0, 12).Draw(t, name), " ")
		}
		authored := strings.ToValidUTF8(say("authored"), "?")
		text := strings.ToValidUTF8(say("before"), "?") + "\n" + authored
		if rapid.Bool().Draw(t, "elsewhere") {
			text = strings.ReplaceAll(text, "mum", "\n> x\nmum")
		}
		message := contact.Message{Subject: say("subject"), Text: text, Authored: authored, SafeToContact: rapid.SampledFrom([]string{"", "yes", "no"}).Draw(t, "safe")}
		notes := contact.Notes{Signpost: &contact.Signpost{Code: "noise"}}
		a.Annotate(message, contact.Assessment{}, &notes)
		all := []rune(text)
		check := func(spans []contact.Span) {
			if len(spans) > 3 {
				t.Fatalf("%d spans", len(spans))
			}
			for _, each := range spans {
				if each.Start < 0 || each.Start >= each.End || each.End > len(all) || !strings.HasPrefix(string(all[each.Start:each.End]), each.Quote) || each.Quote == "" {
					t.Fatalf("%+v of %q", each, text)
				}
			}
		}
		for _, each := range notes.Markers {
			check(each.Spans)
		}
		if notes.Covert != nil {
			for _, each := range notes.Covert.Signs {
				check(each.Spans)
			}
		}
		if reply := notes.SafeToReply; reply != nil {
			for _, each := range append(reply.Signs, reply.Asks...) {
				check(each.Spans)
			}
			if message.SafeToContact == "no" && reply.Safe != "no" {
				t.Fatalf("the channel's no became %q", reply.Safe)
			}
		}
		if message.SafeToContact != "" && notes.SafeToReply == nil || notes.Signpost.Code != "noise" || notes.Thrive != nil {
			t.Fatalf("%+v", notes)
		}
	})
}
