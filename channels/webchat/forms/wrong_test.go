package forms_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"contactd/channels"
	"contactd/channels/webchat/forms"
)

// oneOfEach has a question of every kind, all optional.
func oneOfEach(c *forms.Config, _ *forms.Deps) {
	words := func(text string) forms.Words { return forms.Words{"en": text} }
	form := forms.Form{Name: "all", Title: words("All")}
	for _, kind := range []forms.Kind{forms.Text, forms.Textarea, forms.Email, forms.Phone, forms.Date, forms.Time, forms.Select, forms.Radio, forms.Checkboxes, forms.Postcode, forms.Location, forms.Files, forms.Safe} {
		field := forms.Field{Name: string(kind), Kind: kind, Label: words("The " + string(kind))}
		switch kind {
		case forms.Select, forms.Radio, forms.Checkboxes:
			field.Options = []forms.Option{{Value: "a", Label: words("A")}, {Value: "b", Label: words("B")}}
		case forms.Text:
			field.Limit = 10
		}
		form.Fields = append(form.Fields, field)
	}
	required := form
	required.Name, required.Fields = "required", nil
	for _, field := range form.Fields {
		field.Required = true
		required.Fields = append(required.Fields, field)
	}
	c.Forms = append(c.Forms, form, required)
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	s := open(t, oneOfEach)
	for _, c := range []struct{ field, value, code string }{
		{"text", strings.Repeat("x", 11), "long"},
		{"text", strings.Repeat("ŵ", 11), "long"},
		{"textarea", strings.Repeat("x", 5001), "long"},
		{"email", "jo", "email"},
		{"email", "jo@example", "email"},
		{"email", "Jo <jo@example.org>", "email"},
		{"email", "jo@example.org, x@example.org", "email"},
		{"email", "jo@example.org\nBcc: x@example.org", "email"},
		{"phone", "call me", "phone"},
		{"phone", "123", "phone"},
		{"phone", "1234567890123456", "phone"},
		{"phone", "01632 960 001; rm", "phone"},
		{"date", "2026-02-31", "date"},
		{"date", "26-11-24", "date"},
		{"date", "yesterday", "date"},
		{"time", "25:00", "time"},
		{"time", "13pm", "time"},
		{"time", "7", "time"},
		{"time", "14:60", "time"},
		{"select", "c", "choice"},
		{"radio", "A", "choice"},
		{"checkboxes", "c", "choice"},
		{"safe", "maybe", "choice"},
		{"postcode", "DE1", "postcode"},
		{"postcode", "12345", "postcode"},
	} {
		value, _ := json.Marshal(c.value)
		got := s.sendJSON("/forms/all", `{"fields": {"`+c.field+`": `+string(value)+`}}`)
		if got.status != 422 || !strings.Contains(got.body, `"field":"`+c.field+`","code":"`+c.code+`"`) {
			t.Errorf("%s %q: %d %s", c.field, c.value, got.status, got.body)
		}
		page := s.post("/forms/all?lang=en", c.field, c.value).is(422)
		page.element("id", "f-"+c.field+"-error")
		target := "f-" + c.field
		if c.field == "date" {
			target += "-day"
		}
		page.element("id", target)
		page.element("href", "#"+target)
	}
	if accepted := s.inbox.Accepted(); len(accepted) != 0 {
		t.Errorf("%d were taken", len(accepted))
	}
}

