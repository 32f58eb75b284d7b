package disguise

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"contactd/classifiers/fold"
)

// undone is what a reader makes of a text, and whether that changed it.
func undone(r *Reader, text string) (string, bool) {
	var in, out fold.Text
	fold.Fold(&in, text, nil, 10_000)
	read, changed := &in, false
	if r.Read(&out, &in, text) {
		read, changed = &out, true
	}
	words := make([]string, len(read.Tokens))
	for i := range words {
		words[i] = string(read.Word(i))
	}
	return strings.Join(words, " "), changed
}

func TestDisguisedWordsAreReadAsPlainOnes(t *testing.T) {
	r := New()
	for disguised, plain := range map[string]string{
		"h3 h4s 4 kn1f3 4nd h3 1s 4t my d00r":                          "he has 4 knife and he is at my door",
		"he h@s a g*n and w0nt let us out":                             "he has a gun and wont let us out",
		"k.n.i.f.e in the k-i-t-c-h-e-n":                               "knife in the kitchen",
		"h e l p  m e  h e  i s  h e r e":                              "help me he is here",
		"helpmeheisinthehouse":                                         "help me he is in the house",
		"plz hlp, sm1 hs brkn nt th hse, m hdng upstrs":                "please help someone has broken into the house m hiding upstairs",
		"sum1 iz tryin to break in, im hidin upstares":                 "someone is trying to break in im hiding upstairs",
		"he punched me in the fa ce and broke my no se with a ham mer": "he punched me in the face and broke my nose with a hammer",
		".enohp ym sah eh dna em tih tsuj dnabsuh yM":                  "my husband just hit me and he has my phone",
		"emay usbandhay isay ittinghay emay":                           "me husband is hitting me",
		"8-5-12-16  13-5  8-5  9-19  8-5-18-5":                         "help me he is here",
		"she cant braethe and her lpis are blue, plaese hrury":         "she cant breathe and her lips are blue please hurry",
	} {
		got, _ := undone(r, disguised)
		if got != plain {
			t.Errorf("%q is read as\n%q, want\n%q", disguised, got, plain)
		}
	}
}

func TestPlainTextIsLeftAlone(t *testing.T) {
	r := New()
	for _, text := range []string{
		"", "...", "999",
		"Good morning, could you tell me when the new parking permits for Mill Street are sent out? Thanks, J",
		"The B4417 was shut at 7pm, and the A&E at 11.30 p.m. on the 2nd. My ref is WX19 4KT.",
		"My email is j.bloggs@post.example and the site is www.council.example/bins-and-tips?id=4.",
		"Dzień dobry, mąż mnie bije i zamknął drzwi, proszę przyjechać szybko",
		"мой муж избивает меня, дети плачут",
	} {
		if got, changed := undone(r, text); changed {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}

// TestEveryWordHasItsPlace lets people write anything, in any disguise.
func TestEveryWordHasItsPlace(t *testing.T) {
	r := New()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom(pieces())), 0, 12).Draw(t, "text"), rapid.SampledFrom([]string{" ", "", "\n"}).Draw(t, "between"))
		text, err := Write(text, rapid.SampledFrom(Styles()).Draw(t, "style"), rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		checkRead(t, r, text)
	})
}

func pieces() []string {
	return []string{"he has a knife", "h.e.l.p", "k1ll", "d**r", "th3y", "1ve", "$tab", "@home", "w h y", "plz", "s", "A&E", "12-3", "🔪", "ß", "مرحبا", "你好"}
}

type failer interface{ Fatalf(string, ...any) }

func checkRead(t failer, r *Reader, text string) {
	var in, out fold.Text
	fold.Fold(&in, text, nil, 10_000)
	if !r.Read(&out, &in, text) {
		return
	}
	count, last := int32(utf8.RuneCountInString(text)), int32(0)
	for i, at := range out.Tokens {
		switch {
		case at.From >= at.To || int(at.To) > len(out.Letters):
			t.Fatalf("word %d of %q holds no letters: %+v", i, text, at)
		case at.Start < last || at.Start >= at.End || at.End > count:
			t.Fatalf("word %d of %q stands nowhere: %+v", i, text, at)
		case int(at.End-at.Start) != utf8.RuneCountInString(text[at.ByteStart:at.ByteEnd]):
			t.Fatalf("word %d of %q: bytes and code points differ: %+v", i, text, at)
		}
		last = at.Start
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range append(pieces(), "H E L P m e", "8-5-12-16 13-5 8-5", "ehay isay erehay", strings.Repeat("nospaces", 40)) {
		f.Add(text)
	}
	r := New()
	f.Fuzz(func(t *testing.T, text string) { checkRead(t, r, text) })
}

func TestTheSameTextIsDisguisedAlike(t *testing.T) {
	const text = "there is a man with a machete outside the school on Linden Road, please hurry"
	for _, style := range Styles() {
		first, err := Write(text, style, 7)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Write(text, style, 7)
		if err != nil || first != second {
			t.Errorf("%s: %q and %q, %v", style, first, second, err)
		}
		if first == text {
			t.Errorf("%s disguises nothing", style)
		}
	}
	if _, err := Write(text, "invisible ink", 7); err == nil {
		t.Error("an unknown disguise is written")
	}
}

// Signs may be letters or stand between them, so that a row of them can be read
// in very many ways.
func TestRowsOfSignsAndFiguresAreReadInNoTime(t *testing.T) {
	for name, text := range map[string]string{
		"exclamation marks":     "he is trying to k!ll help" + strings.Repeat("!", 500) + "me",
		"bars":                  "he is trying to k!ll help" + strings.Repeat("|!", 40_000) + "me",
		"stars":                 "he is trying to k!ll help" + strings.Repeat("*", 150_000) + "me",
		"figures":               strings.Repeat("1 ", 90_000) + "he is trying to k!ll me",
		"letters in back slang": strings.Repeat("b", 150_000) + "ay zqx zqx zqx zqx he is trying to k!ll me",
	} {
		var in, out fold.Text
		fold.Fold(&in, text, nil, 200_000)
		begun := time.Now()
		changed := New().Read(&out, &in, text)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s: %v", name, took)
		}
		if name != "letters in back slang" && !changed {
			t.Errorf("%s: nothing is read", name)
		}
	}
}
