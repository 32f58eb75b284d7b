package compose

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"contactd/deploy/servers"
)

func answer() Letter {
	return Letter{
		From: netmail.Address{Name: "Heddlu Dyfed-Powys, Ŵyl", Address: "contact@force.example"},
		To:   netmail.Address{Name: `José "Pepe" O'Neill`, Address: "jo@example.org"}, ReplyTo: "contact+token@force.example",
		Subject: "Re: Er stört — ac mae'n swnllyd iawn yma heno, helpwch ni os gwelwch yn dda, rydyn ni'n ofnus", MessageID: "a.b.c@force.example",
		InReplyTo: "q3@example.org", References: []string{"q1@example.org", "q2@example.org"},
		Date: time.Date(2026, 11, 3, 21, 16, 40, 0, time.UTC),
		Text: "Dear José,\n\nsomebody will come — at eight.\n.a dot\nFrom here <b>on</b> & on\n\n" + strings.Repeat("a long line without an end ", 60) + "\n\n-- \nPC 214",
	}
}

func file(name, mediaType, content string) Attachment {
	return Attachment{Name: name, MediaType: mediaType, Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

func written(t *testing.T, l Letter) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := l.Write(&b); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) > l.Size() {
		t.Errorf("%d bytes, announced as %d", b.Len(), l.Size())
	}
	return b.Bytes()
}

func TestFilesAreNotAnnouncedMuchLargerThanTheyAre(t *testing.T) {
	l := answer()
	l.Attachments = []Attachment{file("film.mp4", "video/mp4", strings.Repeat("\x00", 18<<20))}
	if n := int64(len(written(t, l))); l.Size() > n+n/100 || l.Size() > 25<<20 {
		t.Errorf("%d bytes are announced as %d", n, l.Size())
	}
}

func TestAForeignReaderSeesTheLetterAsItIs(t *testing.T) {
	l := answer()
	l.Attachments = []Attachment{
		file("Vorführung – Übersicht (1).pdf", "application/pdf", strings.Repeat("\x00\xff%PDF", 50_000)),
		file(`a"b;c.txt`, "text/plain; charset=utf-8", "\n.\n\r\nFrom x\n"),
		file("old.eml", "message/rfc822", "Subject: inside\n\n.\n"),
	}
	raw := written(t, l)
	read := servers.ReadForeign(t, raw)
	if len(read.Defects) > 0 || read.EightBit || read.BareEnds || read.LongestLine > 998 {
		t.Errorf("defects %v, eight-bit %v, bare line ends %v, longest line %d", read.Defects, read.EightBit, read.BareEnds, read.LongestLine)
	}
	for what, pair := range map[string][2]string{
		"from": {read.From, "Heddlu Dyfed-Powys, Ŵyl <contact@force.example>"}, "to": {read.To, `José "Pepe" O'Neill <jo@example.org>`},
		"reply-to": {read.ReplyTo, "Heddlu Dyfed-Powys, Ŵyl <contact+token@force.example>"},
		"subject":  {read.Headers["subject"], l.Subject}, "message-id": {read.Headers["message-id"], "<a.b.c@force.example>"},
		"in-reply-to": {read.Headers["in-reply-to"], "<q3@example.org>"},
		"references":  {read.Headers["references"], "<q1@example.org> <q2@example.org> <q3@example.org>"},
		"date":        {read.Headers["date"], "Tue, 03 Nov 2026 21:16:40 +0000"},
		"own header":  {read.Headers["x-contactd-reply"], "a.b.c@force.example"}, "version": {read.Headers["mime-version"], "1.0"},
		"text": {read.Plain, l.Text + "\n"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is read as\n%q, want\n%q", what, pair[0], pair[1])
		}
	}
	if read.Headers["auto-submitted"] != "" {
		t.Error("a person's answer calls itself automatic")
	}
	if !strings.Contains(read.HTML, "From here &lt;b&gt;on&lt;/b&gt; &amp; on</p>") || strings.Count(read.HTML, "<p dir=\"auto\">") != 4 || !strings.Contains(read.HTML, "at eight.<br>") {
		t.Errorf("html: %s", read.HTML)
	}
	if len(read.Files) != len(l.Attachments) {
		t.Fatalf("files: %+v", read.Files)
	}
	for i, want := range l.Attachments {
		body, _ := want.Open()
		content, _ := io.ReadAll(body)
		sum := sha256.Sum256(content)
		if got := read.Files[i]; got.Name != want.Name || got.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("file %d is read as %+v", i, got)
		}
	}
}

