package mail

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"contactd/contact"
)

func TestAMailSaysHowItIsAnswered(t *testing.T) {
	r := New(testConfig(), nil)
	long := strings.Repeat("x", 60)
	var references []string
	for n := range 300 {
		references = append(references, fmt.Sprintf("<%d.%s@example.org>", n, long))
	}
	for name, each := range map[string]struct {
		raw  string
		want Answer
	}{
		"as it came": {
			"From: Ann <ann@example.org>\nTo: contact@force.example\nSubject: =?utf-8?q?h=C3=A9lp?=\nMessage-ID: <Q1@Example.ORG>\n\nx\n",
			Answer{To: "ann@example.org", Name: "Ann", Subject: "hélp", ID: "Q1@Example.ORG", Automatic: "ann@example.org"},
		},
		"reply-to and return path": {
			"Return-Path: <bounces.of.ann@example.org>\nFrom: Ann <ann@example.org>\nReply-To: contact@force.example, <other@example.org>\nTo: contact@force.example\n" +
				"References: <a@B> <c@d>\n <e@f>\nIn-Reply-To: <e@f>\n\nx\n",
			Answer{To: "other@example.org", References: []string{"a@B", "c@d", "e@f"}, Automatic: "bounces.of.ann@example.org"},
		},
		"parent without references": {
			"From: ann@example.org\nTo: contact@force.example\nMessage-ID: <q@x>\nIn-Reply-To: <p@x>\n\nx\n",
			Answer{To: "ann@example.org", ID: "q@x", References: []string{"p@x"}, Automatic: "ann@example.org"},
		},
		"ids that cannot be repeated": {
			"From: ann@example.org\nTo: contact@force.example\nMessage-ID: <\xe9@x>\nReferences: <a b@x> <c@x> <e\u2028@x> <d@x\n\nx\n",
			Answer{To: "ann@example.org", References: []string{"c@x"}, Automatic: "ann@example.org"},
		},
		"in all letters": {
			"From: Жанна <жанна@Пример.РФ>\nTo: contact@force.example\nMessage-ID: <три@пример.рф>\nReferences: <один@Пример.рф>\n\nx\n",
			Answer{To: "жанна@xn--e1afmkfd.xn--p1ai", Name: "Жанна", ID: "три@пример.рф", References: []string{"один@Пример.рф"}, Automatic: "жанна@xn--e1afmkfd.xn--p1ai"},
		},
	} {
		msg := readString(t, r, each.raw)
		got, err := DecodeAnswer(msg.Answer.Address)
		if err != nil || !reflect.DeepEqual(got, each.want) {
			t.Errorf("%s: %+v, want %+v, %v", name, got, each.want, err)
		}
		if rules := msg.Answer.Rules; !rules.Allowed || !reflect.DeepEqual(rules.To, []string{each.want.To}) {
			t.Errorf("%s: rules %+v", name, rules)
		}
	}
	msg := readString(t, r, "From: ann@example.org\nTo: contact@force.example\nMessage-ID: <q@x>\nSubject: "+strings.Repeat("é", 1000)+"\nReferences: "+strings.Join(references, "\n ")+"\n\nx\n")
	got, err := DecodeAnswer(msg.Answer.Address)
	if err != nil || len(msg.Answer.Address) > contact.AnswerLimit || !utf8.ValidString(got.Subject) {
		t.Fatalf("%d bytes, %v", len(msg.Answer.Address), err)
	}
	if n := len(got.References); n < 30 || got.References[0] != "0."+long+"@example.org" || got.References[n-1] != "299."+long+"@example.org" {
		t.Errorf("%d references, the first %q, the last %q", n, got.References[0], got.References[n-1])
	}
}

func TestMachinesAndNobodyAreNotAnswered(t *testing.T) {
	r := New(testConfig(), nil)
	for raw, reason := range map[string]string{
		"From: ann@example.org\nAuto-Submitted: auto-replied\n\nx\n":                     "automatic_mail",
		"From: ann@example.org\nList-Id: <l.example.org>\n\nx\n":                         "automatic_mail",
		"Return-Path: <>\nFrom: mailer-daemon@example.org\n\nx\n":                        "automatic_mail",
		"From: contact@force.example\n\nx\n":                                             "automatic_mail",
		"Subject: from nobody\n\nx\n":                                                    "no_address",
		"From: jos\xe9@example.org\n\nx\n":                                               "no_address",
		"From: undisclosed\nAuthentication-Results: mx.force.example; dmarc=fail\n\nx\n": "no_address",
	} {
		if a := readString(t, r, raw).Answer; a.Address != "" || a.Rules.Allowed || a.Rules.Reason != reason {
			t.Errorf("%q: %+v", raw, a)
		}
	}
}

