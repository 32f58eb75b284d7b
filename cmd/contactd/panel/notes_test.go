package panel

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"contactd/contact"
)

// fragments are what messages of all kinds are made of.
var fragments = []string{
	"he has a knife", "my mum, 84, has dementia", "dont ring me he checks my phone", "cant talk", "loud music next door", "12 Mill Lane",
	"I have it on dashcam", "im 14 and my dad hits me", "y. n. y", "ngozi mi nie moge", "not", "lol", "\n> he will kill me\n", "999", "😀",
}

func TestWhatIsNotedNeverChangesAGrade(t *testing.T) {
	seated, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	noting, err := seated.Annotated(seated, Config{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(fragments), rapid.String()), 0, 6).Draw(t, "text"), " "), "?")
		message := contact.Message{
			Text: text, Authored: text, Subject: rapid.SampledFrom(fragments).Draw(t, "subject"),
			Covert: rapid.Bool().Draw(t, "covert"), SafeToContact: rapid.SampledFrom([]string{"", "yes", "no"}).Draw(t, "safe"),
		}
		plain, noted := seated.Assess(t.Context(), message), noting.Assess(t.Context(), message)
		untimed(&plain)
		untimed(&noted)
		noted.Notes = plain.Notes
		if !reflect.DeepEqual(plain, noted) {
			t.Fatalf("%+v became %+v", plain, noted)
		}
	})
}

// untimed takes out what differs whenever a message is judged.
func untimed(a *contact.Assessment) {
	a.At = time.Time{}
	for i := range a.Opinions {
		a.Opinions[i].Micros = 0
	}
}
