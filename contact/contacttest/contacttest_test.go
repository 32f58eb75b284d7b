package contacttest_test

import (
	"strings"
	"testing"

	"contactd/contact/contacttest"
	"contactd/contact/schema"
)

func sample(t *testing.T, name string) string {
	t.Helper()
	record, err := schema.Samples().ReadFile("samples/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(record)
}

func TestWhatAWriterMustNotEmitIsFound(t *testing.T) {
	for name, change := range map[string][2]string{
		"a field that nobody described":  {`"testMarker":`, `"colour": "red", "testMarker":`},
		"a word outside the list":        {`"kind": "email"`, `"kind": "pigeon"`},
		"a grade outside the list":       {`"grade": "scheduled"`, `"grade": "meh"`},
		"an id that is not derived":      {`"id": "e-`, `"id": "x-`},
		"a time without zone":            {`"ingestedAt": "2026-11-03T21:14:07.52Z"`, `"ingestedAt": "2026-11-03 21:14:07"`},
		"a digest that is none":          {`"rawSha256": "ab`, `"rawSha256": "ZZ`},
		"a sequence that starts at zero": {`"sequence": "3"`, `"sequence": "0"`},
		"a negative size":                {`"bytes": 184220`, `"bytes": -1`},
		"a list that is null":            {"\"categories\": [\n        \"theft\"\n      ]", `"categories": null`},
		"another type's data":            {`"type": "contact.received.v1"`, `"type": "channel.degraded.v1"`},
	} {
		t.Run(name, func(t *testing.T) {
			good := sample(t, "received")
			bad := strings.Replace(good, change[0], change[1], 1)
			if bad == good {
				t.Fatalf("the sample has no %s", change[0])
			}
			if err := contacttest.Check([]byte(bad)); err == nil {
				t.Error("passed")
			}
		})
	}
}

func TestAReaderMeetsUnknownFieldsWordsAndTypesWithoutError(t *testing.T) {
	later := strings.NewReplacer(
		`"testMarker":`, `"colour": "red", "testMarker":`,
		`"kind": "email"`, `"kind": "pigeon"`,
		`"grade": "scheduled"`, `"grade": "meh"`,
	).Replace(sample(t, "received"))
	if err := contacttest.CheckAsReader([]byte(later)); err != nil {
		t.Error(err)
	}
	unknown := strings.Replace(sample(t, "degraded"), "channel.degraded.v1", "channel.painted.v1", 1)
	if err := contacttest.CheckAsReader([]byte(unknown)); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoJSONIsNoEvent(t *testing.T) {
	for _, record := range []string{"", "null", "[]", "{", `"event"`} {
		if contacttest.Check([]byte(record)) == nil {
			t.Errorf("%q passed", record)
		}
	}
}