// TestAutomaticAnswersHaveBrakes: research on mail loops and RFC 3834.
func TestAutomaticAnswersHaveBrakes(t *testing.T) {
	r := New(testConfig(), nil)
	for header, want := range map[string]string{
		"": "ann@example.org",
		"X-Auto-Response-Suppress: DR, NDR, RN, NRN\n":           "ann@example.org",
		"Auto-Submitted: no (really)\n":                          "ann@example.org",
		"Return-Path: <ann.other@example.org>\n":                 "ann.other@example.org",
		"X-Auto-Response-Suppress: DR, OOF\n":                    "",
		"X-Auto-Response-Suppress: All\n":                        "",
		"X-Auto-Response-Suppress: DR,AutoReply\n":               "",
		"Return-Path: <>\n":                                      "",
		"Return-Path: <contact+x@force.example>\n":               "",
		"Return-Path: <owner-list@example.org>\n":                "",
		"Return-Path: <list-request@example.org>\n":              "",
		"Return-Path: <bounces+ann=example.org@example.org>\n":   "",
		"Return-Path: <MAILER-DAEMON@example.org>\n":             "",
		"Return-Path: <no_reply@example.org>\n":                  "",
		"Precedence: bulk\n":                                     "",
		"List-Unsubscribe: <mailto:x@example.org>\n":             "",
		"Auto-Submitted: AUTO-GENERATED; x=y\n":                  "",
		"X-Loop: yes\n":                                          "",
		"X-Autoreply: yes\n":                                     "",
		"Authentication-Results: mx.force.example; dmarc=fail\n": "",
		"Subject: Automatic reply: Re: your report\n":            "",
		"Subject: Ateb awtomatig: Eich neges\n":                  "",
		"Subject: =?utf-8?Q?R=C3=A9ponse_automatique_:_Vol?=\n":  "",
		"Subject: Abwesenheitsnotiz\n":                           "",
		"Subject: ODPOWIEDŹ AUTOMATYCZNA: x\n":                   "",
		"Subject: 自动回复：x\n":                                      "",
		"Subject: Out of Office AutoReply - x\n":                 "",
		"Subject: Re: Automatic reply: Re: your report\n":        "ann@example.org",
		"Subject: Out of office hours burglary\n":                "ann@example.org",
		"Subject: Automatic replying machine stolen\n":           "ann@example.org",
	} {
		msg := readString(t, r, header+"From: Ann <ann@example.org>\nTo: contact@force.example\n\nx\n")
		got, _ := DecodeAnswer(msg.Answer.Address)
		if got.Automatic != want {
			t.Errorf("%q: automatic answer to %q, want %q", header, got.Automatic, want)
		}
	}
	for _, raw := range []string{
		"From: noreply@example.org\nTo: contact@force.example\n\nx\n",
		"From: ann@example.org\nTo: undisclosed-recipients:;\n\nblind copy\n",
	} {
		msg := readString(t, r, raw)
		if got, err := DecodeAnswer(msg.Answer.Address); err != nil || got.Automatic != "" {
			t.Errorf("%q: %+v, %v", raw, got, err)
		}
	}
}

// FuzzAnswer decodes any text, and answers any mail in a form that is bounded
// and reads back.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"to":"a@b"}`, `{"to":"a@b","name":"x\r\ny","references":["<>",""]}`, `{}`, `null`, `[1]`, "", `{"to":5}`,
		"From: a@b\nReply-To: <c@d>\nMessage-ID: <x@y>\nReferences: <1@2> <3@4>\n\nx", "From: a@b\nReturn-Path: <e@f>\nSubject: " + strings.Repeat("\\\"", 900) + "\n\nx",
	} {
		f.Add(seed)
	}
	r := New(testConfig(), nil)
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := DecodeAnswer(text); err == nil {
			if _, _, ok := cutAddress(a.To); !ok {
				t.Errorf("no address in %+v", a)
			}
		}
		msg := readString(t, r, text)
		if msg.Answer.Address == "" {
			if msg.Answer.Rules.Allowed {
				t.Error("allowed, and no address")
			}
			return
		}
		if len(msg.Answer.Address) > contact.AnswerLimit {
			t.Errorf("%d bytes", len(msg.Answer.Address))
		}
		a, err := DecodeAnswer(msg.Answer.Address)
		if err != nil || a.To != msg.Answer.Rules.To[0] {
			t.Errorf("%+v does not read back: %v", a, err)
		}
		for _, each := range append([]string{a.To, a.Name, a.Subject, a.ID, a.Automatic}, a.References...) {
			if strings.ContainsAny(each, "\r\n\x00") {
				t.Errorf("%q could begin a header", each)
			}
		}
	})
}
