package forms_test

import (
	"errors"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/webchat/forms"
	"contactd/contact"
)

func TestAFormBecomesAMessageWithEverythingInItsPlace(t *testing.T) {
	s := open(t, nil)
	page := s.get("/forms/report-a-crime").is(200)
	got := s.upload("/forms/report-a-crime?lang=en",
		part{name: "_id", body: page.value("_id")}, part{name: "kind", body: "theft"}, part{name: "what", body: "My bicycle was taken.\r\nIt is red."},
		part{name: "date-day", body: "24"}, part{name: "date-month", body: "11"}, part{name: "date-year", body: "2026"}, part{name: "time", body: "2.30pm"},
		part{name: "where", body: "///filled.count.soap"}, part{name: "postcode", body: "de12ab"}, part{name: "marks", body: "camera"}, part{name: "marks", body: "again"},
		part{name: "files", fileName: "C:\\me\\gate.png", mediaType: "image/png", body: png},
		part{name: "name", body: " Jo\r\nBloggs "}, part{name: "email", body: "jo@example.org"}, part{name: "phone", body: "01632 960 001"}, part{name: "safe", body: "no"},
	).is(200).says("We have received what you sent", "What happens next", "Someone from the police reads your report")
	m := s.only()
	code := got.receipt()
	want := contact.Message{
		Channel:       contact.Channel{Kind: "webform", Account: "main", Visibility: "private", Direction: "inbound"},
		Sender:        contact.Sender{Address: "jo@example.org", Name: "Jo Bloggs"},
		ReceivedAt:    begin,
		Subject:       "Report a crime",
		SafeToContact: "no",
		Emails:        []string{"jo@example.org"}, Phones: []string{"01632 960 001"},
		Locations: []contact.Location{
			{Role: "incident", Form: "w3w", Value: "///filled.count.soap", Confidence: "unverified", Source: "informant"},
			{Role: "incident", Form: "postcode", Value: "DE1 2AB", Confidence: "unverified", Source: "informant"},
		},
		Fields: []contact.Field{
			{Name: "kind", Label: "What kind of crime is it?", Value: "theft"},
			{Name: "what", Label: "Tell us what happened", Value: "My bicycle was taken.\nIt is red."},
			{Name: "date", Label: "On which day was it?", Value: "2026-11-24"},
			{Name: "time", Label: "At what time, as far as you know?", Value: "14:30"},
			{Name: "where", Label: "Where was it?", Value: "///filled.count.soap"},
			{Name: "postcode", Label: "Postcode of that place, if you know it", Value: "DE1 2AB"},
			{Name: "marks", Label: "Is any of this true?", Value: "camera; again"},
			{Name: "name", Label: "Your name", Value: "Jo Bloggs"},
			{Name: "email", Label: "Email address", Value: "jo@example.org"},
			{Name: "phone", Label: "Telephone number", Value: "01632 960 001"},
			{Name: "safe", Label: "Is it safe for us to contact you?", Value: "no"},
			{Name: "_receipt", Label: "Receipt code", Value: code},
		},
		Text: `What kind of crime is it?: Theft or burglary
Tell us what happened:
  My bicycle was taken.
  It is red.
On which day was it?: 2026-11-24
At what time, as far as you know?: 14:30
Where was it?: ///filled.count.soap
Postcode of that place, if you know it: DE1 2AB
Is any of this true?: There is film or there are photos of it; It has happened before
Your name: Jo Bloggs
Email address: jo@example.org
Telephone number: 01632 960 001
Is it safe for us to contact you?: No
Receipt code: ` + code,
		Authored: `Theft or burglary
My bicycle was taken.
It is red.
2026-11-24
14:30
///filled.count.soap
DE1 2AB
There is film or there are photos of it; It has happened before
Jo Bloggs
jo@example.org
01632 960 001
No`,
		Answer: contact.Answer{
			Address: "mailto:jo@example.org",
			Rules:   contact.ReplyRules{Reason: "answers_elsewhere", To: []string{"jo@example.org"}},
		},
		Attachments: []contact.Attachment{{
			Blob: contact.Blob{SHA256: m.Attachments[0].SHA256, Size: int64(len(png)), MediaType: "image/png"}, Name: "gate.png", Claimed: "image/png",
		}},
		Authenticity: contact.Claimed,
		Language:     "en",
	}
	want.ID, want.PlatformID, want.Conversation = m.ID, m.PlatformID, m.Conversation
	if !reflect.DeepEqual(m, want) {
		t.Errorf("read %+v\nwant %+v", m, want)
	}
	original := s.inbox.Accepted()[0]
	if original.Channel != "webchat" || original.MediaType != "application/vnd.contactd.form+json" || original.Account != "main" ||
		m.ID != contact.MessageID("webchat", "main", original.ID) || m.PlatformID != original.ID || code != forms.Receipt(m.ID) {
		t.Errorf("original %+v of message %s with receipt %s", original, m.ID, code)
	}
	if again := s.read(original); !reflect.DeepEqual(again, m) {
		t.Errorf("read again: %+v", again)
	}
}

