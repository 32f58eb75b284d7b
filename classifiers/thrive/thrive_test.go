package thrive_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"contactd/classifiers/thrive"
	"contactd/contact"
)

// hinted writes the hints as "heading: text|text".
func hinted(t testing.TB, cfg thrive.Config, message contact.Message, assessed contact.Assessment, notes contact.Notes) string {
	t.Helper()
	a, err := thrive.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.Annotate(message, assessed, &notes)
	if notes.Thrive == nil {
		return ""
	}
	var all []string
	for _, heading := range notes.Thrive.Headings {
		var texts []string
		for _, each := range heading.Hints {
			texts = append(texts, each.Text)
		}
		all = append(all, heading.Code+": "+strings.Join(texts, "|"))
	}
	return strings.Join(all, "; ")
}

func said(text string) contact.Message { return contact.Message{Text: text, Authored: text} }

func TestEachSourceSpeaksForItsHeading(t *testing.T) {
	span := []contact.Span{{Start: 0, End: 2, Quote: "he"}}
	for name, c := range map[string]struct {
		message  contact.Message
		assessed contact.Assessment
		notes    contact.Notes
		want     string
	}{
		"a rule": {
			assessed: contact.Assessment{Reasons: []contact.Reason{{Rule: "weapon.held", Spans: span}}},
			want:     "threat: a weapon is spoken of; risk: a danger to whoever attends",
		},
		"a rule of messages together": {
			assessed: contact.Assessment{Reasons: []contact.Reason{{Rule: "together.evidence.lost"}}},
			want:     "investigation: evidence may be lost",
		},
		"a category": {
			assessed: contact.Assessment{Categories: []string{"missing_person"}},
			want:     "risk: somebody may be missing",
		},
		"a marker": {
			notes: contact.Notes{Markers: []contact.Marker{{Code: "dementia", Of: "parent"}}},
			want:  "vulnerability: dementia or confusion",
		},
		"a marker of the writer": {
			notes: contact.Notes{Markers: []contact.Marker{{Code: "child", Of: "writer"}}},
			want:  "risk: children may be there; vulnerability: a child; engagement: the writer may be a child",
		},
		"what the person asked for": {
			notes: contact.Notes{SafeToReply: &contact.SafeToReply{Safe: "no", Asks: []contact.Sign{{Code: "no_call"}}}},
			want:  "engagement: an answer could endanger|asked to be reached in a certain way",
		},
		"a place": {
			notes: contact.Notes{Locations: []contact.Location{{Form: "postcode"}}},
			want:  "investigation: a place is named",
		},
		"no place in what is urgent": {
			assessed: contact.Assessment{Grade: contact.Priority},
			notes:    contact.Notes{Locations: []contact.Location{{Form: "phone"}}},
			want:     "investigation: no place has been recognised",
		},
		"a phrase":         {message: said("I have dashcam footage"), want: "investigation: pictures, film or other records are spoken of"},
		"a phrase of ours": {message: contact.Message{Text: "> send the footage\nok", Authored: "ok"}},
		"nothing":          {message: said("hello")},
	} {
		if c.assessed.Grade == contact.Unknown {
			c.assessed.Grade = contact.Resolution
		}
		if got := hinted(t, thrive.Config{}, c.message, c.assessed, c.notes); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

func TestHintsPointToTheTextWithoutQuotingIt(t *testing.T) {
	a, err := thrive.New(thrive.Config{})
	if err != nil {
		t.Fatal(err)
	}
	text := "é he is bleeding and has a black eye, blood on the floor, in pain"
	var notes contact.Notes
	a.Annotate(said(text), contact.Assessment{}, &notes)
	for _, heading := range notes.Thrive.Headings {
		for _, each := range heading.Hints {
			if heading.Code != "harm" || each.Text != "an injury is spoken of" {
				continue
			}
			if len(each.Spans) != 2 || each.Spans[0] != (contact.Span{Start: 8, End: 16}) || each.Spans[1].Quote != "" {
				t.Errorf("%+v", each.Spans)
			}
			return
		}
	}
	t.Errorf("%+v", notes.Thrive)
}

func write(t *testing.T, content string) thrive.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return thrive.Config{Form: file}
}

func TestAForceReplacesTheForm(t *testing.T) {
	cfg := write(t, `version: thrives-2
headings:
  - {code: safeguarding, title: Safeguarding, questions: [Who is told?], hints: [{text: a child, markers: [child]}, {text: a ferry, phrases: [ferry]}]}
`)
	notes := contact.Notes{Markers: []contact.Marker{{Code: "child"}}}
	if got := hinted(t, cfg, said("on the ferry"), contact.Assessment{}, notes); got != "safeguarding: a child|a ferry" {
		t.Errorf("%q", got)
	}
	a, err := thrive.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if a.Annotate(said("on the ferry"), contact.Assessment{}, &notes); notes.Thrive.By != "thrive@thrives-2" || notes.Thrive.Headings[0].Title != "Safeguarding" {
		t.Errorf("%+v", notes.Thrive)
	}
}

func TestABadFormNamesFileAndHeading(t *testing.T) {
	const begin = "version: x\nheadings: [{code: a, title: A, hints: ["
	for content, want := range map[string]string{
		"":                                  "version",
		"headings: []":                      "version",
		"version: x":                        "headings: want 1 to 12, got 0",
		"version: x\nnonsense: 1":           "nonsense",
		"version: x\nheadings: [{code: a}]": "headings[0]: want code and title",
		"version: x\nheadings: [{code: a, title: A}, {code: a, title: A}]": `headings[1]: code "a" is there twice`,
		begin + "{markers: [a]}]}]":                                        "headings[0].hints[0]: text",
		begin + "{text: a}]}]":                                             "headings[0].hints[0]: want rules",
		begin + "{text: a, facts: [moon]}]}]":                              `no fact "moon"; there are: covert`,
		begin + "{text: a, phrases: [_ x]}]}]":                             "headings[0].hints[0]: phrase",
	} {
		cfg := write(t, content)
		if _, err := thrive.New(cfg); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), cfg.Form) {
			t.Errorf("%s: %v", content, err)
		}
	}
	if _, err := thrive.New(write(t, "s3cret: of another file\n")); err == nil || !strings.Contains(err.Error(), "[1:1]") || strings.Contains(err.Error(), "another") {
		t.Errorf("want the place and not the lines, got %v", err)
	}
	if _, err := thrive.New(thrive.Config{Form: "nowhere.yaml"}); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("%v", err)
	}
}