func TestWhatPeopleWriteIsUnderstood(t *testing.T) {
	s := open(t, oneOfEach)
	for _, c := range []struct{ field, value, want string }{
		{"text", "  ŵŵŵŵŵŵŵŵŵŵ ", "ŵŵŵŵŵŵŵŵŵŵ"},
		{"textarea", strings.Repeat("x\r\n", 2499) + "xx", strings.Repeat("x\n", 2499) + "xx"},
		{"email", " Jo.O'Neil+x@mail.example.org ", "Jo.O'Neil+x@mail.example.org"},
		{"phone", "+44 (0)1632 960-001", "+44 (0)1632 960-001"},
		{"phone", "01632960001 ext. 12", "01632960001 ext. 12"},
		{"phone", "101 1632", "101 1632"},
		{"date", "2026-2-1", "2026-02-01"},
		{"time", "9am", "09:00"},
		{"time", "12.05 AM", "00:05"},
		{"time", "12pm", "12:00"},
		{"time", "1430", "14:30"},
		{"time", "7.15 yh", "19:15"},
		{"time", "Midnight", "00:00"},
		{"postcode", " sw1a1aa ", "SW1A 1AA"},
		{"postcode", "GIR 0AA", "GIR 0AA"},
		{"location", "Behind the chip shop,\nMelbourne", "Behind the chip shop,\nMelbourne"},
		{"safe", "unknown", "unknown"},
	} {
		s.post("/forms/all", c.field, c.value).is(200)
		accepted := s.inbox.Accepted()
		if m := s.read(accepted[len(accepted)-1]); m.Fields[0].Value != c.want || m.Fields[0].Name != c.field {
			t.Errorf("%s %q was read as %q", c.field, c.value, m.Fields[0].Value)
		}
	}
}

func TestADateOfThreeFieldsIsOne(t *testing.T) {
	s := open(t, oneOfEach)
	for _, c := range []struct{ day, month, year, want string }{
		{"01", "02", "2026", "2026-02-01"},
		{" 29", "2 ", "2028", "2028-02-29"},
		{"29", "2", "2026", ""},
		{"1", "", "2026", ""},
		{"", "", "2026", ""},
		{"0", "1", "2026", ""},
		{"1", "1", "26", ""},
		{"1", "1", "0026", ""},
		{"-1", "1", "2026", ""},
	} {
		got := s.post("/forms/all?lang=en", "date-day", c.day, "date-month", c.month, "date-year", c.year)
		if c.want == "" {
			if got.is(422).says("Enter a real date"); got.value("date-year") != c.year {
				t.Errorf("the year %q is gone", c.year)
			}
			continue
		}
		got.is(200)
		accepted := s.inbox.Accepted()
		if m := s.read(accepted[len(accepted)-1]); m.Fields[0].Value != c.want {
			t.Errorf("%+v was read as %q", c, m.Fields[0].Value)
		}
	}
}

func TestEveryRequiredAnswerIsAskedForAndNothingIsLost(t *testing.T) {
	s := open(t, oneOfEach)
	page := s.post("/forms/required?lang=en", "text", "kept").is(422)
	if links := strings.Count(page.body, `<li><a href="#f-`); links != 12 {
		t.Errorf("%d problems, want 12:\n%s", links, page.body)
	}
	if page.value("text") != "kept" {
		t.Error("what was typed is gone")
	}
	page.says("Answer “The textarea”", "Choose an answer to “The radio”", "Choose a file for “The file”", "Error: All")
	s.post("/forms/all?lang=en", "text", " ", "textarea", "\r\n").is(422).says("Write something before you send the form")
}

func TestFilesThatAreNotTakenAreNamedAndTheOthersAreKept(t *testing.T) {
	s := open(t, nil)
	good := part{name: "files", fileName: "good.png", mediaType: "image/png", body: png}
	page := s.upload("/forms/report-a-crime?lang=en", part{name: "_id", body: "0123456789abcdef"}, part{name: "what", body: "x"}, part{name: "where", body: "y"}, good,
		part{name: "files", fileName: "empty.png", mediaType: "image/png"},
		part{name: "files", fileName: "large.png", mediaType: "image/png", body: png + strings.Repeat("x", 200_000)},
		part{name: "files", fileName: "page.png", mediaType: "image/png", body: "<html><script>alert(1)</script>"},
		part{name: "files", fileName: "", mediaType: "", body: ""},
	).is(422).says("“empty.png” is empty", "“large.png” is larger than 100 kB", "“page.png” is not a kind of file that we can take", "Send good.png")
	kept := page.value("_kept")

	s.upload("/forms/report-a-crime", part{name: "_id", body: "0123456789abcdef"}, part{name: "what", body: "x"}, part{name: "where", body: "y"},
		part{name: "_kept", body: kept}, part{name: "files", fileName: "next.png", mediaType: "image/png", body: png + "2"}).is(200)
	m := s.only()
	if len(m.Attachments) != 2 || m.Attachments[0].Name != "next.png" || m.Attachments[1].Name != "good.png" {
		t.Errorf("%+v", m.Attachments)
	}
	s.upload("/forms/report-a-crime?lang=en", part{name: "what", body: "x"}, part{name: "where", body: "y"}, good, good, good).is(422).says("“good.png” is one file too many. You can send up to 2")
}