// TestOnlyAnInternationalLetterHoldsUTF8 in its header, and only it repeats ids
// outside ASCII, which other servers would not take.
func TestOnlyAnInternationalLetterHoldsUTF8(t *testing.T) {
	for address, international := range map[string]bool{"jo@xn--bcher-kva.example": false, "жанна@пример.рф": true, strings.Repeat("ж", 40) + "@example.org": true} {
		l := answer()
		l.To.Address, l.InReplyTo, l.References = address, "два@пример.рф", []string{"один@пример.рф", "q@example.org"}
		ids := "<q@example.org>"
		if international {
			ids = "<один@пример.рф> <q@example.org> <два@пример.рф>"
		}
		raw := written(t, l)
		read := servers.ReadForeign(t, raw)
		if l.International() != international || read.EightBit != international || read.Headers["references"] != ids || read.BareEnds || read.LongestLine > 998 {
			t.Errorf("%s: eight-bit %v, references %q", address, read.EightBit, read.Headers["references"])
		}
		if !strings.HasSuffix(read.To, "<"+address+">") || read.Plain != l.Text+"\n" {
			t.Errorf("%s is read as %q", address, read.To)
		}
	}
	own := answer()
	own.From.Address = "heddlu-ŵyl@force.example"
	if !own.International() {
		t.Error("our own address is overlooked")
	}
}

func TestAnAutomaticLetterSaysSo(t *testing.T) {
	l := answer()
	l.Automatic = true
	read := servers.ReadForeign(t, written(t, l))
	if read.Headers["auto-submitted"] != "auto-replied" || read.Headers["x-auto-response-suppress"] != "All" || read.Headers["in-reply-to"] == "" {
		t.Errorf("headers: %v", read.Headers)
	}
}

func TestNoHeaderCanBeSmuggledIn(t *testing.T) {
	for name, spoil := range map[string]func(*Letter, string){
		"name of sender": func(l *Letter, s string) { l.From.Name = s }, "name": func(l *Letter, s string) { l.To.Name = s },
		"address": func(l *Letter, s string) { l.To.Address = "jo" + s + "@example.org" }, "subject": func(l *Letter, s string) { l.Subject = s },
		"reply-to": func(l *Letter, s string) { l.ReplyTo = s }, "id": func(l *Letter, s string) { l.MessageID = s },
		"answered": func(l *Letter, s string) { l.InReplyTo = s }, "references": func(l *Letter, s string) { l.References = []string{"a@b", s} },
		"file": func(l *Letter, s string) { l.Attachments = []Attachment{file(s, "text/plain", "x")} },
	} {
		for _, end := range []string{"\r\n", "\n", "\r", "\x00", "\u2028"} {
			l := answer()
			spoil(&l, "x"+end+"Bcc: all@example.org")
			var b bytes.Buffer
			if err := l.Write(&b); !errors.Is(err, errControl) || b.Len() > 0 || strings.Contains(fmt.Sprint(err), "Bcc") {
				t.Errorf("%s with %q: %v, %d bytes written", name, end, err, b.Len())
			}
		}
	}
	l := answer()
	l.References = []string{"a@b> <c@d"}
	if err := l.Check(); err == nil {
		t.Error("a bracket in an id is written")
	}
}

func TestControlCharactersAreLeftOutOfTheText(t *testing.T) {
	l := answer()
	l.Text = "one\r\ntwo\rthree\x00\x07\ttab\xff\n\n\n"
	if read := servers.ReadForeign(t, written(t, l)); read.Plain != "one\ntwo\nthree\ttab\uFFFD\n" || read.BareEnds || read.EightBit {
		t.Errorf("read %q", read.Plain)
	}
}

func TestLongReferencesAreFolded(t *testing.T) {
	l := answer()
	l.References = nil
	for n := range 100 {
		l.References = append(l.References, fmt.Sprintf("%s.%d@example.org", strings.Repeat("x", 140), n))
	}
	l.References = append(l.References, strings.Repeat("y", 990)+"@z")
	read := servers.ReadForeign(t, written(t, l))
	if got := strings.Count(read.Headers["references"], "<"); got != 101 || read.LongestLine > 998 || len(read.Defects) > 0 {
		t.Errorf("%d references, longest line %d, defects %v", got, read.LongestLine, read.Defects)
	}
}

func TestSubjectsDoNotPileUp(t *testing.T) {
	for subject, want := range map[string]string{
		"help": "Re: help", "Re: help": "Re: help", "RE: re[2]: AW: help": "Re: help", "Re : Re: x": "Re: x", "": "Re:", "  Re:  ": "Re:",
		"Regarding: help": "Re: Regarding: help", "Fwd: Re: help": "Re: Fwd: Re: help", "回复：你好": "Re: 你好", "SV: Antw: ja": "Re: ja", "Ateb: cymorth": "Re: cymorth",
		"Red: car": "Re: Red: car",
	} {
		if got := AnswerTo(subject); got != want {
			t.Errorf("%q is answered %q, want %q", subject, got, want)
		}
	}
}

func TestADamagedFileEndsTheLetter(t *testing.T) {
	l := answer()
	l.Attachments = []Attachment{{Name: "x", Open: func() (io.ReadCloser, error) { return nil, errors.New("gone") }}}
	if err := l.Write(io.Discard); err == nil || !strings.Contains(err.Error(), "attachment 1: gone") {
		t.Errorf("got %v", err)
	}
}

func TestNoTextIsLargerThanAnnounced(t *testing.T) {
	for _, piece := range []string{"a", "a\n\n", "\"\n\n", "=\n\n", "a\n", "\n", "é", "\"", "<&>'\"", "=", " \n", "😀\n\n", "\x00"} {
		l := answer()
		l.Text = strings.Repeat(piece, 100_000/len(piece))
		written(t, l)
	}
}
