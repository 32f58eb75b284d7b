package llm

import (
	"strings"
	"testing"
	"unicode/utf8"

	"contactd/contact"
)

func TestAForeignEndpointReadsNothingThatIdentifiesPeople(t *testing.T) {
	for text, want := range map[string]string{
		"my name is john smith and he hit me":                     "my name is ⟪NAME 1⟫ and he hit me",
		"Gurpreet Kaur hit me. Gurpreet Kaur ran off":             "⟪NAME 1⟫ hit me. ⟪NAME 1⟫ ran off",
		"Mr Okonkwo at 14b Mill Lane, NG1 5FS":                    "Mr ⟪NAME 1⟫ at ⟪ADDRESS 1⟫, ⟪POSTCODE 1⟫",
		"call 07700 900123 or +44 (0)115 496 0123":                "call ⟪PHONE 1⟫ or ⟪PHONE 2⟫",
		"write to jo.b+x@example.co.uk or @jo_b":                  "write to ⟪EMAIL 1⟫ or ⟪HANDLE 1⟫",
		"black golf AB12 CDE, or P123 ABC":                        "black golf ⟪PLATE 1⟫, or ⟪PLATE 2⟫",
		"we are at ///filled.count.soap":                          "we are at ⟪PLACE 1⟫",
		"52.9548, -1.1581 by the bridge":                          "⟪PLACE 1⟫ by the bridge",
		"see https://example.org/u/1?x=2 now":                     "see ⟪LINK 1⟫ now",
		"born 12/03/1984, NI AB 12 34 56 C":                       "born ⟪DATE 1⟫, NI ⟪NUMBER 1⟫",
		"card 4111 1111 1111 1111":                                "card ⟪NUMBER 1⟫",
		"he is at Station Road with a knife":                      "he is at ⟪ADDRESS 1⟫ with a knife",
		"ALISON is bleeding":                                      "⟪NAME 1⟫ is bleeding",
		"Zaltana sent this, zaltana's son too":                    "⟪NAME 1⟫ sent this, ⟪NAME 1⟫'s son too",
		"He may hit me, i hope not. Mark may come":                "He may hit me, i hope not. ⟪NAME 1⟫ may come",
		"he said 999 and 101 did not answer in 30 minutes":        "he said 999 and 101 did not answer in 30 minutes",
		"three men with a machete outside the school, 2 bleeding": "three men with a machete outside the school, 2 bleeding",
	} {
		m := texted(text)
		m.Sender = contact.Sender{Name: "Zaltana Q", Address: "zq@example.org"}
		if got := look(m, 6000, true).text.shown; got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
		if got := look(m, 6000, false).text.shown; got != text {
			t.Errorf("on premises %q became %q", text, got)
		}
	}
}

func TestAQuoteOfWhatWasMaskedIsTheMessagesOwnWords(t *testing.T) {
	const text = "é my name is John Smith, 07700 900123. John Smith: he has a knife at 14 Mill Lane now"
	seen := look(texted(text), 6000, true)
	for quote, want := range map[string]string{
		"my name is ⟪NAME 1⟫, ⟪PHONE 1⟫": "my name is John Smith, 07700 900123",
		"⟪NAME 1⟫: he has a knife":       "John Smith: he has a knife",
		"knife at ⟪ADDRESS 1⟫ now":       "knife at 14 Mill Lane now",
		"knife at ⟪ADDRESS":              "knife at 14 Mill Lane",
		"1⟫ now":                         "14 Mill Lane now",
		"he has a knife":                 "he has a knife",
	} {
		span, ok := seen.find(quote)
		if !ok || span.Quote != want || string([]rune(text)[span.Start:span.End]) != want {
			t.Errorf("%q: %+v, %v", quote, span, ok)
		}
	}
	for _, quote := range []string{"John Smith", "14 Mill Lane", "⟪NAME 2⟫"} {
		if _, ok := seen.find(quote); ok {
			t.Errorf("%q was never shown", quote)
		}
	}
}

func TestWhatIsMaskedIsNotCutInTwoAndShown(t *testing.T) {
	for _, secret := range []string{"zaltana.quill@example.org", "07700 900123", "14b Mill Lane", "Gurpreet Kaur"} {
		for n := range len(secret) + 1 {
			m := texted(strings.Repeat("é ", (200-n)/2) + strings.Repeat(" ", n%2) + secret + strings.Repeat(" é", 300) + " " + secret + strings.Repeat(" é", 50-(len(secret)-n+1)/2))
			m.Subject = strings.Repeat("é ", (75-n)/2) + secret + strings.Repeat(" é", 50)
			seen := look(m, 300, true)
			for _, shown := range []string{seen.subject.shown, seen.text.shown, seen.end.shown} {
				if strings.ContainsAny(strings.NewReplacer("EMAIL 1", "", "PHONE 1", "", "ADDRESS 1", "", "NAME 1", "").Replace(shown), "abcdefghijklmnopqrstuvwxyzGKM0123456789@") {
					t.Fatalf("%q cut after %d: %q", secret, n, strings.ReplaceAll(shown, "é ", ""))
				}
			}
			if want := string([]rune(m.Text)[seen.end.start:]); want != seen.end.original {
				t.Fatalf("the end is %q and not %q", seen.end.original, want)
			}
		}
	}
}

func TestWhatIsKnownByTheWordsBeforeItIsMaskedBehindACutToo(t *testing.T) {
	for before, secret := range map[string]string{"my name is": "zaltana quill", "Mr": "Okonkwo", "dob:": "3/4/1990", "number": "7c"} {
		for _, rest := range []string{" ", ""} { // the cut is before or behind the space
			text := strings.Repeat("é ", 200) + before + " " + secret
			text += strings.Repeat(".", 100-utf8.RuneCountInString(secret)-len(rest))
			if seen := look(texted(text), 300, true); strings.Contains(seen.end.shown, secret) || !strings.HasPrefix(seen.end.original, rest+secret) {
				t.Errorf("%q is shown: %q", secret, seen.end.shown)
			}
		}
	}
}

func TestTheSubjectIsMaskedAndQuotedToo(t *testing.T) {
	m := texted("see above")
	m.Subject = "John Smith has a knife"
	seen := look(m, 6000, true)
	if strings.Contains(seen.subject.shown, "John") {
		t.Errorf("shown %q", seen.subject.shown)
	}
	if span, ok := seen.find("has a knife"); !ok || span != nil {
		t.Errorf("%v, %v", span, ok)
	}
}

func texted(text string) contact.Message { return contact.Message{Text: text, Authored: text} }
