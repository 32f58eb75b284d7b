package markers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"contactd/classifiers/markers"
	"contactd/contact"
)

// noted is what an annotator notes about a message.
func noted(t testing.TB, cfg markers.Config, message contact.Message, assessed contact.Assessment) contact.Notes {
	t.Helper()
	a, err := markers.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var notes contact.Notes
	a.Annotate(message, assessed, &notes)
	return notes
}

func of(t testing.TB, text string) contact.Notes {
	t.Helper()
	return noted(t, markers.Config{}, contact.Message{Text: text, Authored: text}, contact.Assessment{})
}

// found writes markers as "code of=quote|quote".
func found(notes contact.Notes) string {
	var all []string
	for _, each := range notes.Markers {
		var quotes []string
		for _, span := range each.Spans {
			quotes = append(quotes, span.Quote)
		}
		all = append(all, fmt.Sprintf("%s %s=%s", each.Code, each.Of, strings.Join(quotes, "|")))
	}
	return strings.Join(all, ", ")
}

func TestAMarkerSaysWhatWhoseAndWhere(t *testing.T) {
	for text, want := range map[string]string{
		"my mum, 84, has dementia":                         "older_person parent=84, dementia parent=dementia",
		"my autistic 9 year old son is out there":          "child child=9 year old, neurodivergence child=autistic",
		"My 16 year old hasnt come home":                   "child child=16 year old",
		"Im deaf and my neighbour shouts":                  "hearing_or_speech writer=deaf",
		"my mum who is deaf fell":                          "hearing_or_speech parent=deaf",
		"I am the deaf neighbour":                          "hearing_or_speech neighbour=deaf",
		"he checks my phone. im 16 and pregnant":           "child writer=im 16, pregnant writer=pregnant, domestic_abuse =checks my phone",
		"Jayden (13) got into a grey Audi":                 "child =13",
		"my daughter, she's 6 been gone an hour":           "child other=she's 6",
		"my dog bit my son, 9 years old":                   "child child=9 years old",
		"i have my phone im 14 and alone at home":          "child writer=im 14, alone writer=alone at",
		"he is eighty four. my kids saw it":                "child child=my kids, older_person other=is eighty four",
		"he is seventy-nine years old":                     "older_person other=seventy-nine years old",
		"our resident has alzheimers":                      "dementia client=alzheimers",
		"there is a girl of 14yo at the bridge":            "child child=14yo",
		"im 14 and he hit me":                              "child writer=im 14",
		"a baby, 3 weeks old":                              "child child=baby|3 weeks old",
		"I'm 38 weeks pregnant":                            "pregnant writer=pregnant",
		"my son has no insulin left, hasnt got an inhaler": "medical_condition child=no insulin|hasnt got an inhaler",
		"someone with dementia is at the bus stop":         "dementia other=dementia",
		"DEMENTIA. She is lost":                            "dementia =DEMENTIA",
		"my d\u200bementia is getting worse":               "dementia writer=d\u200bementia",
		"he locked me in and I am on my own with him":      "alone writer=on my own with, trapped writer=locked me in",
	} {
		if got := found(of(t, text)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestAMeasureIsNoAge(t *testing.T) {
	for _, text := range []string{
		"he is 5.10 tall and slim", "she is 6.2, slim", "im 10-15 mins away", "he is 12.30 today",
		"my number is 12.", "my weight is 80.", "he paid just 15 and left", "I have only 10, no more",
		"the footage is 3 days old", "this video is 2 weeks old", "the car, 14 years old", "my dog rex is 3 years old",
	} {
		if got := of(t, text); len(got.Markers) > 0 {
			t.Errorf("%q: %s", text, found(got))
		}
	}
}

func TestSomebodyHasTheAgeThoughAThingIsNear(t *testing.T) {
	for text, want := range map[string]string{
		"a car hit a 9 year old boy":                           "child child=9 year old",
		"dog attacked a 4 year old":                            "child =4 year old",
		"dog bit 4 year old in the park":                       "child =4 year old",
		"car hit an 84 year old":                               "older_person =84 year old",
		"my 7 year old home alone":                             "child child=7 year old, alone writer=home alone",
		"my son 8 years old, house on fire":                    "child child=8 years old",
		"my son 8 years old house on fire":                     "child child=8 years old",
		"10 year old school boy":                               "child =10 year old",
		"somebody wants pictures of my 15 year old over video": "child child=15 year old",
		"Our Kayleigh is 13":                                   "child writer=is 13",
		"my cuzin, 12, is gone":                                "child writer=12",
		"he's 14-15, and she was only 13":                      "child other=he's 14|only 13",
		"my son James, 12, is gone":                            "child child=12",
		"she is 70, and her son is 9.":                         "child child=is 9, older_person other=is 70",
		"my daughter hasnt come home, 14 years old":            "child child=14 years old",
		"Anyone hurt: No\nAge: 14":                             "child =Age: 14",
		"my son hasn't come home - autistic":                   "neurodivergence child=autistic",
		"mum didnt come back\nDementia":                        "dementia parent=Dementia",
		"not disabled, deaf, no diabetes":                      "",
		"I am not\ndisabled":                                   "",
	} {
		if got := found(of(t, text)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestWhatIsDeniedOrAFigureOfSpeechIsNoMarker(t *testing.T) {
	for _, text := range []string{
		"I am not disabled", "no dementia, just rude", "she isnt pregnant", "she has no history of dementia",
		"parked in the disabled bay", "they turn a blind eye", "it fell on deaf ears", "leave me alone", "drives me mental",
		"like a child", "the mare is heavily pregnant", "her cat is pregnant", "the car is 14 years old", "a 12 year old whisky was taken", "im 15 minutes away", "limit is 30.",
		"12, Mill Lane", "see page (13)", "Flat (12 Mill Lane)", "he is 6 foot 2", "my dog is 8 years old",
	} {
		if got := of(t, text); len(got.Markers) > 0 {
			t.Errorf("%q: %s", text, found(got))
		}
	}
}

func TestTheDeadAreNotVulnerable(t *testing.T) {
	for text, want := range map[string]string{
		"my late husband had dementia":                                     "",
		"My late husband, 84, had dementia":                                "",
		"his gun was in the loft, my deceased father was disabled":         "",
		"my dad who died in May was deaf":                                  "",
		"our gran sadly passed away, she was 91":                           "",
		"my late husband had dementia and now I am disabled":               "disability writer=disabled",
		"my late husband's brother has dementia":                           "dementia relative=dementia",
		"my late brother's widow lives alone":                              "alone relative=widow|lives alone",
		"hes home late husband has dementia":                               "dementia partner=dementia",
		"my dad passed out he is diabetic":                                 "medical_condition other=diabetic",
		"my mum passed out, diabetic":                                      "medical_condition parent=diabetic",
		"my dad nearly died, diabetic":                                     "medical_condition parent=diabetic",
		"my dad died, mum has dementia":                                    "dementia parent=dementia",
		"since my late husband i want to kill myself":                      "self_harm writer=kill myself",
		"my husband died. I have dementia":                                 "dementia writer=dementia",
		"he has dementia, my husband died":                                 "dementia other=dementia",
		"the late bus left my husband, he has dementia at the bus station": "dementia other=dementia",
	} {
		if got := found(of(t, text)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestADenialEndsWhereAnotherThoughtBegins(t *testing.T) {
	for text, code := range map[string]string{
		"I am not drunk and he has dementia":       "dementia",
		"not sure if he is autistic":               "neurodivergence",
		"he cant get up. no idea. She is disabled": "disability",
	} {
		notes := of(t, text)
		if !slices.ContainsFunc(notes.Markers, func(m contact.Marker) bool { return m.Code == code }) {
			t.Errorf("%q: %s", text, found(notes))
		}
	}
}

func TestQuotedHistoryAndTheQuestionsOfAFormDoNotCount(t *testing.T) {
	quoted := contact.Message{Text: "> I am deaf, dont ring me\nok thanks, he has dementia", Authored: "ok thanks, he has dementia"}
	notes := noted(t, markers.Config{}, quoted, contact.Assessment{Reasons: []contact.Reason{
		{Rule: "domestic.abuse", Category: "domestic_abuse", Grade: contact.Priority, Spans: []contact.Span{{Start: 2, End: 8, Quote: "I am d"}}},
	}})
	if got := found(notes); got != "dementia other=dementia" || notes.SafeToReply != nil {
		t.Errorf("%s, %+v", got, notes.SafeToReply)
	}
	if span := notes.Markers[0].Spans[0]; span.Start != 44 || span.End != 52 {
		t.Errorf("the span counts another text: %+v", span)
	}
	for value, want := range map[string]string{"No": "", "Yes, deaf since birth": "hearing_or_speech"} {
		text := "Are you deaf or hard of hearing?: " + value
		form := contact.Message{Text: text, Authored: text, Fields: []contact.Field{{Label: "Are you deaf or hard of hearing?", Value: value}}}
		if got := found(noted(t, markers.Config{}, form, contact.Assessment{})); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("answered %q: %q", value, got)
		}
	}
}

func TestALineOfAFormThatIsAnsweredNoIsNoMarker(t *testing.T) {
	for text, want := range map[string]string{
		"Vulnerable:\nDisabled: No\nPregnant? no\nDementia - none\nbike stolen": "",
		"Disabled: No one has asked me":                                         "disability =Disabled",
		"Disabled: Yes\nPregnant: n/a":                                          "disability =Disabled",
		"he is autistic, no other trouble":                                      "neurodivergence other=autistic",
		"deaf? no. my son is pregnant?":                                         "pregnant child=pregnant",
	} {
		if got := found(of(t, text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestTheAgeInAQuestionOfAFormIsNobodys(t *testing.T) {
	for value, want := range map[string]string{"No": "", "yes\nboth of them": "older_person =aged 65"} {
		text := "Is anybody there aged 65 or over?: " + value
		form := contact.Message{Text: text, Authored: text, Fields: []contact.Field{{Label: "Is anybody there aged 65 or over?", Value: value}}}
		if got := found(noted(t, markers.Config{}, form, contact.Assessment{})); got != want {
			t.Errorf("answered %q: %q, want %q", value, got, want)
		}
	}
}

func TestAQuestionOfOneWordHidesNothingInAnAnswer(t *testing.T) {
	text := "he checks my phone"
	form := contact.Message{Text: "What: he checks my phone", Authored: text, Fields: []contact.Field{{Label: "phone", Value: ""}, {Label: "What", Value: text}}}
	if reply := noted(t, markers.Config{}, form, contact.Assessment{}).SafeToReply; reply == nil || reply.Signs[0].Spans[0].Start != 6 {
		t.Errorf("%+v", reply)
	}
}

func TestReasonsForTheGradeAndTheLanguageAreEvidence(t *testing.T) {
	text := "mąż bije mnie"
	notes := noted(t, markers.Config{}, contact.Message{Text: text, Authored: text}, contact.Assessment{
		Reasons: []contact.Reason{
			{Rule: "tongue.pl", Category: "domestic_abuse", Grade: contact.Emergency, Spans: []contact.Span{{Start: 0, End: 8}}},
			{Rule: "child.author", Grade: contact.Priority},
		},
		Opinions: []contact.Opinion{{By: "language@1", Language: "pl"}},
	})
	if got := found(notes); got != "child =, language_need writer=, domestic_abuse =mąż bije" {
		t.Errorf("%s", got)
	}
	for _, language := range []string{"en", "en-GB", "cy", ""} {
		notes := noted(t, markers.Config{}, contact.Message{Text: "x", Authored: "x", Language: language}, contact.Assessment{})
		if len(notes.Markers) > 0 {
			t.Errorf("%q: %s", language, found(notes))
		}
	}
}

func TestTheSubjectCountsWithoutSpans(t *testing.T) {
	notes := noted(t, markers.Config{}, contact.Message{Subject: "my mum has dementia", Text: "she is out", Authored: "she is out"}, contact.Assessment{})
	if got := found(notes); got != "dementia parent=" {
		t.Errorf("%s", got)
	}
}

func signs(signs []contact.Sign) string {
	var codes []string
	for _, each := range signs {
		codes = append(codes, each.Code)
	}
	return strings.Join(codes, " ")
}

func TestWhoCannotSpeakFreelyIsCovert(t *testing.T) {
	for text, want := range map[string]string{
		"cant talk hes in the next room":                     "cannot_speak present",
		"hi can i order a large pepperoni to 22 Alder Court": "ordering",
		"is angela there":                                    "code_word",
		"55. 55. hes next to me":                             "present silent_solution",
		"y. n. y":                                            "yes_no",
		"hes here":                                           "present plea",
		"please act normal he is reading this over my shoulder": "overheard pretending",
		"how do i make this not show in the history":            "hide_this",
		"hlep":                         "plea",
		"nie moge rozmawiac on slucha": "cannot_speak",
	} {
		notes := of(t, text)
		if notes.Covert == nil || signs(notes.Covert.Signs) != want {
			t.Errorf("%q: %+v, want %s", text, notes.Covert, want)
		}
	}
	for _, text := range []string{
		"I ordered a pizza from them and it never came", "hes back from the vets all sorted, you can close it", "i cant speak english",
		"can you help with my parking permit please", "two men stole a pizza delivery bike outside the takeaway", "yes please",
		"my neighbour is here most evenings and hes back again with his music, the whole street is fed up of it",
		"they are listening to music", "clear the road please",
	} {
		if notes := of(t, text); notes.Covert != nil {
			t.Errorf("%q: %+v", text, notes.Covert)
		}
	}
	if notes := noted(t, markers.Config{}, contact.Message{Text: "hello", Covert: true}, contact.Assessment{}); notes.Covert == nil || signs(notes.Covert.Signs) != "channel" {
		t.Errorf("a quiet chat: %+v", notes.Covert)
	}
}

func TestAPleaInTheSubjectOfALongMailIsNotAllThatIsSaid(t *testing.T) {
	text := "Hello, my bike was stolen in March and I need the number of the report for the insurer"
	if notes := noted(t, markers.Config{}, contact.Message{Subject: "Help please", Text: text, Authored: text}, contact.Assessment{}); notes.Covert != nil {
		t.Errorf("%+v", notes.Covert)
	}
	for _, message := range []contact.Message{{Subject: "Message from the web site", Text: "help me", Authored: "help me"}, {Subject: "help me"}} {
		if notes := noted(t, markers.Config{}, message, contact.Assessment{}); notes.Covert == nil {
			t.Errorf("%+v is overlooked", message)
		}
	}
}

func TestWhetherAnAnswerIsSafeIsYesNoOrNotSaid(t *testing.T) {
	for text, want := range map[string]string{
		"dont ring me, he checks my phone":              "no: watched; no_call",
		"reply only after 6":                            "no: ; only_at",
		"its not safe to text me":                       "no: not_safe; ",
		"no dont ring me":                               "no: ; no_call",
		"do not send a letter to my house":              "no: ; no_reply",
		"can i delete this":                             "no: hide_this; ",
		"I am deaf, please text me, dont ring":          "unknown: ; no_call text_only",
		"ring me after 5pm please":                      "unknown: ; at_time",
		"its safe to ring me on 07700 900123":           "yes: said_safe; ",
		"you can ring me anytime but he reads my texts": "no: watched said_safe; ",
		"my bike was stolen":                            "",
		"is it safe to reply here?":                     "unknown: ; this_channel",
		"I'll tell you when it's safe to text me":       "",
		"wait until it is safe to ring me":              "",
		"this is a safe area normally":                  "",
		"it is safe to ring me":                         "yes: said_safe; ",
		"this is a safe number":                         "yes: said_safe; ",
		"they never rang back":                          "",
		"please do not reply to this email":             "",
	} {
		got := ""
		if reply := of(t, text).SafeToReply; reply != nil {
			got = fmt.Sprintf("%s: %s; %s", reply.Safe, signs(reply.Signs), signs(reply.Asks))
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestOneNoOutweighsAnyYes(t *testing.T) {
	for _, c := range []struct{ said, text, want string }{
		{"no", "its safe to ring me anytime", "no"}, {"yes", "he checks my phone", "no"}, {"yes", "hello", "yes"}, {"no", "hello", "no"},
	} {
		notes := noted(t, markers.Config{}, contact.Message{Text: c.text, Authored: c.text, SafeToContact: c.said}, contact.Assessment{})
		if notes.SafeToReply.Safe != c.want || notes.SafeToReply.Signs[0].Code != "channel" || notes.Unsafe() != (c.want == "no") {
			t.Errorf("%s and %q: %+v", c.said, c.text, notes.SafeToReply)
		}
	}
}

func TestMuchOfOneSignHidesNoOther(t *testing.T) {
	got := of(t, strings.Repeat("my son is deaf. ", 250)+"do not ring, he will kill me if he finds out")
	if got.SafeToReply == nil || got.SafeToReply.Safe != "no" {
		t.Errorf("%+v", got.SafeToReply)
	}
}

func TestATimeThatIsAskedForIsQuoted(t *testing.T) {
	asks := of(t, "reply only after 6 pm. thanks").SafeToReply.Asks
	if quote := asks[0].Spans[0].Quote; quote != "reply only after 6 pm" {
		t.Errorf("%q", quote)
	}
}

func write(t *testing.T, content string) markers.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return markers.Config{File: file}
}

func TestAForceAddsItsOwnAndReplacesOthers(t *testing.T) {
	cfg := write(t, `version: sampleshire-3
people: [{who: client, nouns: sailor}]
things: ferry
markers:
  - {code: at_sea, phrases: [adrift]}
  - {code: dementia, phrases: [herbert]}
  - {code: older_person, age: {from: 80}}
`)
	text := "the sailor is adrift, herbert has dementia and is 70 years old, the ferry is 90 years old"
	notes := noted(t, cfg, contact.Message{Text: text, Authored: text}, contact.Assessment{})
	if got := found(notes); got != "at_sea client=adrift, dementia client=herbert" || !strings.HasSuffix(notes.Markers[0].By, "+sampleshire-3") {
		t.Errorf("%s, %+v", got, notes.Markers)
	}
}

func TestABadPackNamesFileAndEntry(t *testing.T) {
	for content, want := range map[string]string{
		"":                        "version",
		"markers: []":             "version",
		"version: x\nnonsense: 1": "nonsense",
		"version: x\nmarkers: [{code: Big, phrases: [a]}]":                             `markers[0] "Big": code`,
		"version: x\nmarkers: [{code: a}]":                                             `markers[0] "a": want phrases`,
		"version: x\nmarkers: [{code: a, phrases: [a]}, {code: a, phrases: [b]}]":      `markers[1] "a": is there twice`,
		"version: x\ncovert: [{code: channel, phrases: [a]}]":                          `covert[0] "channel": code: is the word`,
		"version: x\nasks: [{code: a, phrases: [_ x]}]":                                `asks "a": phrase`,
		"version: x\nmarkers: [{code: a, age: {from: 9, below: 3}}]":                   `markers[0] "a": age`,
		"version: x\nmarkers: [{code: a, phrases: [a], within: 3}]":                    `markers[0] "a": within`,
		"version: x\nmarkers: [{code: a, phrases: [a], unsafe: true}]":                 `markers[0] "a": unsafe`,
		"version: x\npeople: [{who: a}]":                                               "people[0]",
		"version: x\nmarkers: [{code: " + strings.Repeat("a", 70) + ", phrases: [a]}]": "code: want at most",
	} {
		cfg := write(t, content)
		if _, err := markers.New(cfg); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), cfg.File) {
			t.Errorf("%s: %v", content, err)
		}
	}
	if _, err := markers.New(write(t, "s3cret: of another file\n")); err == nil || !strings.Contains(err.Error(), "[1:1]") || strings.Contains(err.Error(), "another") {
		t.Errorf("want the place and not the lines, got %v", err)
	}
	if _, err := markers.New(markers.Config{File: "nowhere.yaml"}); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("%v", err)
	}
}
