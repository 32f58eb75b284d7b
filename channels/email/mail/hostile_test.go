package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"contactd/contact"
)

// hostile are mails made to keep a reader busy for ever: n scales them.
var hostile = []struct {
	name string
	n    int
	mail func(n int) string
}{
	{"nested_unclosed_multiparts", 100_000, func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return b.String() + "\nthe words\n"
	}},
	{"nested_closed_multiparts", 5_000, func(n int) string {
		var b, end strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
			fmt.Fprintf(&end, "--b%d--\n", n-1-i)
		}
		return b.String() + "\nthe words\n" + end.String()
	}},
	{"flat_parts", 30_000, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", n) + "--b--\n"
	}},
	{"flat_attachments", 30_000, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nthe words\n" + strings.Repeat("--b\nContent-Type: image/png\n\nx\n", n) + "--b--\n"
	}},
	{"parameters", 10_000, func(n int) string {
		return "Content-Type: text/plain" + strings.Repeat("; a=b", n) + "\n\nthe words\n"
	}},
	{"parameters_without_semicolons", 10_000, func(n int) string {
		return "Content-Type: text/plain;" + strings.Repeat(" a=b", n) + "\n\nthe words\n"
	}},
	{"rfc2231_pieces", 10_000, func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ";\n name*%d*=%%41", i)
		}
		return "Content-Type: application/pdf" + b.String() + "\n\nthe words\n"
	}},
	{"long_header_line", 1 << 20, func(n int) string {
		return "X-Long: " + strings.Repeat("a", n) + "\nSubject: kept\nFrom: ann@example.org\n\nthe words\n"
	}},
	{"long_subject", 1 << 20, func(n int) string {
		return "Subject: " + strings.Repeat("a", n) + "\nFrom: ann@example.org\n\nthe words\n"
	}},
	{"many_fields", 100_000, func(n int) string {
		return strings.Repeat("X-Many: a\n", n) + "Subject: kept\nFrom: ann@example.org\n\nthe words\n"
	}},
	{"header_without_end", 100_000, func(n int) string { return strings.Repeat("X-Many: a\n", n) }},
	{"header_garbage", 100_000, func(n int) string {
		return strings.Repeat("garbage line\nX-Known: a\n", n) + "Subject: kept\n\nthe words\n"
	}},
	{"encoded_words_unended", 30_000, func(n int) string {
		return "Subject: " + strings.Repeat("=?utf-8?Q?", n) + "\n\nthe words\n"
	}},
	{"encoded_words_ended_once", 30_000, func(n int) string {
		return "Subject: " + strings.Repeat("=?utf-8?Q?", n) + "?=\n\nthe words\n"
	}},
	{"encoded_words_many", 30_000, func(n int) string {
		return "Subject: " + strings.Repeat("=?utf-8?B?YQ==?= ", n) + "\n\nthe words\n"
	}},
	{"references_many", 100_000, func(n int) string {
		return "References: " + strings.Repeat("<a@b> ", n) + "\n\nthe words\n"
	}},
	{"references_open", 100_000, func(n int) string {
		return "References: " + strings.Repeat("<", n) + "\n\nthe words\n"
	}},
	{"recipients_many", 30_000, func(n int) string {
		return "To: " + strings.Repeat("a@b.example, ", n) + "\n\nthe words\n"
	}},
	{"recipients_names_only", 60_000, func(n int) string {
		return "To: " + strings.Repeat("a, ", n) + "\n\nthe words\n"
	}},
	{"recipients_open_brackets", 250_000, func(n int) string {
		return "To: <" + strings.Repeat(",", n) + "\n\nthe words\n"
	}},
	{"recipients_nested_comments", 250_000, func(n int) string {
		return "To: a@b " + strings.Repeat("(", n) + "\n\nthe words\n"
	}},
	{"recipients_colons", 250_000, func(n int) string {
		return "To: a@b" + strings.Repeat(":", n) + "\n\nthe words\n"
	}},
	{"recipients_quotes", 250_000, func(n int) string {
		return "To: " + strings.Repeat("\"", n) + "\n\nthe words\n"
	}},
	{"html_nested_elements", 500_000, func(n int) string {
		return "Content-Type: text/html\n\n" + strings.Repeat("<div>", n) + "the words"
	}},
	{"html_nested_blockquotes", 100_000, func(n int) string {
		return "Content-Type: text/html\n\n" + strings.Repeat("<blockquote>", n/2) + "the words" + strings.Repeat("<br>x", n/2)
	}},
	{"html_open_brackets", 1_000_000, func(n int) string {
		return "Content-Type: text/html\n\nthe words" + strings.Repeat("<", n)
	}},
	{"html_open_comments", 200_000, func(n int) string {
		return "Content-Type: text/html\n\nthe words" + strings.Repeat("<!--", n)
	}},
	{"html_open_tags", 300_000, func(n int) string {
		return "Content-Type: text/html\n\nthe words" + strings.Repeat("<a ", n)
	}},
	{"html_attributes", 200_000, func(n int) string {
		return "Content-Type: text/html\n\n<p" + strings.Repeat(" a=b", n) + ">the words</p>"
	}},
	{"html_open_links", 40_000, func(n int) string {
		return "Content-Type: text/html\n\nthe words" + strings.Repeat("<a href=http://b>x", n)
	}},
	{"html_long_link_text", 40_000, func(n int) string {
		return "Content-Type: text/html\n\n<a href=http://b>the words " + strings.Repeat("x<br>", n) + "</a>"
	}},
	{"html_styles", 60_000, func(n int) string {
		return "Content-Type: text/html\n\nthe words<p style='" + strings.Repeat("a:b;", n) + "'>x"
	}},
	{"html_entities", 200_000, func(n int) string {
		return "Content-Type: text/html\n\n<p>the words" + strings.Repeat("&amp", n)
	}},
	{"html_unclosed_styles", 100_000, func(n int) string {
		return "Content-Type: text/html\n\n<p>the words" + strings.Repeat("<style>", n)
	}},
	{"quoted_lines", 300_000, func(n int) string { return "\nthe words\n" + strings.Repeat(">\n", n) }},
	{"quote_attributions", 100_000, func(n int) string { return "\nthe words\n" + strings.Repeat("On Monday\n", n) }},
	{"quote_header_labels", 100_000, func(n int) string { return "\nthe words\n" + strings.Repeat("From: a\n", n) }},
	{"quote_introductions", 100_000, func(n int) string { return "\nthe words\n" + strings.Repeat("2025 10:22 a@b\n", n) }},
	{"quote_labels_of_many_languages", 100_000, func(n int) string { return "\nthe words\n" + strings.Repeat("Datum: a\nData: a\n", n/2) }},
	{"signatures_of_telephones", 50_000, func(n int) string { return "\nthe words\n" + strings.Repeat("Sent from my iPhone\n", n) }},
	{"html_quotations_in_one_another", 20_000, func(n int) string {
		return "Content-Type: text/html\n\nthe words" + strings.Repeat("<div class=gmail_quote>x<blockquote>y", n) + strings.Repeat("</blockquote>z</div>", n)
	}},
	{"html_form_fields", 100_000, func(n int) string {
		return "Content-Type: text/html\n\nthe words" + strings.Repeat("<input value=x>", n)
	}},
	{"html_cdata", 100_000, func(n int) string {
		return "Content-Type: text/html\n\nthe words" + strings.Repeat("<![CDATA[x]]>", n/2) + strings.Repeat("<![CDATA[", n/2)
	}},
	{"base64_undeclared", 200_000, func(n int) string { return "\nthe words\n\n" + strings.Repeat("QUJD\n", n) }},
	{"encoded_words_in_addresses", 60_000, func(n int) string {
		return "From: " + strings.Repeat("=?a?q?", n/2) + strings.Repeat("=?", n) + "\n\nthe words\n"
	}},
	{"subjects", 400, func(n int) string {
		return strings.Repeat("Subject: "+strings.Repeat("a", 600)+"\n", n) + "\nthe words\n"
	}},
	{"texts_attached", 400, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nthe words\n" +
			strings.Repeat("--b\nContent-Disposition: attachment; filename=a.txt\n\n"+strings.Repeat("other words ", 1000)+"\n", n)
	}},
	{"mails_attached_by_name", 400, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nthe words\n" +
			strings.Repeat("--b\nContent-Type: application/octet-stream; name=a.eml\n\nSubject: x\n\n"+strings.Repeat("other words ", 1000)+"\n", n)
	}},
	{"calendar_properties", 100_000, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nthe words " + strings.Repeat("aaaaaaaaa ", 50_000) + "\n--b\nContent-Type: text/calendar\n\n" +
			strings.Repeat("SUMMARY:aaaaaaaaaa\n", n)
	}},
	{"alternative_other_lines", 50_000, func(n int) string {
		var html strings.Builder
		for i := range n {
			fmt.Fprintf(&html, "<br>w%d", i)
		}
		return "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nthe words\n--b\nContent-Type: text/html\n\n<p>" + html.String() + "\n--b--\n"
	}},
	{"quote_signature_marks", 300_000, func(n int) string { return "\nthe words\n" + strings.Repeat("--\n", n) }},
	{"quote_labels_before_a_long_line", 500_000, func(n int) string {
		return "\nthe words\n" + strings.Repeat("From: a\nOn Monday\n--\n", 5) + strings.Repeat("a", n) + "\n"
	}},
	{"quote_one_long_line", 900_000, func(n int) string { return "\nthe words" + strings.Repeat(" wrote:", n/7) + "\n" }},
	{"base64_one_line", 10 << 20, func(n int) string {
		return "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat("QUJD", n/4)
	}},
	{"base64_no_digits", 2_000_000, func(n int) string {
		return "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat("=\n*\n", n/4)
	}},
	{"quoted_printable_signs", 1_000_000, func(n int) string {
		return "Content-Transfer-Encoding: quoted-printable\n\nthe words " + strings.Repeat("=", n)
	}},
	{"utf7_signs", 1_000_000, func(n int) string {
		return "Content-Type: text/plain; charset=utf-7\n\nthe words " + strings.Repeat("+", n)
	}},
	{"nested_messages", 100_000, func(n int) string {
		return strings.Repeat("Content-Type: message/rfc822\n\n", n) + "\nthe words\n"
	}},
	{"nested_encoded_messages", 14, func(n int) string {
		mail := "\nthe words\n"
		for range n {
			mail = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(mail))
		}
		return mail
	}},
	{"nearly_boundaries", 300_000, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=bbbbbbbbbbbbbbbbbbbb\n\nthe words\n" + strings.Repeat("--bbbbbbbbbbbbbbbbbbbbb\n", n)
	}},
	{"guessed_boundaries", 100_000, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--x\nContent-Type: multipart/mixed; boundary=c\n\n", n)
	}},
	{"same_boundary_everywhere", 50_000, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: multipart/mixed; boundary=b\n\n", n)
	}},
	{"closing_boundaries", 500_000, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nthe words\n" + strings.Repeat("--b--\n", n)
	}},
	{"carriage_returns", 5_000_000, func(n int) string { return "Subject: x\n\nthe words" + strings.Repeat("\r", n) + "\n" }},
	{"carriage_returns_only", 5_000_000, func(n int) string { return strings.Repeat("\r", n) }},
	{"zeros", 5_000_000, func(n int) string { return "Subject: x\n\nthe words" + strings.Repeat("\x00", n) }},
	{"empty_lines", 5_000_000, func(n int) string { return strings.Repeat("\n", n) }},
	{"uuencode_begins", 100_000, func(n int) string {
		return "\nthe words\n" + strings.Repeat("begin 644 a\n#86)C\nend\n", n)
	}},
	{"alternatives", 400, func(n int) string {
		return "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nthe words\n" +
			strings.Repeat("--b\nContent-Type: text/html\n\n<p>"+strings.Repeat("other words ", 1000)+"\n", n)
	}},
	{"calendars", 400, func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nthe words " + strings.Repeat("aaaaaaaaa ", 50_000) + "\n" +
			strings.Repeat("--b\nContent-Type: text/calendar\n\nSUMMARY:"+strings.Repeat("aaaaaaaa", 100)+"\n", n)
	}},
	{"report_blocks", 100_000, func(n int) string {
		return "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n" +
			strings.Repeat("Action: failed\n\n", n)
	}},
	{"flowed_lines", 300_000, func(n int) string {
		return "Content-Type: text/plain; format=flowed\n\nthe words \n" + strings.Repeat("> \n", n)
	}},
	{"authentication_results", 60_000, func(n int) string {
		return "Authentication-Results: mx.force.example; " + strings.Repeat("(", n) + strings.Repeat("dkim=pass;", n/10) + "\n\nthe words\n"
	}},
}

