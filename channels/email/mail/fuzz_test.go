package mail

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"contactd/contact"
)

// FuzzRead reads any bytes as a mail: no panic, valid UTF-8, bounded, the
// sender's own words never empty while there is text, and the same again on
// the second reading.
func FuzzRead(f *testing.F) {
	mails, err := filepath.Glob("testdata/*/mail.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range mails {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, h := range hostile {
		f.Add([]byte(h.mail(min(h.n, 30))))
	}
	r := New(testConfig(), nil)
	f.Fuzz(func(t *testing.T, raw []byte) {
		msg, report, err := r.readReport(t.Context(), bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		checkBounds(t, msg)
		if len(msg.Text) > 8*len(raw)+4<<10 {
			t.Errorf("%d bytes of text from %d", len(msg.Text), len(raw))
		}
		again, _, err := r.readReport(t.Context(), bytes.NewReader(raw))
		if err != nil || again.Text != msg.Text || again.Authored != msg.Authored || len(again.Attachments) != len(msg.Attachments) {
			t.Errorf("read differently again: %v", err)
		}
		for _, each := range report.Recipients {
			if !utf8.ValidString(each.Address) {
				t.Error("report address is not valid UTF-8")
			}
		}
	})
}

// FuzzAddresses reads any bytes as an address list.
func FuzzAddresses(f *testing.F) {
	for _, seed := range []string{
		"Ann <ann@example.org>", "a@b, c@d; e@f", "\"Smith, John\" <j@x.example>", "Smith, John <j@x.example>", "x@y (comment (nested))",
		"undisclosed-recipients:;", "team: a@b, c@d;", "<@a,@b:c@d>", "<a@b", "=?utf-8?Q?J=C3=BCrgen?= <j@x>", "\"open", "mailto:z@example.org",
		"\"john smith\"@example.org", "жанна@Пример.РФ", "jo@ｂüｃher。example", "jo@\u202eexample.org", "\xff\xfe <a@b>", ",,,;;;", "\\", "(", "<\"a",
	} {
		f.Add([]byte(seed))
	}
	r := New(testConfig(), nil)
	f.Fuzz(func(t *testing.T, value []byte) {
		list := r.words.addresses(nil, value, maxAddresses)
		if len(list) > maxAddresses {
			t.Errorf("%d entries", len(list))
		}
		for _, each := range list {
			if each == (contact.Sender{}) {
				t.Error("an empty entry")
			}
			if !utf8.ValidString(each.Address) || !utf8.ValidString(each.Name) || strings.ContainsAny(each.Address+each.Name, "\r\n\x00") {
				t.Errorf("unsafe entry %q", each)
			}
			if each.Address != "" {
				if _, _, ok := cutAddress(each.Address); !ok || len(each.Address) > maxAddress || Canonical(each.Address) != each.Address {
					t.Errorf("%q is no address", each.Address)
				}
			}
		}
	})
}

// FuzzReferences reads any bytes as Message-IDs; what was read reads the same
// when it is written as a mail would.
func FuzzReferences(f *testing.F) {
	for _, seed := range []string{
		"<a@b> <c@d>", "a@b c@d", "Your mail <a@B>", "<open", "<<a@b>>", "<a b@c>", "<>", "<\xff@x>", "a@b,c@d;e@f", strings.Repeat("<a@b>", 200),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		ids := distinct(appendIDs(nil, lastBytes(value, maxReferenceLen)), maxReferences)
		if len(ids) > maxReferences {
			t.Errorf("%d ids", len(ids))
		}
		for _, id := range ids {
			if id == "" || len(id) > 4*maxID || !utf8.ValidString(id) || strings.ContainsAny(id, " \r\n\t<>") {
				t.Errorf("unsafe id %q", id)
			}
			if again := firstID([]byte("<" + id + ">")); again != id && len(id) <= maxID {
				t.Errorf("%q read again is %q", id, again)
			}
		}
	})
}

// FuzzHTMLText turns any bytes into text.
func FuzzHTMLText(f *testing.F) {
	mails, err := filepath.Glob("testdata/html_*/mail.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range mails {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		_, page, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		f.Add(page)
	}
	for _, seed := range []string{"<", "</", "</>", "<a", "<a href='x", "<!--", "<!-->", "<style>", "<textarea><p>", "<pre>\n\n", "<blockquote><blockquote>x", "<p style='font-size:0'>", "<plaintext>x<p>"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		page = validUTF8(page)
		var h htmlText
		text, quoted := h.convert(nil, nil, page)
		if !utf8.Valid(text) {
			t.Errorf("text %q is not valid UTF-8", text)
		}
		if len(text) > 8*len(page)+64 {
			t.Errorf("%d bytes of text from %d", len(text), len(page))
		}
		end := 0
		for _, q := range quoted {
			if q.start < end || q.end <= q.start || q.end > len(text) {
				t.Errorf("quotation %v after %d of %d bytes", q, end, len(text))
			}
			end = q.end
		}
	})
}

// FuzzDate reads any bytes as a date.
func FuzzDate(f *testing.F) {
	for _, seed := range []string{
		"Mon, 3 Nov 2025 10:22:33 +0000", "3-Nov-25 10.22 PM BST", "2025-11-03T10:22:33.123Z", "03/11/2025 10:22", "Mon Nov  3 10:22:33 2025",
		"Mon, 3 Nov 2025 10:22:33 +0100 (CET)", "(", "99999999999", "+-:",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if at := parseDate(value); !at.IsZero() && (at.Year() < 1969 || at.Year() > 2201) {
			t.Errorf("%q gives %v", value, at)
		}
	})
}