func TestAKeptFileCannotBeForgedAndDoesNotKeepForEver(t *testing.T) {
	s := open(t, nil)
	page := s.upload("/forms/report-a-crime", part{name: "_id", body: "0123456789abcdef"}, part{name: "what", body: "x"},
		part{name: "files", fileName: "a.png", mediaType: "image/png", body: png}).is(422)
	kept := page.value("_kept")
	for name, c := range map[string]struct{ id, kept string }{
		"of another page":  {"fedcba9876543210", kept},
		"changed":          {"0123456789abcdef", "e30" + kept[3:]},
		"without its seal": {"0123456789abcdef", kept[:strings.Index(kept, ".")]},
		"nonsense":         {"0123456789abcdef", "%%%"},
		"empty":            {"0123456789abcdef", "."},
	} {
		s.upload("/forms/report-a-crime?lang=en", part{name: "_id", body: c.id}, part{name: "what", body: "x"}, part{name: "where", body: "y"}, part{name: "_kept", body: c.kept}).
			is(422).says("again: it is no longer here")
		t.Log(name)
	}
	s.clock = s.clock.Add(13 * 3600e9)
	s.upload("/forms/report-a-crime?lang=en", part{name: "_id", body: "0123456789abcdef"}, part{name: "what", body: "x"}, part{name: "where", body: "y"}, part{name: "_kept", body: kept}).
		is(422).says("Choose “a.png” again: it is no longer here")
	if accepted := s.inbox.Accepted(); len(accepted) != 0 {
		t.Errorf("%d were taken", len(accepted))
	}
}

func TestATextOfAnyLengthComesBack(t *testing.T) {
	s := open(t, func(c *forms.Config, _ *forms.Deps) {
		c.Forms = []forms.Form{{Name: "words", Title: forms.Words{"en": "Words"}, Fields: []forms.Field{{Name: "what", Kind: forms.Textarea, Label: forms.Words{"en": "What?"}}}}}
	})
	text := strings.Repeat("ŵ", 400_000)
	var back answer
	if kind := attribute(s.get("/forms/words").element("method", "post"), "enctype"); kind == "" {
		back = s.post("/forms/words", "what", text)
	} else {
		back = s.upload("/forms/words", part{name: "what", body: text})
	}
	if got := back.is(422).value("what"); len(got) < 60_000 || !strings.HasPrefix(text, got) {
		t.Errorf("%d bytes came back", len(got))
	}
}

func TestWhileNothingCanBeStoredAllThatWasTypedComesBackSoon(t *testing.T) {
	s := open(t, nil)
	synctest.Test(t, func(t *testing.T) {
		sent := httptest.NewRequest(http.MethodPost, "/forms/contact-us", strings.NewReader(encode("message", "he is here")))
		sent.Header.Set("Content-Type", urlencoded)
		got, began := httptest.NewRecorder(), time.Now()
		s.forms.Handler(stuck{s.inbox}).ServeHTTP(got, sent)
		if took := time.Since(began); got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "he is here") || took > 20*time.Second {
			t.Errorf("%d after %v:\n%s", got.Code, took, got.Body)
		}
	})
}

// stuck is an inbox that stores nothing as long as anybody waits.
type stuck struct{ channels.Inbox }

func (stuck) Accept(ctx context.Context, _ []channels.Original, _ channels.Cursor) error {
	<-ctx.Done()
	return ctx.Err()
}
