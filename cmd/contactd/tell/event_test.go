package tell_test

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"contactd/cmd/contactd/tell"
	"contactd/contact"
	"contactd/contact/schema"
)

// sampled is an event of the contract.
func sampled(t *testing.T, name string) (event contact.Event) {
	t.Helper()
	record, err := fs.ReadFile(schema.Samples(), "samples/"+name+".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(record, &event); err != nil {
		t.Fatal(err)
	}
	return event
}

func TestALineShowsWhichConversationCanBeAnsweredAndWhatHappensToAnswers(t *testing.T) {
	for sample, want := range map[string]string{
		"received":           "contact.received.v1  c-7ip9h550sslj8k3knasd2feop0  email/control",
		"replied_queued":     "contact.replied.v1  r-2kq0d9s7b3mvtn1ofl5e8ga4cj  webchat/main  c-3lnpdfsib5r34hnaib72u7ipcb — queued — Officers are on their way",
		"replied_failed":     "— failed: came back: 5.1.1 the mailbox does not exist",
		"reply_requested":    "contact.reply.requested.v1  r-2kq0d9s7b3mvtn1ofl5e8ga4cj  c-3lnpdfsib5r34hnaib72u7ipcb  by h214 — Officers",
		"abandoned":          "unknown    contact.abandoned.v1  c-3lnpdfsib5r34hnaib72u7ipcb  webchat/main  last seen ",
		"presence":           "desk.presence.v1",
		"rejected":           "email/control  http://127.0.0.1:8080/originals/47 — grade message: rules file unreadable",
		"degraded":           "channel.degraded.v1  email/control — log in as control@sampleshire.example: refused",
		"restored":           "channel.restored.v1  email/control — not reached for ",
		"typing":             "the handler is writing",
		"revised_edited":     "facebook_comment/town  24830 — edited They are at the door again now",
		"revised_withdrawn":  "-          contact.revised.v1  c-7ip9h550sslj8k3knasd2feop0  facebook_comment/town  24830 — withdrawn",
		"assessed_by_person": "by b.handler",
		"graded":             "resolution, was priority  by b.handler",
		"assessed":           "contact.assessed.v1  m-671cd0j64v79vljrc1vm2qfie2  c-3lnpdfsib5r34hnaib72u7ipcb  was resolution — concern_welfare",
		"suggested":          "stays priority, llm@local-model/3f2a thinks resolution",
		"seen":               "contact.seen.v1  m-671cd0j64v79vljrc1vm2qfie2  c-3lnpdfsib5r34hnaib72u7ipcb",
	} {
		if line := tell.Event(sampled(t, sample)); !strings.Contains(line, want) {
			t.Errorf("%s is shown as %q, want %q in it", sample, line, want)
		}
	}
}

func TestALineShowsWhatMustNotBeOverlooked(t *testing.T) {
	for name, want := range map[string]string{
		"received_vulnerable": "[not safe to reply, older_person (parent), dementia (parent), domestic_abuse]",
		"escalated":           "[not safe to reply, older_person (parent), dementia (parent), domestic_abuse]",
		"assessed":            "[older_person (neighbour)]",
		"received_signposted": "",
	} {
		if got := tell.Event(sampled(t, name)); !strings.HasSuffix(got, want) || want == "" && strings.Contains(got, "[") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestALineIsOneLineAndDoesNotSteerTheTerminal(t *testing.T) {
	raw, err := json.Marshal(contact.Received{Content: contact.Content{Subject: "\x1b]0;x\a", Summary: "one\ntwo\r\u009b2J" + strings.Repeat("é", 100)}})
	if err != nil {
		t.Fatal(err)
	}
	line := tell.Event(contact.Event{Type: contact.ReceivedV1, Data: raw})
	if strings.ContainsAny(line, "\x1b\a\r\n\u009b") || !strings.HasSuffix(line, "one two \u00b72J"+strings.Repeat("é", 69)+"…") {
		t.Errorf("%q", line)
	}
	if line := tell.Event(contact.Event{Type: contact.ReceivedV1, Data: []byte("[]")}); !strings.HasSuffix(line, contact.ReceivedV1) {
		t.Errorf("what is no message: %q", line)
	}
}
