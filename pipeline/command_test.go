package pipeline

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
)

// FuzzCommand reads records of contact.replies that anybody may have written:
// no crash, and what is taken for a reply can be told of in events that keep
// the contract. An error never quotes what it could not read.
func FuzzCommand(f *testing.F) {
	for _, name := range []string{"reply_requested", "seen", "graded", "replied_queued"} {
		sample, err := os.ReadFile(filepath.Join("..", "contact", "schema", "samples", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sample)
	}
	for _, each := range []string{
		``, `null`, `{}`, `[]`, `{"specversion":"1.0","type":"contact.reply.requested.v1"}`,
		`{"specversion":"1.0","type":"contact.reply.requested.v1","data":{"attachments":[{"sha256":1}]}}`,
		`{"specversion":"1.0","type":"contact.reply.requested.v1","data":{"expiresAt":"9999999-01-01T00:00:00Z"}}`,
		`{"specversion":"1.0","type":"contact.seen.v1","data":{"conversationId":"c-3lnpdfsib5r34hnaib72u7ipcb","at":null}}`,
		`{"specversion":"1.0","type":"contact.reply.requested.v1","grade":"loud","data":{}}`,
	} {
		f.Add([]byte(each))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		command, err := readCommand(record, "sampleshire")
		if err != nil {
			event, sealed := testSealer().rejectedRecord(TopicReplies, "0/7", record, err, noon)
			if sealed != nil {
				t.Fatal(sealed)
			}
			raw, _ := json.Marshal(event)
			contacttest.Valid(t, raw)
			return
		}
		if g, ok := command.(grading); ok {
			tellDecision(t, g)
		}
		reply, ok := command.(contact.Reply)
		if !ok {
			return
		}
		told := contact.Replied{
			SchemaVersion: schemaVersion, ReplyID: reply.ID, ConversationID: reply.Conversation, ContactID: reply.InReplyTo,
			Channel: "email", Account: "control", State: contact.Queued, TextSHA256: strings.Repeat("0", 64),
			Text: reply.Text, Author: reply.Author, Automatic: reply.Automatic, At: noon,
		}
		body, err := json.Marshal(told)
		if err != nil {
			t.Fatal(err)
		}
		e := testEntry()
		e.Original.Channel, e.Original.ID, e.Original.Bytes = RepliesChannel, reply.ID+"/queued/1", body
		e.Conversation = reply.Conversation
		again, err := readReplied(e)
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		event, err := testSealer().replied(e, again)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := json.Marshal(event)
		contacttest.Valid(t, raw)
	})
}

// tellDecision holds what would be told of a decision to the contract.
func tellDecision(t *testing.T, g grading) {
	kept := (&Pipeline{seal: testSealer()}).decision("/sampleshire/webchat/main", g, 1)
	original, err := kept.original("webchat/main")
	if err != nil {
		t.Fatal(err)
	}
	e := testEntry()
	e.Original, e.Conversation = original, g.ConversationID
	_, event, err := testSealer().later(e)
	if err != nil {
		t.Fatalf("%v: %s", err, original.Bytes)
	}
	raw, _ := json.Marshal(event)
	contacttest.Valid(t, raw)
}

