package pipeline

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"contactd/channels"
	"contactd/contact"
	"contactd/contact/contacttest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestTheLanguageThatAClassifierSawStandsOnTheEvent(t *testing.T) {
	j := testJudged()
	j.assessment.Opinions = []contact.Opinion{{By: "rules"}, {By: "language@1", Language: "pl"}}
	if got := testSealer().data(testEntry(), j).Channel.Language; got != "pl" {
		t.Errorf("language %q", got)
	}
	j.message.Language = "cy"
	if got := testSealer().data(testEntry(), j).Channel.Language; got != "cy" {
		t.Errorf("the channel knows better: %q", got)
	}
}

func testSealer() sealer {
	return sealer{force: "borsetshire", version: "test", config: Config{
		BaseURL:    "http://127.0.0.1:8181",
		GradeCodes: map[string]string{"emergency": "G1"},
	}.WithDefaults()}
}

func testEntry() Entry {
	return Entry{
		Seq:        7,
		Original:   channels.Original{Channel: "email", Account: "contact", ID: "INBOX/1/42", MediaType: "message/rfc822", Bytes: []byte("raw")},
		AcceptedAt: noon,
		SHA256:     strings.Repeat("ab", 32),
		PrevHash:   strings.Repeat("cd", 32),
		Placed:     Placed{Conversation: contact.ConversationID("email", "contact", "first"), Sequence: 3},
		Lane:       LaneEmergency,
	}
}

func testJudged() judged {
	e := testEntry()
	return judged{
		message: identify(contact.Message{
			Channel:      contact.Channel{Kind: "email", Visibility: "private", Direction: "inbound"},
			Sender:       contact.Sender{Name: "A Citizen", Address: "a@example.org"},
			Recipients:   []contact.Sender{{Address: "contact@force.example"}},
			Subject:      "help",
			Text:         "he has a knife\n\n> earlier text",
			Authored:     "he has a knife",
			SentAt:       noon.Add(-time.Minute),
			Authenticity: contact.Claimed,
			Attachments:  []contact.Attachment{{Blob: contact.Blob{SHA256: strings.Repeat("ef", 32), Size: 3, MediaType: "image/jpeg"}, Name: "a.jpg"}},
		}, e),
		assessment: contact.Assessment{
			Grade: contact.Emergency, Categories: []string{"violence_weapon"}, JudgedBy: []string{"rules@1"}, At: noon,
			Reasons: []contact.Reason{{Rule: "weapon.has", Grade: contact.Emergency, Spans: []contact.Span{{Start: 0, End: 14, Quote: "he has a knife"}}}},
		},
	}
}

// The contract says so, because a reader who cuts the place out of the text
// must know.
func TestWhatIsSaidBehindAShortenedTextIsStillQuoted(t *testing.T) {
	j := testJudged()
	before := strings.Repeat("a", 200_000)
	j.message.Text, j.message.Authored = before+"he has a knife", before+"he has a knife"
	j.assessment.Reasons[0].Spans[0] = contact.Span{Start: 200_000, End: 200_014, Quote: "he has a knife"}
	event, err := testSealer().received(testEntry(), j)
	contacttest.Valid(t, mustJSON(t, event, err))
	var data contact.Received
	if err := json.Unmarshal(event.Data, &data); err != nil {
		t.Fatal(err)
	}
	span := data.Classification.Reasons[0].Spans[0]
	if len(data.Content.Text) > span.Start || span.Quote != "he has a knife" || !slices.Contains(data.Flags, contact.Truncated) {
		t.Errorf("%d characters, %+v, %v", len(data.Content.Text), span, data.Flags)
	}
}