func TestAProgramGetsReceiptAndContact(t *testing.T) {
	s := open(t, nil)
	got := s.sendJSON("/forms/contact-us", `{"id": "0d5a1c3e-7a51-4c52-9f0e-4f3f2b7f6a11", "lang": "cy", "fields": {"message": "Diolch", "about": ["thanks"], "name": null}}`).is(201)
	m := s.only()
	if m.Language != "cy" || m.Subject != "Cysylltu â ni" || m.Authored != "Diolch neu gŵyn\nDiolch" || m.Fields[0].Value != "thanks" {
		t.Errorf("%+v", m)
	}
	for _, want := range []string{`"receipt":"` + forms.Receipt(m.ID) + `"`, `"contactId":"` + m.ID + `"`, `"next":"Mae rhywun o’r heddlu`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("%s is not in %s", want, got.body)
		}
	}
}

func TestAPageForProgramsGetsJSON(t *testing.T) {
	s := open(t, nil)
	body, mediaType := packed(t, part{name: "message", body: "Hello"})
	got := s.do("POST", "/forms/contact-us", mediaType, body, func(r *http.Request) { r.Header.Set("Accept", "application/json") }).is(201)
	if s.only().ID == "" || got.receipt() == "" {
		t.Error(got.body)
	}
}

func TestTheSameSentAgainIsOneMessageWithOneReceipt(t *testing.T) {
	s := open(t, nil)
	id := s.get("/forms/contact-us").value("_id")
	first := s.post("/forms/contact-us", "_id", id, "message", "Hello").is(200)
	s.clock = s.clock.Add(time.Minute)
	for range 3 {
		if again := s.post("/forms/contact-us", "_id", id, "message", "Hello").is(200); again.body != first.body {
			t.Errorf("another answer:\n%s", again.body)
		}
	}
	const program = `{"fields": {"message": "Hello"}}`
	key := func(r *http.Request) { r.Header.Set("Idempotency-Key", `"9b2d4f5a-0c1e-4f6a-8a55-1f6f0f2d9e01"`) }
	one := s.sendJSON("/forms/contact-us", program, key).is(201)
	for _, same := range []answer{
		s.sendJSON("/forms/contact-us", program, key),
		s.sendJSON("/forms/contact-us", `{"id": "9b2d4f5a-0c1e-4f6a-8a55-1f6f0f2d9e01", "fields": {"message": "Hello"}}`),
	} {
		if same.is(201).body != one.body {
			t.Errorf("%s\nand\n%s", same.body, one.body)
		}
	}
	if len(s.inbox.Accepted()) != 2 || s.inbox.Repeated() != 5 {
		t.Errorf("%d taken, %d repeated", len(s.inbox.Accepted()), s.inbox.Repeated())
	}
}

func TestAFilePageSentAgainIsOneMessage(t *testing.T) {
	s := open(t, nil)
	id := s.get("/forms/report-a-crime").value("_id")
	parts := []part{{name: "_id", body: id}, {name: "what", body: "x"}, {name: "where", body: "y"}, {name: "files", fileName: "a.png", mediaType: "image/png", body: png}}
	first := s.upload("/forms/report-a-crime", parts...).is(200).receipt()
	if again := s.upload("/forms/report-a-crime", parts...).is(200).receipt(); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	s.only()
}

func TestWhatIsMendedAndSentAgainIsAnotherMessage(t *testing.T) {
	s := open(t, nil)
	id := s.get("/forms/contact-us").value("_id")
	first := s.post("/forms/contact-us", "_id", id, "message", "It is at number 4").is(200).receipt()
	second := s.post("/forms/contact-us", "_id", id, "message", "It is at number 44").is(200).receipt()
	if m := s.taken(); len(m) != 2 || first == second || m[0].Conversation == m[1].Conversation {
		t.Errorf("receipts %s and %s, messages %+v", first, second, m)
	}
}

func TestWithoutAnIDEachIsAMessageOfItsOwn(t *testing.T) {
	s := open(t, nil)
	for _, id := range []string{"", "short", "not ours: <script>"} {
		s.post("/forms/contact-us", "_id", id, "message", "Hello").is(200)
		s.post("/forms/contact-us", "_id", id, "message", "Hello").is(200)
	}
	s.sendJSON("/forms/contact-us", `{"fields": {"message": "Hello"}}`).is(201)
	if m := s.taken(); len(m) != 7 {
		t.Errorf("%d messages", len(m))
	}
}

func TestNoReceiptBeforeItIsDurable(t *testing.T) {
	s := open(t, nil)
	id := s.get("/forms/contact-us").value("_id")
	s.inbox.Refuse(func([]channels.Original) error { return errors.New("the disk is full") })
	page := s.post("/forms/contact-us?lang=en", "_id", id, "message", "Please help with <this>", "safe", "no").is(503).
		says("What you sent could not be taken", "What you wrote is still below", "In danger, call 999")
	if page.value("message") != "Please help with <this>" || page.value("_id") != id || attribute(page.element("id", "f-safe-2"), "type") != "radio" {
		t.Errorf("the page has lost something:\n%s", page.body)
	}
	program := s.sendJSON("/forms/contact-us", `{"fields": {"message": "Hello"}}`).is(503)
	if !strings.Contains(program.body, `"code":"unavailable"`) || program.header.Get("Retry-After") == "" {
		t.Error(program.body)
	}
	if strings.Contains(s.log.String(), "help with") || !strings.Contains(s.log.String(), "the disk is full") {
		t.Errorf("logged %s", s.log.String())
	}
	s.inbox.Refuse(nil)
	s.post("/forms/contact-us", "_id", id, "message", "Please help with <this>", "safe", "no").is(200)
	s.only()
}

