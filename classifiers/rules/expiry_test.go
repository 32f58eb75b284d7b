package rules_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"contactd/classifiers/rules"
	"contactd/contact"
)

// pack writes a force's own file.
func pack(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const lantern = `version: force-3
expires: 2027-03-31
lists:
  blade: [zzblade]
rules:
  - {id: own.lantern, expires: 2026-12-31, grade: priority, text: code word, phrases: [blue pineapple], weak: [pineapple]}
  - {id: own.tannery, expires: 2028-12-31, grade: emergency, text: at the tannery, phrases: [back of the tannery]}
`

func TestARuleAndAPackEndAfterTheirLastDay(t *testing.T) {
	now := time.Date(2026, 12, 31, 23, 59, 59, 0, time.Local)
	c := newRules(t, rules.Config{File: pack(t, lantern), Now: func() time.Time { return now }})
	is := func(text string, want contact.Grade) {
		t.Helper()
		if got := grade(t, c, text); got.Grade != want {
			t.Errorf("%v: %q is %v, want %v", now, text, got.Grade, want)
		}
	}
	is("a blue pineapple", contact.Priority)
	is("by the back of the tannery", contact.Emergency)
	now = now.Add(time.Second)
	is("a blue pineapple", contact.Resolution)
	if got := grade(t, c, "a blue pineapple"); got.Reasons[0].Rule != "none" {
		t.Errorf("its weak phrase is told: %+v", got)
	}
	is("by the back of the tannery", contact.Emergency)
	is("he has a zzblade", contact.Emergency)
	now = time.Date(2027, 3, 31, 12, 0, 0, 0, time.Local)
	is("by the back of the tannery", contact.Emergency)
	if !strings.HasSuffix(c.Name(), "+force-3") {
		t.Error(c.Name())
	}
	now = now.AddDate(0, 0, 1)
	is("by the back of the tannery", contact.Resolution)
	is("the number of zzblade", contact.Resolution)
	is("he has a knife", contact.Emergency)
	if strings.Contains(c.Name(), "force-3") {
		t.Error(c.Name())
	}
	var told []string
	for _, each := range c.Expiries() {
		told = append(told, each.String())
	}
	if got := strings.Join(told, "; "); got != "all of it until 2027-03-31; rule own.lantern until 2026-12-31" {
		t.Error(got)
	}
}

func TestAnEndThatIsNoDayIsNamedWithItsPlace(t *testing.T) {
	for content, want := range map[string]string{
		strings.Replace(lantern, "2027-03-31", "soon", 1):            `own.yaml:2: expires: want a day such as 2026-12-31, got "soon"`,
		strings.Replace(lantern, "2026-12-31", "31/12/2026", 1):      `own.yaml:6: expires: want a day such as 2026-12-31, got "31/12/2026"`,
		strings.Replace(lantern, "expires: 2027", "expire: 2027", 1): `own.yaml:2:1: unknown field "expire"`,
	} {
		if _, err := rules.New(rules.Config{File: pack(t, content)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

func TestAPackMayNameARuleAsTheRulesNameWhatTheyCannotJudge(t *testing.T) {
	c := newRules(t, rules.Config{MaxCharacters: 60, File: pack(t, `version: force-4
rules:
  - {id: language, grade: emergency, text: code word, phrases: [blue pineapple]}
  - {id: length, grade: emergency, text: code word, phrases: [green pineapple]}
`)})
	for _, text := range []string{"dzień dobry, chciałabym zapytać o godziny, blue pineapple", "green pineapple" + strings.Repeat(" and much more", 5)} {
		if got := grade(t, c, text); got.Grade != contact.Emergency {
			t.Errorf("%q is %v: %+v", text, got.Grade, got.Reasons)
		}
	}
}

// TestAPackTakesNothingAway lets packs use the very words, and slips of them,
// that the embedded rules look for.
func TestAPackTakesNothingAway(t *testing.T) {
	embedded := newRules(t, rules.Config{})
	var words []string
	for _, seed := range append(seeds, "he is strangeling her", "sombody is followng me with a machette", "chciałabym zgłosić że sąsiad bije żonę") {
		for word := range strings.FieldsSeq(strings.ToLower(seed)) {
			if word = strings.Trim(word, ",."); word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" {
				words = append(words, word)
			}
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		some := rapid.SliceOfN(rapid.SampledFrom(words), 1, 12).Draw(r, "words")
		content := "version: force\nemoji: {\"🔪\": balloon}\nspelling: {library: knife, shop: kicking}\nlanguages: {english: " + strings.Join(some, " ") +
			", similar: " + strings.Join(some, " ") + "}\nrules:\n  - {id: own.calm, grade: resolution, text: t, phrases: [" + strings.Join(some, ", ") + "]}\n"
		c := newRules(t, rules.Config{File: pack(t, content)})
		for _, seed := range append(seeds, "🔪 he is at the door", "sombody is followng me with a machette", "she is being strangeld") {
			was, is := grade(r, embedded, seed), grade(r, c, seed)
			if was.Grade.Above(is.Grade) {
				r.Fatalf("%q is %v, with the pack %v", seed, was.Grade, is.Grade)
			}
			for _, reason := range was.Reasons {
				found := reason.Rule == "none"
				for _, other := range is.Reasons {
					found = found || other.Rule == reason.Rule && other.Grade == reason.Grade
				}
				if !found {
					r.Fatalf("%q: %s is gone", seed, reason.Rule)
				}
			}
		}
	})
}
