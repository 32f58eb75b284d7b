package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"contactd/contact"
)

func TestATypicalMailIsRead(t *testing.T) {
	msg := readString(t, New(testConfig(), nil), typicalMail())
	if msg.Sender != (contact.Sender{Address: "ann@example.org", Name: "Ann Citizen"}) || msg.Subject != "Re: he’s back" ||
		msg.Authenticity != contact.Verified || len(msg.Flags) > 0 || strings.Count(msg.Text, "children") != 8 {
		t.Errorf("read %+v", msg)
	}
}

func TestAFailingSourceIsAnErrorAndNotAMail(t *testing.T) {
	cause := errors.New("disk gone")
	for _, raw := range []string{"Subject: x\n", "Subject: x\n\nbody", "Content-Type: image/png\n\nx", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n"} {
		_, err := New(testConfig(), &memory{}).Read(t.Context(), io.MultiReader(strings.NewReader(raw), iotest.ErrReader(cause)))
		if !errors.Is(err, cause) {
			t.Errorf("%q gave %v", raw, err)
		}
	}
}

// refusing is a blob store without room.
type refusing struct{ memory }

var errFull = errors.New("disk full")

func (*refusing) Store(_ context.Context, r io.Reader) (contact.Blob, error) {
	_, _ = io.CopyN(io.Discard, r, 3)
	return contact.Blob{}, errFull
}

func TestARefusingBlobStoreIsAnError(t *testing.T) {
	_, err := New(testConfig(), &refusing{}).Read(t.Context(), strings.NewReader("Content-Type: image/png\n\n"+strings.Repeat("x\n", 1000)))
	if !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "xx") {
		t.Error("the error holds the contact's bytes")
	}
}

func TestAMailInSmallPiecesReadsTheSame(t *testing.T) {
	r := New(testConfig(), nil)
	whole := readString(t, r, typicalMail())
	for _, source := range []io.Reader{iotest.OneByteReader(strings.NewReader(typicalMail())), iotest.DataErrReader(strings.NewReader(typicalMail()))} {
		msg, err := r.Read(t.Context(), source)
		if err != nil || msg.Text != whole.Text || fmt.Sprint(msg) != fmt.Sprint(whole) {
			t.Errorf("read %+v, %v", msg, err)
		}
	}
}

func TestOneReaderReadsManyMailsAtOnce(t *testing.T) {
	r := New(testConfig(), &memory{})
	var group sync.WaitGroup
	for _, name := range []string{"mixed_with_picture", "html_gmail_reply", "uuencode_inline", "forward_base64_encoded"} {
		raw, err := os.ReadFile("testdata/" + name + "/mail.eml")
		if err != nil {
			t.Fatal(err)
		}
		want, err := r.Read(t.Context(), bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			for range 50 {
				got, err := r.Read(t.Context(), bytes.NewReader(raw))
				if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s read differently: %v", name, err)
				}
			}
		})
	}
	group.Wait()
}

func TestTheConfigNamesWhatIsWrong(t *testing.T) {
	err := Config{Addresses: []string{"contact@force.example", "nobody"}, FallbackCharset: "klingon", TextLimit: -1, ThreadKeys: [][]byte{[]byte("short")}}.Validate()
	for _, want := range []string{"addresses[1]", "fallback_charset", "text_limit", "thread key 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "short") {
		t.Error("the error shows a key")
	}
	if err := testConfig().Validate(); err != nil {
		t.Error(err)
	}
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
}

func TestTheFallbackCharsetIsTheDesksChoice(t *testing.T) {
	cfg := testConfig()
	cfg.FallbackCharset = "windows-1250"
	raw := "Content-Type: text/plain; charset=us-ascii\n\nm\xb9\xbf grozi mi no\xbfem\n"
	if msg := readString(t, New(cfg, nil), raw); msg.Text != "mąż grozi mi nożem" {
		t.Errorf("read %q", msg.Text)
	}
}