func TestALargeFormIsAnOriginalInABlob(t *testing.T) {
	s := open(t, func(c *forms.Config, _ *forms.Deps) {
		for i := range 20 {
			c.Forms[0].Fields = append(c.Forms[0].Fields, forms.Field{Name: "more" + string(rune('a'+i)), Kind: forms.Textarea, Label: forms.Words{"en": "More", "cy": "Mwy"}, Limit: 20_000})
		}
	})
	pairs := []string{"message", "Hello"}
	for i := range 20 {
		pairs = append(pairs, "more"+string(rune('a'+i)), strings.Repeat("wörds ", 3000))
	}
	s.post("/forms/contact-us", pairs...).is(200)
	if o := s.inbox.Accepted()[0]; o.Blob == nil || o.Bytes != nil {
		t.Errorf("the original is inline: %d bytes", len(o.Bytes))
	}
	if m := s.only(); len(m.Fields) != 22 || m.Original.SHA256 == "" {
		t.Errorf("%d fields", len(m.Fields))
	}
}

func TestSomebodyInDangerIsNotAskedAgain(t *testing.T) {
	s := open(t, nil)
	got := s.upload("/forms/report-a-crime?lang=en",
		part{name: "name", body: "he has a KNIFE"}, part{name: "email", body: "no time"}, part{name: "date-day", body: "now"}, part{name: "kind", body: "unheard-of"},
		part{name: "files", fileName: "a.svg", mediaType: "image/svg+xml", body: "<svg xmlns='http://www.w3.org/2000/svg'/>"},
	).is(200).says("If someone is in danger now, do not wait for an answer. Call 999.", "You left some questions open", "“a.svg” is not a kind of file that we can take")
	m := s.only()
	if !reflect.DeepEqual(m.Flags, []contact.Flag{contact.Incomplete}) || len(m.Emails) != 0 || m.Sender.Address != "" || !reflect.DeepEqual(m.Answer, contact.Answer{}) {
		t.Errorf("%+v", m)
	}
	if want := `What kind of crime is it?: unheard-of
On which day was it?: now
Your name: he has a KNIFE
Email address: no time
Taken although: What kind of crime is it? (choice)
Taken although: Tell us what happened (missing)
Taken although: On which day was it? (date)
Taken although: Where was it? (missing)
Taken although: Photos, videos or documents (file_type)
Taken although: Email address (email)
Receipt code: ` + got.receipt(); m.Text != want {
		t.Errorf("read %s\nwant %s", m.Text, want)
	}
	if program := s.sendJSON("/forms/report-a-crime", `{"fields": {"what": "knife"}}`).is(201); !strings.Contains(program.body, `"open":[{"field":"where","code":"missing"`) {
		t.Error(program.body)
	}
}

func TestAFloodIsTakenAndWaitsForItsReceipts(t *testing.T) {
	s := open(t, func(c *forms.Config, d *forms.Deps) {
		c.PerMinute = 1200 // a token every 50 ms, after 2400 at once
		d.Address = func(*http.Request) netip.Addr { return netip.MustParseAddr("2001:db8::1") }
	})
	// The clock stands still, so the bucket is empty after 2400.
	for range 2400 {
		s.post("/forms/contact-us", "message", "Hello").is(200)
	}
	began := time.Now()
	late := s.post("/forms/contact-us?lang=en", "message", "Hello").is(200).says("There are many messages at the moment")
	if waited := time.Since(began); waited < 50*time.Millisecond {
		t.Errorf("the receipt came after %s", waited)
	}
	if taken := len(s.inbox.Accepted()); taken != 2401 || late.receipt() == "" {
		t.Errorf("%d were taken", taken)
	}
}

func TestTooManyFilesOfAnAddressAreLeftOutAndTheTextIsTaken(t *testing.T) {
	s := open(t, func(c *forms.Config, d *forms.Deps) {
		c.PerMinute = 1
		d.Address = func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") }
	})
	file := part{name: "files", fileName: "a.png", mediaType: "image/png", body: png}
	for range 6 {
		s.upload("/forms/report-a-crime", part{name: "what", body: "knife"}, file).is(200)
	}
	s.upload("/forms/report-a-crime?lang=en", part{name: "what", body: "the knife"}, part{name: "where", body: "y"}, file).is(200).
		says("This was not taken", "“a.png” was not taken, because too many files were sent in a short time")
	taken := s.taken()
	if m := taken[6]; len(m.Attachments) != 0 || !strings.Contains(m.Text, "Taken although: Photos, videos or documents (file_slow)") {
		t.Errorf("%+v", m)
	}
}
