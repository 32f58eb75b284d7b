package forms_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"contactd/channels/webchat/forms"
)

var mainSite = []forms.Site{{Name: "main"}}

func TestTheReadyFormsAreValid(t *testing.T) {
	ready, err := forms.Ready()
	if err != nil || len(ready) != 2 {
		t.Fatalf("%d forms: %v", len(ready), err)
	}
	if err := (forms.Config{Forms: ready, Sites: mainSite}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestTheSampleShowsEverySetting(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[forms.Form](), reflect.TypeFor[forms.Field](), reflect.TypeFor[forms.Option]()} {
		for i := range typ.NumField() {
			if key := typ.Field(i).Tag.Get("yaml"); !regexp.MustCompile(`[ {]` + key + `\b`).MatchString(forms.Sample()) {
				t.Errorf("%s is not in the sample", key)
			}
		}
	}
}

func TestConfigNamesEveryProblem(t *testing.T) {
	const config = `
- name: Report
  account: none
  title: {cy: Adroddiad, fr: Rapport}
  intro: {en: Hello}
- name: b
  title: {en: B}
  fields:
  - {name: a-b, kind: texte, label: {en: A}}
  - {name: a, role: nom, label: {cy: A}}
  - {name: a, kind: radio, label: {en: A}}
  - {name: c, options: [{value: x, label: {en: X}}], label: {en: C}}
  - {name: d, kind: select, label: {en: D}, options: [{value: "", label: {}}, {value: x}, {value: x, label: {en: X, cy: X}}]}
  - {name: e, limit: 20001, place: home}
  - {name: f, kind: location, place: nowhere, label: {en: F}}
  - {name: g, role: safe, label: {en: G}}
- name: b
  title: {en: B}
`
	var list []forms.Form
	if err := yaml.Unmarshal([]byte(config), &list); err != nil {
		t.Fatal(err)
	}
	err := forms.Config{Forms: list, Sites: mainSite}.Validate()
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	got := strings.Split(err.Error(), "\n")
	slices.Sort(got)
	want := strings.Split(`forms[0].account: there is no site named "none"
forms[0].fields: want 1 to 100 questions
forms[0].intro: there is a text in "en", which the title lacks
forms[0].name: want 1 to 40 small letters, digits and dashes, got "Report"
forms[0].title: a form can be in [en cy], not in "fr"
forms[0].title: want a text in English, en
forms[1].fields[0].kind: want text, textarea, email, phone, date, time, select, radio, checkboxes, postcode, location, file or safe, got "texte"
forms[1].fields[0].name: want a small letter, then at most 39 small letters, digits and underscores, got "a-b"
forms[1].fields[1].label: there is no text in "en", which the title has
forms[1].fields[1].role: want name, email, phone, location, safe or text, got "nom"
forms[1].fields[2].name: "a" is used twice
forms[1].fields[2].options: want them for select, radio and checkboxes, and for these alone
forms[1].fields[3].options: want them for select, radio and checkboxes, and for these alone
forms[1].fields[4].options[0].label: want a text
forms[1].fields[4].options[0].value: want one that no other option has, got ""
forms[1].fields[4].options[1].label: want a text
forms[1].fields[4].options[2].label: there is a text in "cy", which the title lacks
forms[1].fields[4].options[2].value: want one that no other option has, got "x"
forms[1].fields[5].label: want the question, in the languages of the title
forms[1].fields[5].limit: want 1 to 20000 characters
forms[1].fields[5].place: want incident, caller, home or mentioned, for a location alone, got "home"
forms[1].fields[6].place: want incident, caller, home or mentioned, for a location alone, got "nowhere"
forms[1].fields[7].role: safe is the role of the kind safe alone
forms[2].fields: want 1 to 100 questions
forms[2].name: "b" is used twice`, "\n")
	// Which of two missing languages is named is open.
	got = slices.DeleteFunc(got, func(line string) bool { return strings.HasPrefix(line, "forms[0].intro") })
	want = slices.DeleteFunc(want, func(line string) bool { return strings.HasPrefix(line, "forms[0].intro") })
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := (forms.Config{Forms: list}).Validate(); err == nil || !strings.Contains(err.Error(), "forms: need a site that they belong to") {
		t.Errorf("without a site: %v", err)
	}
}

func TestEveryWordIsThereInEveryLanguage(t *testing.T) {
	placeholder := regexp.MustCompile(`\{\w+\}`)
	read := func(tag string) (words map[string]string) {
		raw, err := os.ReadFile("lang/" + tag + ".json")
		if err == nil {
			err = json.Unmarshal(raw, &words)
		}
		if err != nil {
			t.Fatal(err)
		}
		return words
	}
	english, welsh := read("en"), read("cy")
	for key, text := range english {
		a, b := placeholder.FindAllString(text, -1), placeholder.FindAllString(welsh[key], -1)
		slices.Sort(a)
		slices.Sort(b)
		if welsh[key] == "" || !reflect.DeepEqual(slices.Compact(a), slices.Compact(b)) {
			t.Errorf("%s: %q and %q", key, text, welsh[key])
		}
	}
	if len(english) != len(welsh) {
		t.Errorf("%d words in English, %d in Welsh", len(english), len(welsh))
	}
}
