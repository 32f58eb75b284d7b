package mail

import (
	"testing"

	"contactd/contact"
)

// TestTwoSpellingsOfAnAddressAreOne: whether it is ours, who takes part, whom a
// brake counts and who was checked must not depend on the spelling.
func TestTwoSpellingsOfAnAddressAreOne(t *testing.T) {
	const ascii, letters = "xn--yl-9ua.cymru", "Ŵyl.cymru"
	for _, own := range []string{ascii, letters} {
		c := testConfig()
		c.Addresses = []string{"contact@" + own}
		r := New(c, nil)
		for _, domain := range []string{ascii, letters, "XN--YL-9UA.cymru", "ŵyl。cymru"} {
			msg := readString(t, r, "From: contact@"+domain+"\nTo: ann@example.org\n\nx\n")
			if msg.Automatic != contact.OwnMessage {
				t.Errorf("%s is not known as %s", domain, own)
			}
			msg = readString(t, r, "From: Ann <ann@example.org>\nTo: contact+x@"+domain+"\n\nx\n")
			if len(msg.Flags) > 0 {
				t.Errorf("mail to %s is %v for %s", domain, msg.Flags, own)
			}
		}
	}
	r := New(testConfig(), nil)
	for _, domain := range []string{ascii, letters} {
		for _, checked := range []string{ascii, letters} {
			msg := readString(t, r, "Authentication-Results: mx.force.example; dmarc=pass header.from="+checked+"\nFrom: Siân <siân@"+domain+">\nTo: contact@force.example\n\nx\n")
			if msg.Authenticity != contact.Verified {
				t.Errorf("%s, checked as %s, is %s", domain, checked, msg.Authenticity)
			}
			if to := msg.Answer.Rules.To; len(to) != 1 || to[0] != "siân@"+ascii || msg.Thread.Participants[0] != to[0] {
				t.Errorf("%s is answered at %v and takes part as %v", domain, to, msg.Thread.Participants)
			}
		}
	}
}

// TestAnAddressIsNeverGuessed: in which charset raw bytes were meant, nobody
// knows, and each makes another person's address of them.
func TestAnAddressIsNeverGuessed(t *testing.T) {
	r := New(testConfig(), nil)
	for name, each := range map[string]struct{ header, to, automatic string }{
		"sender":      {"From: jos\xe9@example.org", "", ""},
		"domain":      {"From: Ann <ann@b\xfccher.example>", "", ""},
		"reply-to":    {"From: ann@example.org\nReply-To: <jos\xe9@example.org>", "ann@example.org", "ann@example.org"},
		"return path": {"From: ann@example.org\nReturn-Path: <jos\xe9@example.org>", "ann@example.org", ""},
	} {
		msg := readString(t, r, each.header+"\nTo: contact@force.example\n\nx\n")
		answer, _ := DecodeAnswer(msg.Answer.Address)
		if answer.To != each.to || answer.Automatic != each.automatic || msg.Answer.Rules.Allowed != (each.to != "") {
			t.Errorf("%s: %+v, rules %+v", name, answer, msg.Answer.Rules)
		}
		for _, person := range msg.Thread.Participants {
			if isGuess(person) {
				t.Errorf("%s: %q takes part", name, person)
			}
		}
	}
}

func TestReportsSpellAddressesInTheirWay(t *testing.T) {
	r := New(testConfig(), nil)
	for value, want := range map[string]string{
		"utf-8; жанна@пример.рф":                 "жанна@xn--e1afmkfd.xn--p1ai",
		`UTF-8;jos\x{E9}\x{2B}x@example.org`:     "josé+x@example.org",
		`utf-8; a\x{110000}\x{}\x{4@example.org`: `a\x{110000}\x{}\x{4@example.org`,
		`rfc822; a\x{e9}@example.org`:            `a\x{e9}@example.org`,
		"josé@example.org":                       "josé@example.org",
	} {
		if got := typedAddress([]byte(value), r.words); got != want {
			t.Errorf("%q is read as %q, want %q", value, got, want)
		}
	}
}
