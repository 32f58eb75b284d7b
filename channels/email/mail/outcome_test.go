package mail

import (
	"strings"
	"testing"
	"time"

	"contactd/contact"
)

func ourID(t testing.TB) string {
	t.Helper()
	id, err := NewTokens(testConfig().ThreadKeys...).MessageID(conversation, reply, "force.example")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// report is a bounce as RFC 3464 wants it.
func report(id, recipients string) string {
	return "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.org>\nTo: contact@force.example\nSubject: Undelivered Mail\n" +
		"Date: Mon, 3 Nov 2025 10:22:33 +0000\nContent-Type: multipart/report; boundary=b1; report-type=delivery-status\n\n" +
		"--b1\n\nIt came back.\n--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n" + recipients +
		"\n--b1\nContent-Type: text/rfc822-headers\n\nMessage-ID: <" + id + ">\nTo: ann@example.org\n--b1--\n"
}

func TestABounceTellsWhatBecameOfAReply(t *testing.T) {
	id := ourID(t)
	at := time.Date(2025, 11, 3, 10, 22, 33, 0, time.UTC)
	failed := "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 <ann@example.org> unknown\n"
	for name, each := range map[string]struct {
		raw    string
		state  contact.ReplyState
		reason string
	}{
		"failed":       {report(id, failed), contact.Failed, "bounced: 5.1.1 there is no such address"},
		"given up":     {report(id, strings.Replace(failed, "5.1.1", "4.4.1", 1)), contact.Failed, "bounced: 4.4.1 the receiving server was not reached"},
		"odd status":   {report(id, strings.Replace(failed, "5.1.1", "ann@example.org", 1)), contact.Failed, "bounced: the receiving server gave no status"},
		"policy":       {report(id, strings.Replace(failed, "5.1.1", "5.7.26", 1)), contact.Failed, "bounced: 5.7.26 the receiving server refuses mail of ours by its rules"},
		"delayed":      {report(id, strings.Replace(failed, "failed", "delayed", 1)), "", ""},
		"relayed":      {report(id, strings.Replace(failed, "failed", "relayed", 1)), "", ""},
		"delivered":    {report(id, strings.Replace(failed, "failed\nStatus: 5.1.1", "delivered\nStatus: 2.0.0", 1)), contact.Confirmed, ""},
		"own copy":     {report(id, strings.ReplaceAll(failed, "ann@example.org", "contact@force.example")), "", ""},
		"own mailbox":  {report(id, "Original-Recipient: rfc822;contact@force.example\nFinal-Recipient: rfc822; box17@store.force.example\nAction: failed\nStatus: 5.2.2\n"), "", ""},
		"copy and she": {report(id, strings.ReplaceAll(failed, "ann@example.org", "contact@force.example")+"\n"+failed), contact.Failed, "bounced: 5.1.1 there is no such address"},
		"envelope id": {
			strings.Replace(strings.Replace(report(id, failed), "Message-ID: <"+id+">\n", "", 1), "Reporting-MTA", "Original-Envelope-Id: "+strings.Split(id, "@")[0]+"\nReporting-MTA", 1),
			contact.Failed, "bounced: 5.1.1 there is no such address",
		},
		"id was changed": {strings.Replace(report(id, failed), "Message-ID: <"+id+">\n", "Message-ID: <new@provider.example>\nX-Contactd-Reply: "+id+"\n", 1), contact.Failed, "bounced: 5.1.1 there is no such address"},
		"headers encoded": {
			strings.Replace(strings.Replace(report(id, failed), "rfc822-headers\n", "rfc822-headers\nContent-Transfer-Encoding: quoted-printable\n", 1), "<"+id, "<"+id[:40]+"=\n"+id[40:], 1),
			contact.Failed, "bounced: 5.1.1 there is no such address",
		},
		"in another wrapper": {strings.Replace(report(id, failed), "multipart/report", "multipart/mixed", 1), contact.Failed, "bounced: 5.1.1 there is no such address"},
		"no report": {
			"Return-Path: <>\nFrom: mailer-daemon@example.org\nTo: contact@force.example\nSubject: failure notice\nDate: Mon, 3 Nov 2025 10:22:33 +0000\n\nNo such user.\n\nMessage-ID: <" + id + ">\n",
			contact.Failed, "bounced: the receiving server gave no status",
		},
		"no report, id was changed": {
			"Return-Path: <>\nFrom: mailer-daemon@example.org\nTo: contact@force.example\nSubject: failure notice\nDate: Mon, 3 Nov 2025 10:22:33 +0000\n\nNo such user.\n\nMessage-ID:\n <new@provider.example>\nX-Contactd-Reply: " + id + "\n",
			contact.Failed, "bounced: the receiving server gave no status",
		},
		"no report, failed recipients": {
			"From: postmaster@example.org\nX-Failed-Recipients: ann@example.org\nTo: contact@force.example\nSubject: Warning\nDate: Mon, 3 Nov 2025 10:22:33 +0000\n\nMessage-ID: <" + id + ">\n",
			contact.Failed, "bounced: the receiving server gave no status",
		},
		"no report, a warning": {
			"Return-Path: <>\nFrom: mailer-daemon@example.org\nTo: contact@force.example\nSubject: Warning: message delayed 24 hours\n\nMessage-ID: <" + id + ">\n",
			"", "",
		},
	} {
		msg := readString(t, New(testConfig(), nil), each.raw)
		if msg.Conversation != conversation || msg.Automatic != contact.Bounce || msg.Answer.Address != "" {
			t.Errorf("%s: conversation %q, automatic %q, answer %+v", name, msg.Conversation, msg.Automatic, msg.Answer)
		}
		if each.state == "" {
			if msg.Outcome != nil {
				t.Errorf("%s: %+v", name, msg.Outcome)
			}
			continue
		}
		if o := msg.Outcome; o == nil || o.ReplyID != reply || o.State != each.state || o.Reason != each.reason || !o.At.Equal(at) {
			t.Errorf("%s: %+v, want %s %q", name, o, each.state, each.reason)
		}
	}
}

func TestABounceIsBelievedOnlyWithAnIDOfOurs(t *testing.T) {
	failed := "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\n"
	id := []byte(ourID(t))
	id[30] = "ab"[id[30]&1] + 2 // another reply
	token, _ := NewTokens(testConfig().ThreadKeys...).Sign(conversation)
	for name, raw := range map[string]string{
		"another reply": report(string(id), failed), "somebody else's mail": report("q1@example.org", failed), "the thread's token": report(token+".x@force.example", failed),
		"words of a person":          "From: ann@example.org\nTo: contact@force.example\nSubject: failure\n\nMy mail said: Message-ID: <" + ourID(t) + "> failed, Status: 5.1.1\n",
		"an answer":                  "From: ann@example.org\nTo: contact@force.example\nIn-Reply-To: <" + ourID(t) + ">\n\nyes\n",
		"an absence":                 "From: ann@example.org\nAuto-Submitted: auto-replied\nReturn-Path: <>\nIn-Reply-To: <" + ourID(t) + ">\n\nI am away. <" + ourID(t) + ">\n",
		"a later mail of the thread": strings.Replace(report("q1@example.org", failed), "To: ann@example.org", "References: <"+ourID(t)+">", 1),
		"one without a report": "Return-Path: <>\nFrom: mailer-daemon@example.org\nTo: contact@force.example\nSubject: failure notice\n\nNo such user.\n\n" +
			"References: <" + ourID(t) + ">\nMessage-ID:\n <q1@force.example>\n",
		"a forward of a bounce": "From: ann@example.org\nTo: contact@force.example\nSubject: Fwd: Undelivered\nContent-Type: multipart/mixed; boundary=f\n\n--f\nContent-Type: message/rfc822\n\n" + report(ourID(t), failed) + "\n--f--\n",
	} {
		if msg := readString(t, New(testConfig(), nil), raw); msg.Outcome != nil || msg.Conversation != "" {
			t.Errorf("%s: %+v in %q", name, msg.Outcome, msg.Conversation)
		}
	}
}

func TestOurCopySaysThatTheServerHasTheReply(t *testing.T) {
	id := ourID(t)
	copied := "Return-Path: <contact@force.example>\nReceived: by mx; Mon, 3 Nov 2025 10:22:33 +0000\nFrom: Force <contact@force.example>\nTo: ann@example.org\n"
	for name, raw := range map[string]string{
		"as sent":        copied + "Message-ID: <" + id + ">\n\nhello\n",
		"id was changed": copied + "Message-ID: <new@example.org>\nX-Contactd-Reply: " + id + "\n\nhello\n",
		"automatic":      copied + "Auto-Submitted: auto-replied\nMessage-ID: <" + id + ">\n\nhello\n",
	} {
		msg := readString(t, New(testConfig(), nil), raw)
		o := msg.Outcome
		if o == nil || o.ReplyID != reply || o.State != contact.HandedOver || o.PlatformID != id || o.At.IsZero() {
			t.Errorf("%s: %+v", name, o)
		}
		if msg.Automatic != contact.OwnMessage || msg.Conversation != conversation || msg.Answer.Address != "" {
			t.Errorf("%s: automatic %q in %q, answer %+v", name, msg.Automatic, msg.Conversation, msg.Answer)
		}
	}
	for name, raw := range map[string]string{
		"somebody's mail under our id": "From: ann@example.org\nMessage-ID: <" + id + ">\n\nhello\n",
		"a forged id":                  copied + "Message-ID: <" + strings.Repeat("0", len(id)-len("@force.example")) + "@force.example>\n\nhello\n",
		"a forged header":              copied + "Message-ID: <x@y>\nX-Contactd-Reply: yes\n\nhello\n",
	} {
		if msg := readString(t, New(testConfig(), nil), raw); msg.Outcome != nil || msg.Conversation != "" || msg.Answer.Address != "" {
			t.Errorf("%s: %+v in %q", name, msg.Outcome, msg.Conversation)
		}
	}
}

// FuzzReport reads any report: an outcome never names another reply than the
// one whose id is in it, and its reason is made of our words.
func FuzzReport(f *testing.F) {
	id := ourID(f)
	for _, seed := range []string{
		report(id, "Final-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.1\n"), report("x@y", "Action: delayed\n"),
		"From: contact@force.example\nMessage-ID: <" + id + ">\n\nx\n", report(id, "Action: delivered\nStatus: 2.0.0\n\nAction: failed\nStatus: 4.2.2 (full)\n"),
	} {
		f.Add([]byte(seed))
	}
	r := New(testConfig(), nil)
	f.Fuzz(func(t *testing.T, raw []byte) {
		o := readString(t, r, string(raw)).Outcome
		if o == nil {
			return
		}
		if o.ReplyID != reply || !strings.Contains(strings.ToLower(string(raw)), strings.Split(id, "@")[0][:20]) {
			t.Errorf("outcome of %q", o.ReplyID)
		}
		if strings.ContainsAny(o.Reason, "@<\n") || len(o.Reason) > 100 || (o.Reason == "") == (o.State == contact.Failed) {
			t.Errorf("%s because %q", o.State, o.Reason)
		}
	})
}