func TestHintsChangeNothingElseAndPointIntoTheText(t *testing.T) {
	a, err := thrive.New(thrive.Config{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(strings.Join(rapid.SliceOf(rapid.OneOf(
			rapid.SampledFrom([]string{"blood", "footage", "my ex", "tonight", "scared", "é", "\n", "white van"}), rapid.String())).Draw(t, "text"), " "), "?")
		notes := contact.Notes{Covert: &contact.Covert{Signs: []contact.Sign{{Code: "x"}}}}
		a.Annotate(said(text), contact.Assessment{}, &notes)
		if notes.Covert == nil || notes.Markers != nil || notes.SafeToReply != nil || notes.Thrive == nil {
			t.Fatalf("%+v", notes)
		}
		for _, heading := range notes.Thrive.Headings {
			if len(heading.Hints) == 0 || len(heading.Hints) > 8 {
				t.Fatalf("%d hints", len(heading.Hints))
			}
			for _, hint := range heading.Hints {
				for _, each := range hint.Spans {
					if each.Start < 0 || each.Start >= each.End || each.End > len([]rune(text)) {
						t.Fatalf("%+v of %q", each, text)
					}
				}
			}
		}
	})
}

func TestAFormIsReadHoweverAnEditorLeavesIt(t *testing.T) {
	form := filepath.Join(t.TempDir(), "form.yaml")
	if err := os.WriteFile(form, []byte("\ufeffversion: x\r\nheadings: [{code: a, title: A, hints: [{text: b, phrases: [blue pineapple]}]}]\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := hinted(t, thrive.Config{Form: form}, said("a blue pineapple"), contact.Assessment{}, contact.Notes{}); got != "a: b" {
		t.Error(got)
	}
}

func TestAPhoneThatAnEventTellsAmongPlacesIsNone(t *testing.T) {
	message := said("he has a knife, 07700 900123")
	message.Locations = []contact.Location{{Form: "phone", Value: "07700 900123"}} // as a later opinion is told it
	got := hinted(t, thrive.Config{}, message, contact.Assessment{Grade: contact.Emergency}, contact.Notes{})
	if want := hinted(t, thrive.Config{}, said(message.Text), contact.Assessment{Grade: contact.Emergency}, contact.Notes{}); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