const (
	conversation = "c-0123456789abcdefghijklmnop"
	reply        = "r-abcdefghijklmnopqrstuv0123"
)

func TestAThreadTokenNamesItsConversationOnly(t *testing.T) {
	tokens := NewTokens([]byte("the first key, long enough"), []byte("an older key, long enough"))
	token, err := tokens.Sign(conversation)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := tokens.Verify(strings.ToUpper(token)); !ok || got != conversation {
		t.Errorf("verified as %q, %v", got, ok)
	}
	old, _ := NewTokens([]byte("an older key, long enough")).Sign(conversation)
	if got, ok := tokens.Verify(old); !ok || got != conversation {
		t.Error("a token of the older key is refused")
	}
	for i := range token {
		forged := []byte(token)
		forged[i] = "0123456789abcdefghijklmnopqrstuv"[(strings.IndexByte("0123456789abcdefghijklmnopqrstuv", token[i])+1)%32]
		if _, ok := tokens.Verify(string(forged)); ok {
			t.Errorf("a change at %d is accepted", i)
		}
	}
	foreign, _ := NewTokens([]byte("somebody else's key, long")).Sign(conversation)
	for _, bad := range []string{"", foreign, token[1:], token + "0", strings.Repeat("é", 21), strings.Repeat("0", tokenLen)} {
		if _, ok := tokens.Verify(bad); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
	for _, bad := range []string{"", "c-", "c-short", "m-0123456789abcdefghijklmnop", "c-0123456789abcdefghijklmnoz"} {
		if _, err := tokens.Sign(bad); err == nil {
			t.Errorf("%q was signed", bad)
		}
	}
	if _, err := (Tokens{}).Sign(conversation); err == nil {
		t.Error("signed without a key")
	}
	if _, err := tokens.Sign(contact.ConversationID("email", "contact", "x")); err != nil {
		t.Errorf("a real conversation key is refused: %v", err)
	}
}

func TestAMessageIDNamesItsReplyOnly(t *testing.T) {
	tokens := NewTokens([]byte("the first key, long enough"), []byte("an older key, long enough"))
	id, err := tokens.MessageID(conversation, reply, "force.example")
	if err != nil {
		t.Fatal(err)
	}
	if c, r, ok := tokens.Reply(strings.ToUpper(id)); !ok || c != conversation || r != reply {
		t.Errorf("read as %q, %q, %v", c, r, ok)
	}
	old, _ := NewTokens([]byte("an older key, long enough")).MessageID(conversation, reply, "x")
	if _, _, ok := tokens.Reply(old); !ok {
		t.Error("an id signed with the older key is refused")
	}
	for i := range messageIDLen {
		forged := []byte(id)
		if forged[i] != '.' {
			forged[i] = "0123456789abcdefghijklmnopqrstuv"[(strings.IndexByte("0123456789abcdefghijklmnopqrstuv", id[i])+1)%32]
		} else {
			forged[i] = 'a'
		}
		if _, _, ok := tokens.Reply(string(forged)); ok {
			t.Errorf("a change at %d is accepted", i)
		}
	}
	// The token of the conversation, which every recipient has, makes no id.
	token, _ := tokens.Sign(conversation)
	for _, bad := range []string{"", "@", token + "@x", token[:conversationLen] + "." + reply[2:] + "." + token[conversationLen:] + "@x", strings.Repeat(".", messageIDLen), strings.Repeat("é", messageIDLen/2)} {
		if _, _, ok := tokens.Reply(bad); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
	for _, bad := range []string{"", "r-", "reply-1", "c-abcdefghijklmnopqrstuv0123", "r-abcdefghijklmnopqrstuv012\n"} {
		if _, err := tokens.MessageID(conversation, bad, "x"); err == nil {
			t.Errorf("%q was signed", bad)
		}
	}
	if _, err := tokens.MessageID(conversation, contact.ReplyID(conversation, "1"), "x"); err != nil {
		t.Errorf("the id of a real reply is refused: %v", err)
	}
}

func TestOurAddressFitsALocalPart(t *testing.T) {
	tokens := NewTokens([]byte("the first key, long enough"))
	address, err := tokens.Address("contact@force.example", conversation)
	if err != nil {
		t.Fatal(err)
	}
	if local, _, _ := cutAddress(address); len(local) > 64 {
		t.Errorf("local part of %d bytes", len(local))
	}
	if again, err := tokens.Address(address, conversation); err != nil || again != address {
		t.Errorf("signed twice: %q, %v", again, err)
	}
}

func TestAnAnswerFindsItsConversationByToken(t *testing.T) {
	r := New(testConfig(), nil)
	address, err := r.tokens.Address("contact@force.example", conversation)
	if err != nil {
		t.Fatal(err)
	}
	id, err := r.tokens.MessageID(conversation, reply, "force.example")
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"plus address":    "From: ann@example.org\nTo: " + strings.ToUpper(address) + "\n\nyes\n",
		"delivered to":    "From: ann@example.org\nTo: x@example.org\nDelivered-To: " + address + "\n\nyes\n",
		"delivered on":    "From: ann@example.org\nTo: x@example.org\nDelivered-To: box17@store.example\nDelivered-To: " + address + "\n\nyes\n",
		"in reply to":     "From: ann@example.org\nTo: contact@force.example\nIn-Reply-To: <" + id + ">\n\nyes\n",
		"last references": "From: ann@example.org\nTo: contact@force.example\nReferences: <a@b> <" + id + "> <c@d>\n\nyes\n",
		"bounce": "From: mailer-daemon@example.org\nReturn-Path: <>\nTo: contact@force.example\nX-Failed-Recipients: ann@example.org\n\n" +
			"Not delivered:\nMessage-ID: <" + id + ">\n",
	} {
		msg := readString(t, r, raw)
		if msg.Thread.Token != conversation {
			t.Errorf("%s: token %q", name, msg.Thread.Token)
		}
		if slices.Contains(msg.Flags, contact.NotAddressed) || slices.ContainsFunc(msg.Thread.Participants, r.isOwn) {
			t.Errorf("%s: our plus-address is taken for somebody else's: %+v", name, msg)
		}
	}
	msg := readString(t, r, "From: ann@example.org\nTo: contact+"+strings.Repeat("0", tokenLen)+"@force.example\n\nyes\n")
	if msg.Thread.Token != "" {
		t.Error("a forged token is believed")
	}
}

func TestOurOwnMailComesBackMarked(t *testing.T) {
	r := New(testConfig(), nil)
	id, err := r.tokens.MessageID(conversation, reply, "force.example")
	if err != nil {
		t.Fatal(err)
	}
	if msg := readString(t, r, "From: list@example.org\nMessage-ID: <"+id+">\n\nx\n"); msg.Automatic != contact.OwnMessage {
		t.Errorf("marked %q", msg.Automatic)
	}
	forged := "From: contact@force.example\nAuthentication-Results: mx.force.example; dmarc=fail\n\nhelp me\n"
	if msg := readString(t, r, forged); msg.Automatic == contact.OwnMessage || msg.Authenticity != contact.Suspect {
		t.Errorf("a forged sender is marked %q, %q", msg.Automatic, msg.Authenticity)
	}
}

func TestExchangeResultsCountOnlyAtTheTop(t *testing.T) {
	cfg := testConfig()
	cfg.AuthservID = "-"
	exchange := "Authentication-Results: spf=pass (sender IP is 192.0.2.1; ok)\n smtp.mailfrom=example.org; dkim=none (message not signed)\n header.d=none;dmarc=pass action=none header.from=example.org;compauth=pass reason=100\n"
	r := New(cfg, nil)
	if msg := readString(t, r, exchange+"From: ann@example.org\n\nx\n"); msg.Authenticity != contact.Verified || !slices.Equal(msg.Checks, []string{"spf=pass", "dkim=none", "dmarc=pass", "compauth=pass"}) {
		t.Errorf("%q %v", msg.Authenticity, msg.Checks)
	}
	if msg := readString(t, r, "Authentication-Results: mx.other.example; spf=none\n"+exchange+"From: ann@example.org\n\nx\n"); msg.Authenticity != contact.Claimed {
		t.Errorf("results further down are believed: %q", msg.Authenticity)
	}
	if msg := readString(t, r, exchange+"From: chief@other.example\n\nx\n"); msg.Authenticity != contact.Claimed {
		t.Errorf("another author's results are believed: %q", msg.Authenticity)
	}
	if msg := readString(t, r, exchange+"From: ann@example.org, chief@other.example\n\nx\n"); msg.Authenticity != contact.Claimed {
		t.Errorf("one of two authors is believed: %q", msg.Authenticity)
	}
	if msg := readString(t, New(Config{}, nil), exchange+"From: ann@example.org\n\nx\n"); msg.Authenticity != contact.Claimed {
		t.Errorf("believed without a configured server: %q", msg.Authenticity)
	}
}

func TestDatesAreReadInManyForms(t *testing.T) {
	want := time.Date(2025, 11, 3, 10, 22, 33, 0, time.UTC)
	for _, each := range []string{
		"Mon, 3 Nov 2025 10:22:33 +0000", "Mon, 03 Nov 2025 11:22:33 +0100 (CET)", "3 Nov 25 10:22:33 GMT", "Mon Nov  3 10:22:33 2025",
		"2025-11-03T10:22:33Z", "2025-11-03T11:22:33.123+01:00", "2025-11-03 10:22:33 UTC", "03/11/2025 10:22:33", "3-Nov-2025 10:22:33 -0000",
		"Monday, November 3, 2025 10:22:33 AM", "Mon, 3 Nov 2025 10.22.33 +0000", "Mon, 3 Nov 2025 05:22:33 EST", "Mon,3 Nov 2025 10:22:33",
	} {
		if got := parseDate([]byte(each)); !got.Equal(want) {
			t.Errorf("%q gives %v", each, got)
		}
	}
	for _, each := range []string{"", "yesterday", "Mon, 99 Nov 2025 10:22:33", "1 Jan 1601 00:00:00", "10:22"} {
		if got := parseDate([]byte(each)); !got.IsZero() {
			t.Errorf("%q gives %v", each, got)
		}
	}
}

func TestCharsetsAreFoundByTheNamesThatMailsUse(t *testing.T) {
	for _, name := range []string{
		"UTF-8", "utf8", "\"utf-8\"", "ISO-8859-1", "iso8859-1", "ISO_8859-1", "latin1", "iso-8859-15", "ISO-8859-8-I", "windows-1252", "cp1252", "cp-1252", "x-cp1250",
		"windows-874", "koi8-r", "KOI8-U", "Shift_JIS", "x-sjis", "cp932", "windows-31j", "EUC-JP", "iso-2022-jp", "gb2312", "GBK", "x-gbk", "cp936", "gb18030", "HZ-GB-2312",
		"big5", "Big5-HKSCS", "euc-kr", "ks_c_5601-1987", "cp949", "utf-7", "unicode-1-1-utf-7", "utf-16", "UTF-16LE", "utf-32", "macintosh", "ibm850", "cp850", "cp437", "ibm866", "tis-620",
		"utf-8 (comment)", "utf-8; format=flowed",
	} {
		if lookupCharset(name) == nil {
			t.Errorf("%q is unknown", name)
		}
	}
	for _, name := range []string{"", "us-ascii", "unknown-8bit", "x-unknown", "made-up", strings.Repeat("x", 1000)} {
		if lookupCharset(name) != nil {
			t.Errorf("%q is known", name)
		}
	}
}
