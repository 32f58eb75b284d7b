package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels/email/smtp/smtptest"
	"contactd/deploy/servers"
)

const copied = "jo@example.org"

// chatAndMail configures a chat whose copies the mail account contact sends.
func chatAndMail(t *testing.T, mailboxes *servers.DovecotServer, smtp string) (dir string, c *chatter) {
	t.Helper()
	address := servers.FreeAddress(t)
	dir = mailAccount(t, mailboxes, "contact@force.example", smtp)
	file, err := os.OpenFile(dir+"/contactd.yaml", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(file, "  webchat: {listen: %q, demo: true}\n", address); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, &chatter{t: t, url: "http://" + address, lang: "en"}
}

func (c *chatter) tell(frame map[string]any) {
	c.t.Helper()
	if err := c.say(frame); err != nil {
		c.t.Fatal(err)
	}
}

// untilTold reads until a notice of a code comes.
func (c *chatter) untilTold(codes ...string) chatFrame {
	c.t.Helper()
	f := c.until("notice")
	for !slices.Contains(codes, f.Code) {
		f = c.until("notice")
	}
	return f
}

// asksForTheCopy ends the chat and asks.
func (c *chatter) asksForTheCopy(id string) {
	c.t.Helper()
	c.tell(map[string]any{"type": "end", "id": "end-of-" + id})
	c.untilTold("ended")
	c.tell(map[string]any{"type": "transcript", "id": id, "email": copied})
}

// TestTheCopyOfAChatArrivesOnceAndInOrder is a whole chat with a real desk and a
// real mail server, and a visitor who speaks Welsh.
func TestTheCopyOfAChatArrivesOnceAndInOrder(t *testing.T) {
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	postfix := servers.Postfix(t, mailboxes, servers.PostfixOptions{})
	dir, c := chatAndMail(t, mailboxes, fmt.Sprintf("{address: %q, server_name: localhost, name: Force}", postfix.Submission))
	c.lang = "cy"
	p := startProgram(t, dir, "run")
	p.awaitReady()
	watched := watch(t, dir)
	c.await()
	c.tell(map[string]any{"type": "message", "id": "question-1", "text": "Mae rhywun yn yr ardd.\nBeth wnaf i?"})
	c.until("message")
	conversation := watched.await("Mae rhywun yn yr ardd.\nBeth wnaf i?").PartitionKey
	for n := range 3 {
		answer, question := fmt.Sprintf("ateb %d", n), fmt.Sprintf("cwestiwn %d", n)
		p.command("reply", conversation, answer)
		if f := c.until("reply"); f.Text != answer {
			t.Fatalf("answered %+v", f)
		}
		c.tell(map[string]any{"type": "message", "id": fmt.Sprintf("question-%d-more", n), "text": question})
		c.until("message")
	}
	c.tell(map[string]any{"type": "end", "id": "the-end-1"})
	c.untilTold("ended")
	if n := mailboxes.Count(t, copied, "INBOX"); n != 0 {
		t.Errorf("%d mails before the copy was asked for", n)
	}
	c.tell(map[string]any{"type": "transcript", "id": "mistyped-1", "email": "jo@example,org"})
	if f := c.until("refused"); f.Code != "bad_address" || !strings.Contains(f.Message, "Ni all “,” fod mewn cyfeiriad.") {
		t.Errorf("of a mistyped address it is told %+v", f)
	}
	ask := map[string]any{"type": "transcript", "id": "the-copy-1", "email": copied}
	c.tell(ask)
	c.untilTold("transcript_sent")
	c.tell(ask) // as a page does that has not seen the answer
	got := servers.ReadForeign(t, mailboxes.Await(t, copied, "INBOX", 1)[0])
	if got.Headers["subject"] != "Eich sgwrs â’r heddlu" || got.From != "Force <contact@force.example>" || !strings.Contains(got.To, copied) || len(got.Defects) > 0 {
		t.Errorf("the copy is %+v", got)
	}
	want := []string{"Chi:", "  Mae rhywun yn yr ardd.", "  Beth wnaf i?", ""}
	for n := range 3 {
		want = append(want, "Heddlu:", fmt.Sprintf("  ateb %d", n), "", "Chi:", fmt.Sprintf("  cwestiwn %d", n), "")
	}
	if said := withoutTimes(got.Plain); said != strings.Join(want, "\n") {
		t.Errorf("the copy says\n%s\nwant\n%s", said, strings.Join(want, "\n"))
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if n := mailboxes.Count(t, copied, "INBOX"); n != 1 {
		t.Errorf("%d mails in the end", n)
	}
}

// withoutTimes leaves out the date before each speaker.
func withoutTimes(text string) string {
	var rest []string
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		line = strings.TrimRight(line, "\n")
		if _, err := time.Parse("02/01/2006 15:04", line[:min(len(line), 16)]); err == nil {
			line = line[17:]
		}
		rest = append(rest, line)
	}
	return strings.Join(rest, "\n") + "\n"
}

// TestTheCopyOfAChatWaitsForTheMailServer ends while nobody who asked is there
// any more: the copy comes all the same, once.
func TestTheCopyOfAChatWaitsForTheMailServer(t *testing.T) {
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	postfix := servers.Postfix(t, mailboxes, servers.PostfixOptions{})
	dir, c := chatAndMail(t, mailboxes, fmt.Sprintf("{address: %q, server_name: localhost}", postfix.Submission))
	p := startProgram(t, dir, "run")
	p.awaitReady()
	c.await()
	c.tell(map[string]any{"type": "message", "id": "question-1", "text": "are you there"})
	c.until("message")
	postfix.Kill(t)
	c.asksForTheCopy("the-copy-1")
	eventually(t, time.Minute, func() bool { return strings.Contains(p.logged(), "copy of a chat") }, func() string { return "nobody tried" })
	_ = c.conn.CloseNow()
	p.kill()
	p = startProgram(t, dir, "run")
	eventually(t, time.Minute, func() bool { _, body := p.get("/readyz"); return strings.Contains(body, "smtp: connect") }, func() string { return "nobody is told" })
	postfix.Start(t)
	eventually(t, 3*time.Minute, func() bool { return mailboxes.Count(t, copied, "INBOX") > 0 }, func() string { return "no copy came" }) // it is tried once a minute by now, perhaps
	c.await()
	c.untilTold("transcript_sent")
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if n := mailboxes.Count(t, copied, "INBOX"); n != 1 {
		t.Errorf("%d mails in the end", n)
	}
}

// TestNoCopyOfAChatIsDoubledOrLostWhenTheDaemonIsKilled kills contactd at every
// step of sending one. What the mail server may have taken is not sent again,
// and the visitor is told that nobody knows.
func TestNoCopyOfAChatIsDoubledOrLostWhenTheDaemonIsKilled(t *testing.T) {
	mailboxes := servers.Dovecot(t, servers.DovecotOptions{})
	trap := &trap{sprung: make(chan struct{}, 1)}
	relay := smtptest.Start(t, smtptest.Options{At: trap.at})
	trap.relay = relay
	dir, first := chatAndMail(t, mailboxes, fmt.Sprintf("{address: %q, tls: none, auth: none}", relay.Address))
	p := startProgram(t, dir, "run")
	for n, each := range stepsOfSending {
		text := fmt.Sprintf("question %d", n)
		c := &chatter{t: t, url: first.url, lang: "en"}
		c.await()
		c.tell(map[string]any{"type": "message", "id": "question-1", "text": text})
		c.until("message")
		trap.set()
		trap.arm(p, each.step, each.deed)
		c.asksForTheCopy("the-copy-1")
		select {
		case <-trap.sprung:
		case <-time.After(time.Minute):
			t.Fatalf("copy %d never came to %s\n%s", n, each.step, tailOf(p.logged(), 3000))
		}
		_ = p.cmd.Wait()
		_ = c.conn.CloseNow() // and the visitor is gone: nobody asks again
		p = startProgram(t, dir, "run")
		c.await()
		told := c.untilTold("transcript_sent", "transcript_unknown").Code
		taken := 0
		for _, each := range relay.Taken() {
			if bytes.Contains(each.Bytes, []byte(text)) {
				taken++
			}
		}
		want, codes := 1, []string{"transcript_sent"}
		switch each.step {
		case smtptest.Dot:
			codes = []string{"transcript_unknown"}
			if each.deed == smtptest.Drop {
				want = 0
			}
		case smtptest.Quit: // it may have noted the answer or not
			codes = append(codes, "transcript_unknown")
		}
		if taken != want || !slices.Contains(codes, told) {
			t.Errorf("killed at %s (%s): %d copies, told %s", each.step, each.deed, taken, told)
		}
		_ = c.conn.CloseNow()
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
}