func mustJSON(t *testing.T, event contact.Event, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestEveryEventFitsTheContract(t *testing.T) {
	s, e, j := testSealer(), testEntry(), testJudged()
	received, err := s.received(e, j)
	contacttest.Valid(t, mustJSON(t, received, err))
	escalated, err := s.escalated(e, j)
	contacttest.Valid(t, mustJSON(t, escalated, err))
	rejected, err := s.rejected(e, Permanent(errTest))
	contacttest.Valid(t, mustJSON(t, rejected, err))
	e.Quarantined = "reading crashed twice"
	quarantined, err := s.received(e, judged{message: unread(e), assessment: contact.Assessment{At: noon}})
	contacttest.Valid(t, mustJSON(t, quarantined, err))

	if received.Subject != escalated.Subject || received.ID == escalated.ID {
		t.Error("an escalation is another event about the same message")
	}
	if quarantined.ID == received.ID {
		t.Error("a message that is read after all must not look like a repetition")
	}
	if got := *quarantined.Grade; got != contact.Unknown {
		t.Errorf("a message nobody could read is graded %v", got)
	}
}

// noticing gives a judged message a place and notes.
func noticing(j judged) judged {
	span := contact.Span{Start: 0, End: 14, Quote: "he has a knife"}
	j.assessment.Notes = contact.Notes{
		Locations:   []contact.Location{{Role: "incident", Form: "postcode", Value: "DE1 1AA", Confidence: "medium", Source: "informant", Span: &contact.Span{Start: 3, End: 6}, By: "places@1"}},
		Markers:     []contact.Marker{{Code: "child", Of: "writer", Spans: []contact.Span{span}, By: "markers@1"}, {Code: "language_need", By: "markers@1"}},
		Covert:      &contact.Covert{Signs: []contact.Sign{{Code: "channel"}, {Code: "cannot_speak", Spans: []contact.Span{span}}}, By: "markers@1"},
		SafeToReply: &contact.SafeToReply{Safe: "no", Signs: []contact.Sign{{Code: "watched", Spans: []contact.Span{span}}}, Asks: []contact.Sign{{Code: "no_call"}}, By: "markers@1"},
		Thrive: &contact.Thrive{By: "thrive@1", Headings: []contact.Heading{
			{Code: "threat", Title: "Threat", Hints: []contact.Hint{{Text: "a weapon is spoken of", Spans: []contact.Span{{Start: 0, End: 14}}}}},
		}},
	}
	return j
}

func TestAnAlertTellsPlacesAndWhatWasNoticedByItself(t *testing.T) {
	escalated, err := testSealer().escalated(testEntry(), noticing(testJudged()))
	contacttest.Valid(t, mustJSON(t, escalated, err))
	var data contact.Received
	if err := json.Unmarshal(escalated.Data, &data); err != nil {
		t.Fatal(err)
	}
	noted := data.Classification.Notes
	if len(data.Locations) != 1 || len(noted.Markers) != 2 || noted.Covert == nil || noted.SafeToReply == nil || noted.Thrive == nil || data.Parties[0].SafeToContact != "no" {
		t.Errorf("told %+v", data)
	}
}

func TestNotesAreCutLikeTheRestAndStayAsTheyWereInTheAssessment(t *testing.T) {
	nasty := strings.Repeat("\u0001<&\u2028😀", 100)
	j := noticing(testJudged())
	j.message.Text = strings.Repeat(nasty, 1000)
	j.message.Authored = j.message.Text
	j.assessment.Markers[0].Spans[0].Quote = nasty
	for range 500 {
		n := &j.assessment.Notes
		n.Markers = append(n.Markers, n.Markers[0])
		n.Markers[0].Spans = append(n.Markers[0].Spans, n.Markers[0].Spans[0])
		n.Covert.Signs = append(n.Covert.Signs, contact.Sign{Code: "present", Spans: n.Markers[0].Spans})
		n.SafeToReply.Signs, n.SafeToReply.Asks = n.Covert.Signs, n.Covert.Signs
		n.Thrive.Headings[0].Hints = append(n.Thrive.Headings[0].Hints, contact.Hint{Text: "look", Spans: n.Markers[0].Spans})
		n.Thrive.Headings = append(n.Thrive.Headings, n.Thrive.Headings[0])
	}
	event, err := testSealer().received(testEntry(), j)
	raw := mustJSON(t, event, err)
	contacttest.Valid(t, raw)
	var data contact.Received
	if err := json.Unmarshal(event.Data, &data); err != nil {
		t.Fatal(err)
	}
	if len(raw) > 256_000 || !slices.Contains(data.Flags, contact.Truncated) {
		t.Errorf("%d bytes, %v", len(raw), data.Flags)
	}
	if len(data.Classification.Markers) == 0 || data.Classification.Thrive == nil || data.Classification.Covert == nil {
		t.Error("the notes are gone")
	}
	if len(j.assessment.Markers) != 502 || j.assessment.Markers[0].Spans[0].Quote != nasty || len(j.assessment.Thrive.Headings) != 501 {
		t.Error("sealing has changed the assessment")
	}
}

func TestSealingTwiceGivesTheSameBytes(t *testing.T) {
	s := testSealer()
	first, err := s.received(testEntry(), testJudged())
	a := mustJSON(t, first, err)
	second, err := s.received(testEntry(), testJudged())
	if b := mustJSON(t, second, err); string(a) != string(b) {
		t.Error("the same message gave another record")
	}
}

func TestARecordStaysUnderItsLimitWhateverTheMessageHolds(t *testing.T) {
	nasty := strings.Repeat("\u0001<&\u2028😀", 100_000) // everything that JSON makes longer
	j := testJudged()
	j.message.Text, j.message.Authored, j.message.Subject = nasty, nasty[:len(nasty)/4*3], nasty
	j.message.Sender = contact.Sender{Name: nasty, Address: nasty}
	for range 500 {
		j.message.Recipients = append(j.message.Recipients, j.message.Sender)
		j.message.Attachments = append(j.message.Attachments, contact.Attachment{Blob: j.message.Attachments[0].Blob, Name: nasty, Claimed: nasty})
		j.assessment.Reasons = append(j.assessment.Reasons, contact.Reason{Rule: "r", Grade: contact.Priority, Spans: make([]contact.Span, 500)})
	}
	for i := range j.assessment.Reasons {
		for k := range j.assessment.Reasons[i].Spans {
			j.assessment.Reasons[i].Spans[k].Quote = nasty
		}
	}
	event, err := testSealer().received(testEntry(), j)
	raw := mustJSON(t, event, err)
	if len(raw) > 256_000 {
		t.Fatalf("record has %d bytes", len(raw))
	}
	contacttest.Valid(t, raw)
	var data contact.Received
	if err := json.Unmarshal(event.Data, &data); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(data.Flags, contact.Truncated) {
		t.Error("cutting must be told")
	}
	if n := utf8.RuneCountInString(data.Content.Summary); n != summaryLimit {
		t.Errorf("summary has %d characters", n)
	}
}

func TestALateMessageSaysSo(t *testing.T) {
	j := testJudged()
	j.message.ReceivedAt = noon.Add(-3 * 24 * time.Hour)
	event, err := testSealer().received(testEntry(), j)
	if err != nil {
		t.Fatal(err)
	}
	var data contact.Received
	if err := json.Unmarshal(event.Data, &data); err != nil {
		t.Fatal(err)
	}
	if data.Late == nil || data.Late.Seconds != 3*24*3600 {
		t.Errorf("late is %+v", data.Late)
	}
}

func TestWhatPeopleStateInFormsIsInTheEventAndBounded(t *testing.T) {
	s, e, j := testSealer(), testEntry(), testJudged()
	m := &j.message
	lat := 52.9
	m.Answer = contact.Answer{Address: "secret of the channel", Rules: contact.ReplyRules{Allowed: true, To: []string{"a@example.org"}}}
	m.SafeToContact, m.Covert = "no", true
	m.Phones, m.Emails = []string{"07700 900123"}, []string{"a@example.org", "other@example.org"}
	m.Locations = []contact.Location{{Role: "incident", Form: "latlon", Lat: &lat, Lon: &lat, Confidence: "medium", Source: "informant"}}
	for range 300 {
		m.Fields = append(m.Fields, contact.Field{Name: "what", Label: "What happened?", Value: strings.Repeat("<", 5000)})
		m.Locations = append(m.Locations, contact.Location{Role: "mentioned", Form: "text", Value: strings.Repeat("é", 5000), Confidence: "low", Source: "informant"})
		m.Phones = append(m.Phones, strings.Repeat("0", 5000))
	}
	event, err := s.received(e, j)
	raw := mustJSON(t, event, err)
	contacttest.Valid(t, raw)
	if len(raw) > 256<<10 {
		t.Errorf("%d bytes", len(raw))
	}
	var data contact.Received
	if err := json.Unmarshal(event.Data, &data); err != nil {
		t.Fatal(err)
	}
	sender := data.Parties[0]
	if !data.Covert || sender.SafeToContact != "no" || sender.Phones[0] != "07700 900123" || len(sender.Emails) != 2 ||
		data.Reply == nil || !data.Reply.Allowed || *data.Locations[0].Lat != lat || data.Content.Fields[0].Name != "what" {
		t.Errorf("told %+v", data)
	}
	if strings.Contains(string(raw), "secret of the channel") || !slices.Contains(data.Flags, contact.Truncated) {
		t.Error("the channel's own address was told, or what was cut was not")
	}
	if len(m.Fields) != 300 || len(m.Fields[0].Value) != 5000 || len(m.Phones) != 301 {
		t.Error("sealing has changed the message")
	}
}