// TestHostileMailIsReadInLinearTime reads mails that keep other readers busy
// for minutes. The bytes looked at may only grow with the mail; the clock is a
// second, coarse guard.
func TestHostileMailIsReadInLinearTime(t *testing.T) {
	r := New(testConfig(), nil)
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			small, large := h.mail(h.n/2), h.mail(h.n)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			begun := threadTime(t)
			msg := readString(t, r, large)
			if took := threadTime(t) - begun; took > 4*time.Second {
				t.Errorf("took %v for %d bytes", took, len(large))
			}
			checkBounds(t, msg)
			if strings.Contains(large, "the words") && !strings.Contains(h.name, "nested") && !strings.Contains(large, "Content-Type: image") &&
				!strings.Contains(large, "application/pdf") && !strings.Contains(msg.Text, "the words") {
				t.Errorf("lost the words; text starts %.80q", msg.Text)
			}
			if half, whole := visited(t, r, small), visited(t, r, large); half > 0 && float64(whole)/float64(half) > 1.3*float64(len(large))/float64(len(small)) {
				t.Errorf("looked at %d bytes of %d, but %d of half of it", whole, len(large), half)
			}
		})
	}
}

// threadTime is what this thread has used of a core: a busy machine makes
// reading late, not long.
func threadTime(t *testing.T) time.Duration {
	t.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func readString(tb testing.TB, r *Reader, raw string) contact.Message {
	tb.Helper()
	msg, err := r.Read(tb.Context(), strings.NewReader(raw))
	if err != nil {
		tb.Fatal(err)
	}
	return msg
}

// visited returns how many bytes the walk looked at.
func visited(t *testing.T, r *Reader, raw string) int64 {
	w := r.walks.New().(*walk)
	w.words, w.limit = r.words, r.cfg.TextLimit
	w.reset(t.Context(), strings.NewReader(raw))
	w.mail()
	return w.lines.visited
}

// checkBounds checks what holds for every mail.
func checkBounds(tb testing.TB, msg contact.Message) {
	tb.Helper()
	if !utf8.ValidString(msg.Text) || !utf8.ValidString(msg.Authored) || !utf8.ValidString(msg.Subject) || !utf8.ValidString(msg.Sender.Name) || !utf8.ValidString(msg.Sender.Address) {
		tb.Error("text is not valid UTF-8")
	}
	if (msg.Authored == "") != (msg.Text == "") {
		tb.Errorf("authored %.60q of %.60q", msg.Authored, msg.Text)
	}
	if len(msg.Text) > 4<<20+16 || len(msg.Authored) > len(msg.Text)+16 || len(msg.Subject) > 3*maxHeaderBytes {
		tb.Errorf("%d bytes of text, %d authored, %d of subject", len(msg.Text), len(msg.Authored), len(msg.Subject))
	}
	if len(msg.Attachments) > maxParts || len(msg.Recipients) > maxAddresses || len(msg.Thread.References) > maxReferences ||
		len(msg.Thread.Participants) > maxParticipants || len(msg.Checks) > maxChecks {
		tb.Error("a list is longer than its limit")
	}
	for _, a := range msg.Attachments {
		if len(a.Name) > maxNameBytes || !utf8.ValidString(a.Name) || strings.ContainsAny(a.Name, "/\\\x00\n\r\u202e") {
			tb.Errorf("unsafe name %q", a.Name)
		}
	}
}

func TestFieldsThatMatterAreKeptBeyondTheHeaderLimit(t *testing.T) {
	r := New(testConfig(), nil)
	for _, raw := range []string{
		strings.Repeat("X-Many: a\n", 100_000) + "Subject: kept\nFrom: ann@example.org\nDate: Mon, 3 Nov 2025 10:22:33 +0000\n\nthe words\n",
		"X-Long: " + strings.Repeat("a", 1<<20) + "\nSubject: kept\nFrom: ann@example.org\nDate: Mon, 3 Nov 2025 10:22:33 +0000\n\nthe words\n",
	} {
		msg := readString(t, r, raw)
		if msg.Subject != "kept" || msg.Sender.Address != "ann@example.org" || msg.SentAt.IsZero() || msg.Text != "the words" {
			t.Errorf("read %+v", msg)
		}
		if !slices.Contains(msg.Flags, contact.ParseDegraded) {
			t.Error("not flagged")
		}
	}
}

func TestALongTextIsCutAndFlagged(t *testing.T) {
	msg := readString(t, New(testConfig(), nil), "To: contact@force.example\n\n"+strings.Repeat("word ", 1<<19))
	if len(msg.Text) > 1<<20 || len(msg.Text) < 1<<20-8 || !slices.Contains(msg.Flags, contact.Oversize) {
		t.Errorf("%d bytes, flags %v", len(msg.Text), msg.Flags)
	}
}

func TestTheLastPartsBeforeTheLimitAreKept(t *testing.T) {
	raw := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: image/png\n\nx\n", 30_000) + "--b--\n"
	msg := readString(t, New(testConfig(), nil), raw)
	if len(msg.Attachments) != maxParts-1 || !slices.Contains(msg.Flags, contact.ParseDegraded) || !slices.Contains(msg.Flags, contact.Oversize) {
		t.Errorf("%d attachments, flags %v", len(msg.Attachments), msg.Flags)
	}
}

// TestAMailInAFileThatIsCutIsFlagged: what a mail says behind its pictures, and
// the pictures, are not whole.
func TestAMailInAFileThatIsCutIsFlagged(t *testing.T) {
	c := testConfig()
	c.TextLimit = 1000
	inside := "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: image/png\r\n\r\n" + strings.Repeat("x\r\n", 1000) + "--i\r\n\r\nhe has a knife\r\n--i--\r\n"
	size := len(inside)
	signed := "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x04\x82" + string([]byte{byte(size >> 8), byte(size)}) + inside
	for kind, bytes := range map[string]string{"message/rfc822": inside, "application/pkcs7-mime": signed} {
		msg := readString(t, New(c, nil), "From: a@b\nTo: contact@force.example\nContent-Type: "+kind+"\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString([]byte(bytes))+"\n")
		if !slices.Contains(msg.Flags, contact.Oversize) {
			t.Errorf("%s: flags %v, text %q", kind, msg.Flags, msg.Text)
		}
	}
}

func TestWhatLiesTooDeepIsFlaggedAsNotRead(t *testing.T) {
	nested := func(levels int) string {
		mail := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nthank you for your letter\n--b\n"
		for i := range levels {
			mail += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return mail + "Content-Transfer-Encoding: base64\n\naGUgaGFzIGEga25pZmU=\n"
	}
	for levels, read := range map[int]bool{10: true, 30: false} {
		msg := readString(t, New(testConfig(), nil), nested(levels))
		if strings.Contains(msg.Text, "he has a knife") != read || slices.Contains(msg.Flags, contact.Oversize) == read {
			t.Errorf("%d levels: %q, flags %v", levels, msg.Text, msg.Flags)
		}
	}
	forwarded := "To: contact@force.example\n" + strings.Repeat("Content-Type: message/rfc822\n\n", 30) + "Subject: deep\n\nhe has a knife\n"
	if msg := readString(t, New(testConfig(), nil), forwarded); !slices.Contains(msg.Flags, contact.Oversize) {
		t.Errorf("30 mails in one another: flags %v", msg.Flags)
	}
}

func TestAttachmentsAreStoredByteForByte(t *testing.T) {
	data := make([]byte, 100_000)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	encoded := base64.StdEncoding.EncodeToString(data)
	var wrapped strings.Builder
	for len(encoded) > 76 {
		wrapped.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	wrapped.WriteString(encoded + "\r\n")
	binary := "line one\r\nline two\rbare\nlf\r\r\n\x00\xff end"
	raw := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee files\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		wrapped.String() + "--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + binary + "\r\n--b--\r\n"
	blobs := &memory{}
	msg := readString(t, New(testConfig(), blobs), raw)
	if len(msg.Attachments) != 2 {
		t.Fatalf("%d attachments", len(msg.Attachments))
	}
	if got := blobs.blobs[msg.Attachments[0].SHA256]; !bytes.Equal(got, data) {
		t.Errorf("base64 gave %d other bytes", len(got))
	}
	if got := blobs.blobs[msg.Attachments[1].SHA256]; string(got) != binary {
		t.Errorf("binary gave %q", got)
	}
}
