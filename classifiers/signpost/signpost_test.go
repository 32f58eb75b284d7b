package signpost_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"contactd/classifiers/signpost"
	"contactd/contact"
)

func ask(t *testing.T, cfg signpost.Config, notPolice float64, grade contact.Grade, text, language string) *contact.Signpost {
	t.Helper()
	posts, err := signpost.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	var notes contact.Notes
	posts.Annotate(contact.Message{Text: text, Authored: text, Language: language}, contact.Assessment{Grade: grade, Opinions: []contact.Opinion{{By: "learned", NotPolice: notPolice}}}, &notes)
	return notes.Signpost
}

func TestATopicIsRecognisedAndSaysWhoHelps(t *testing.T) {
	for text, want := range map[string]string{
		"the neighbours are playing loud music again":             "noise",
		"someone has parked across my dropped kerb":               "parking",
		"huge pothole on our road":                                "pothole",
		"we found a friendly terrier with no collar":              "stray_dog",
		"street light outside 30 has been out for weeks":          "streetlight",
		"my landlord will not fix the boiler":                     "housing",
		"how do I renew my visa":                                  "immigration",
		"there is a power cut in our street":                      "utilities",
		"the shop will not give me a refund":                      "consumer",
		"what time must fireworks stop":                           "fireworks",
		"bins not emptied and rats everywhere":                    "council",
		"can someone talk to me about the weather":                "",
		"they stole my bike, it was parked outside":               "",
		"my neighbour plays loud music and threatened to stab me": "",
	} {
		got := ask(t, signpost.Config{}, 1, contact.Resolution, text, "")
		switch {
		case got == nil && want != "":
			t.Errorf("%q: no signpost, want %s", text, want)
		case got != nil && got.Code != want:
			t.Errorf("%q: %s, want %q", text, got.Code, want)
		case got != nil && (got.Helper == "" || got.Who == "" || got.Language != "en" || !strings.HasPrefix(got.By, "signpost@") || len(got.Spans) == 0):
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestTheWordsThatSpeakForATopicAreShownWhereTheyStandInTheText(t *testing.T) {
	posts, err := signpost.New(signpost.Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	own, text := "huge pothole on our road", "> é, what is it about?\nhuge pothole on our road"
	var notes contact.Notes
	posts.Annotate(contact.Message{Text: text, Authored: own}, contact.Assessment{Grade: contact.Resolution, Opinions: []contact.Opinion{{NotPolice: 1}}}, &notes)
	for _, span := range notes.Signpost.Spans {
		if got := string([]rune(text)[span.Start:span.End]); got != span.Quote || !strings.Contains(own, got) || span.Start < strings.Index(text, own)-1 {
			t.Errorf("%+v cuts %q", span, got)
		}
	}
}

func TestNothingUrgentIsSignposted(t *testing.T) {
	for _, grade := range []contact.Grade{contact.Emergency, contact.Unknown, contact.Priority} {
		if got := ask(t, signpost.Config{}, 1, grade, "loud music next door", ""); got != nil {
			t.Errorf("graded %v: %+v", grade, got)
		}
	}
	if got := ask(t, signpost.Config{}, 0, contact.Resolution, "loud music next door", ""); got != nil {
		t.Errorf("held to be for the police: %+v", got)
	}
}

func TestWhoWritesWelshIsAnsweredInWelsh(t *testing.T) {
	got := ask(t, signpost.Config{}, 1, contact.Resolution, "loud music next door", "cy")
	if got == nil || got.Language != "cy" || !strings.Contains(got.Text, "cyngor") {
		t.Errorf("%+v", got)
	}
}

func TestAForceAddsItsOwnTopicsAndReplacesOthers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.yaml")
	own := `version: sampleshire-3
topics:
  - {code: ferry, helper: harbour, who: {en: the harbour office}, text: {en: Ring the harbour office., cy: Ffoniwch yr harbwr.}, sure: [ferry]}
  - {code: noise, helper: county, who: {en: the county}, text: {en: Ring the county.}, sure: [loud music]}
`
	if err := os.WriteFile(file, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := signpost.Config{File: file}
	if got := ask(t, cfg, 1, contact.Resolution, "when does the ferry leave", ""); got == nil || got.Code != "ferry" || !strings.HasSuffix(got.By, "+sampleshire-3") {
		t.Errorf("%+v", got)
	}
	if got := ask(t, cfg, 1, contact.Resolution, "when does the ferry leave", "cy"); got == nil || got.Who == "" || got.Language != "en" {
		t.Errorf("who helps is said in English alone: %+v", got)
	}
	if got := ask(t, cfg, 1, contact.Resolution, "loud music next door", "cy"); got == nil || got.Helper != "county" || got.Language != "en" {
		t.Errorf("%+v", got)
	}
}

func TestABadDirectoryNamesFileAndTopic(t *testing.T) {
	for content, want := range map[string]string{
		"":                        "version",
		"topics: []":              "version",
		"version: x\nnonsense: 1": "nonsense",
		"s3cret: of another file": "[1:1]",
		"version: x\ntopics: [{code: a, helper: b, who: {en: c}, text: {en: d}}]":              `"a": want phrases`,
		"version: x\ntopics: [{code: a, helper: b, who: {en: c}, text: {en: d}, sure: [_ x]}]": `topic "a": sure: phrase`,
	} {
		file := filepath.Join(t.TempDir(), "own.yaml")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := signpost.New(signpost.Config{File: file}, nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "of another") {
			t.Errorf("%s: %v", content, err)
		}
	}
}

func TestTopicsThatAVoiceKnowsAreLeftToIt(t *testing.T) {
	ask := func(named string, grade contact.Grade, text string) string {
		t.Helper()
		posts, err := signpost.New(signpost.Config{}, []string{"noise"})
		if err != nil {
			t.Fatal(err)
		}
		var notes contact.Notes
		posts.Annotate(contact.Message{Text: text, Authored: text}, contact.Assessment{Grade: grade, Opinions: []contact.Opinion{{NotPolice: 1, Topic: named}}}, &notes)
		if notes.Signpost == nil {
			return ""
		}
		return notes.Signpost.Code
	}
	for _, c := range []struct {
		named, text string
		grade       contact.Grade
		want        string
	}{
		{"noise", "they keep me up again", contact.Resolution, "noise"},
		{"", "loud music next door", contact.Resolution, ""},
		{"", "huge pothole on our road", contact.Resolution, "pothole"},
		{"nonsense", "hello", contact.Resolution, ""},
		{"noise", "they keep me up again", contact.Priority, ""},
		{"noise", "they keep me up and one has a knife", contact.Resolution, ""},
	} {
		if got := ask(c.named, c.grade, c.text); got != c.want {
			t.Errorf("%q, voice says %q, graded %v: %q, want %q", c.text, c.named, c.grade, got, c.want)
		}
	}
}

func TestADirectorySaysWhatThereIsToLearn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.yaml")
	own := `version: sampleshire-3
otherwise: [the ferry is sinking]
topics:
  - {code: ferry, helper: harbour, also: [boats], who: {en: the harbour office}, text: {en: Ring the harbour office.}, lines: [when does it sail|dogs on board], sure: [ferr* _ late/full]}
`
	if err := os.WriteFile(file, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := signpost.Lines(signpost.Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	has := map[signpost.Line]bool{}
	for _, line := range lines {
		if has[line] {
			t.Errorf("%+v is there twice", line)
		}
		has[line] = true
	}
	for _, want := range []signpost.Line{{"ferry", "when does it sail"}, {"ferry", "dogs on board"}, {"ferry", "ferr late"}, {"ferry", "ferr full"}, {"ferry", "Ring the harbour office."}, {"", "the ferry is sinking"}, {"noise", "loud music"}} {
		if !has[want] {
			t.Errorf("no %+v", want)
		}
	}
	posts, err := signpost.New(signpost.Config{File: file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for label, want := range map[string]string{"boats": "ferry", "ferry": "ferry", "noise": "noise", "nonsense": ""} {
		if got := posts.Topic(label); got != want {
			t.Errorf("label %q is answered by %q, want %q", label, got, want)
		}
	}
}