// FuzzReplied reads originals of contactd's own pseudo-channel as a bad disk
// might give them back: no crash, and never another reply than the identity
// says.
func FuzzReplied(f *testing.F) {
	good, err := json.Marshal(contact.Replied{
		SchemaVersion: "1.0", ReplyID: "r-2kq0d9s7b3mvtn1ofl5e8ga4cj", ConversationID: "c-3lnpdfsib5r34hnaib72u7ipcb", State: contact.Failed, At: noon,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("r-2kq0d9s7b3mvtn1ofl5e8ga4cj/failed/3", good)
	f.Add("r-2kq0d9s7b3mvtn1ofl5e8ga4cj/queued/3", good)
	f.Add("r-2kq0d9s7b3mvtn1ofl5e8ga4cj", good)
	f.Add("//", []byte(`{}`))
	f.Add("", []byte(nil))
	f.Fuzz(func(t *testing.T, id string, body []byte) {
		e := testEntry()
		e.Original.Channel, e.Original.ID, e.Original.Bytes = RepliesChannel, id, body
		r, err := readReplied(e)
		if err != nil {
			if !isPermanent(err) {
				t.Errorf("%v would be tried for ever", err)
			}
			return
		}
		if !strings.HasPrefix(id, r.ReplyID+"/"+string(r.State)+"/") || r.ConversationID == "" {
			t.Errorf("%q was read as %+v", id, r)
		}
	})
}

func TestAnErrorOfACommandQuotesNothing(t *testing.T) {
	const words = "he is at the door"
	for _, record := range []string{
		words,
		`{"specversion":"1.0","type":"contact.reply.requested.v1","data":{"text":{"a":"` + words + `"}}}`,
		`{"specversion":"1.0","type":"contact.reply.requested.v1","data":{"requestedAt":"` + words + `"}}`,
		`{"specversion":"1.0","type":"contact.reply.requested.v1","data":{"replyId":"` + words + `","conversationId":"` + words + `"}}`,
	} {
		_, err := readCommand([]byte(record), "sampleshire")
		if err == nil || strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", record, err)
		}
	}
}

func TestAnErrorOfACommandSaysWhatIsWrongWithIt(t *testing.T) {
	reply := func(data string) string {
		return `{"specversion":"1.0","id":"their-17","type":"contact.reply.requested.v1","data":` + data + `}`
	}
	for record, want := range map[string]string{
		`[1]`:                                "read command: want an object",
		reply(`[]`):                          "read contact.reply.requested.v1: want an object",
		reply(`{"requestedAt":"yesterday"}`): "a time is not of the form",
		reply(`{"expiresAt":"","requestedAt":"2026-11-03T21:16:40Z"}`): "v1: expiresAt: a time is not of the form",
		`{"specversion":"1.0","time":"now","type":"contact.seen.v1"}`:  "read command: time: a time is not",
		`{"specversion":"1.0","type":"contact.seen.v1"}`:               "read contact.seen.v1: it is empty, or has no data",
		``:                                       "read command: it is empty",
		reply(`{"text":5}`):                      "v1: text: want a text",
		reply(`{"attachments":{}}`):              "v1: attachments: want a list",
		reply(`{"attachments":[{"bytes":"x"}]}`): "attachments.bytes: want a number",
		`{"specversion":"1.0","type":"contact.graded.v1","data":{"grade":"red"}}`:                                     "a grade is none of the contract's",
		`{"specversion":"1.0","type":"contact.graded.v1","data":{"grade":"priority"}}`:                                "previous is missing",
		`{"specversion":"1.0","type":"contact.graded.v1","data":{"previous":null}}`:                                   "previous is missing",
		`{"specversion":"1.0","type":"contact.seen.v1","data":{"schemaVersion":"1.0","conversationId":"room seven"}}`: "read contact.seen.v1: conversationId: want c- and 26 of 0-9a-v; contactId: want m-",
		`{"specversion":"1.0","type":"contact.reply.request.v1"}`:                                                     "its type contact.reply.request.v1 is not known here: want contact.reply.requested.v1",
	} {
		if _, err := readCommand([]byte(record), "sampleshire"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", record, err, want)
		}
	}
	event, err := testSealer().rejectedRecord(TopicReplies, "0/7", []byte(reply(`[]`)), errors.New("no"), noon)
	if err != nil || event.CausationID != "their-17" {
		t.Errorf("whoever asked cannot find the answer: %+v, %v", event, err)
	}
}

func TestAPanickingCommandIsShownToAPerson(t *testing.T) {
	p, _, out := testPipeline(t, nil)
	p.now = func() time.Time { return noon }
	handler := p.rejectCommands(p.recovered(noProduce(func() error { panic("words") })))
	if _, err := handler(commandEnvelope()); err != nil {
		t.Fatal(err)
	}
	record := <-out.records
	contacttest.Valid(t, record.Payload)
	if strings.Contains(string(record.Payload), "words") {
		t.Error("the rejected record holds what panicked")
	}
	// What may mend itself is given back.
	handler = p.rejectCommands(noProduce(func() error { return errors.New("the disk is full") }))
	if _, err := handler(commandEnvelope()); err == nil {
		t.Error("a command was acknowledged that is kept nowhere")
	}
}
