package email

import (
	"errors"
	"strings"
	"unicode"

	"contactd/channels/email/mail"
	"contactd/contact"

	"golang.org/x/net/idna"
)

// deliverable returns an address in the form that most servers take: with its
// domain in ASCII, unless the local part needs SMTPUTF8 anyway. Then the domain
// stands in its own letters, as in the person's own mail program, because not
// every server knows its name in both forms.
func deliverable(address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "", errors.New("no automatic answer may be sent to this mail")
	}
	local, domain := address[:at], strings.ToLower(address[at+1:])
	var err error
	if !mail.IsASCII(domain) { // what is ASCII the mail server judges: some have an underscore
		domain, err = idna.Lookup.ToASCII(domain)
	}
	switch {
	case err != nil || domain == "":
		return "", errors.New("the domain of the address is malformed")
	case strings.ContainsFunc(local+domain, isUndeliverable):
		return "", errors.New("the address has characters that mail servers do not take")
	case mail.IsASCII(local):
		return local + "@" + domain, nil
	}
	if letters, err := idna.Lookup.ToUnicode(domain); err == nil {
		domain = letters
	}
	return local + "@" + domain, nil
}

// isUndeliverable tells what must not stand in an address as it is; what is
// not UTF-8 comes as the replacement character.
func isUndeliverable(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == '<' || r == '>' || r == unicode.ReplacementChar
}

// isInternational reports whether a reply goes to an address that only servers
// with SMTPUTF8 take.
func isInternational(address string, reply contact.Reply) bool {
	answer, err := mail.DecodeAnswer(address)
	to := answer.To
	if reply.Automatic {
		to = answer.Automatic
	}
	to, wrong := deliverable(to)
	return err == nil && wrong == nil && !mail.IsASCII(to)
}
