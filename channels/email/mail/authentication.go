package mail

import (
	"bytes"
	"strings"

	"golang.org/x/net/publicsuffix"

	"contactd/contact"
)

// maxChecks bounds the results kept of one Authentication-Results field.
const maxChecks = 16

// authenticity judges the sender's address by the topmost
// Authentication-Results field of our own mail server. It reads tolerantly:
// Exchange names no server, and comments hold semicolons.
func (r *Reader) authenticity(h *header, from []contact.Sender) (contact.Authenticity, []string) {
	value := r.ownResults(h)
	if value == nil {
		return contact.Claimed, nil
	}
	var domain string
	if len(from) == 1 { // of several authors nobody knows which was checked
		_, domain, _ = cutAddress(from[0].Address)
	}
	var checks []string
	passed, failed, dkim, spfFailed := false, false, false, false
	for result := range bytes.SplitSeq(withoutComments(value), []byte(";")) {
		method, verdict, rest := cutResult(result)
		if method == "" || len(checks) == maxChecks {
			continue
		}
		checks = append(checks, method+"="+verdict)
		switch method {
		case "dmarc":
			named := property(rest, "header.from")
			passed = passed || verdict == "pass" && domain != "" && (named == "" || sameOrganisation(named, domain))
			failed = failed || verdict == "fail"
		case "dkim":
			signer := property(rest, "header.d")
			if signer == "" {
				_, signer, _ = strings.Cut(property(rest, "header.i"), "@")
			}
			dkim = dkim || verdict == "pass"
			passed = passed || verdict == "pass" && sameOrganisation(signer, domain)
		case "spf":
			spfFailed = spfFailed || verdict == "fail" || verdict == "hardfail"
		}
	}
	switch {
	case failed || spfFailed && !dkim:
		return contact.Suspect, checks
	case passed:
		return contact.Verified, checks
	}
	return contact.Claimed, checks
}

// ownResults returns the topmost field that our server wrote, without its
// name, or nil. Exchange's form counts only at the very top: further down
// anybody could have written it.
func (r *Reader) ownResults(h *header) []byte {
	if r.cfg.AuthservID == "" {
		return nil
	}
	for i := range h.fields {
		if !h.is(i, "Authentication-Results") {
			continue
		}
		value := h.value(i)
		name, rest, _ := bytes.Cut(value, []byte(";"))
		if r.cfg.AuthservID == "-" {
			if bytes.IndexByte(withoutComments(name), '=') >= 0 {
				return value
			}
			return nil
		}
		fields := bytes.Fields(withoutComments(name)) // the name may be followed by a version
		if len(fields) > 0 && strings.EqualFold(string(fields[0]), r.cfg.AuthservID) {
			return rest
		}
	}
	return nil
}

// withoutComments removes (nested) comments outside quotes.
func withoutComments(value []byte) []byte {
	if bytes.IndexByte(value, '(') < 0 {
		return value
	}
	out := make([]byte, 0, len(value))
	depth, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && (depth > 0 || quoted):
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
		case quoted:
			out = append(out, c)
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			out = append(out, c)
		}
	}
	return out
}

// cutResult splits "dkim=pass header.d=x" into method, verdict and the rest.
func cutResult(result []byte) (method, verdict string, rest []byte) {
	before, after, ok := bytes.Cut(result, []byte("="))
	if !ok {
		return "", "", nil
	}
	method = intern(bytes.TrimSpace(before))
	method, _, _ = strings.Cut(method, "/") // a version: dkim/1
	after = bytes.TrimSpace(after)
	end := bytes.IndexAny(after, " \t")
	if end < 0 {
		end = len(after)
	}
	verdict = intern(after[:end])
	if !isWord(method) || !isWord(verdict) {
		return "", "", nil
	}
	return method, verdict, after[end:]
}

// isWord keeps what a sender could smuggle in out of the checks.
func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && !isDigit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 20
}

// property returns the lower-case value of name in the rest of a result.
func property(rest []byte, name string) string {
	for field := range bytes.FieldsSeq(rest) {
		if key, value, ok := bytes.Cut(field, []byte("=")); ok && equalWord(key, name) {
			return strings.ToLower(strings.Trim(string(value), "\"@"))
		}
	}
	return ""
}

// sameOrganisation reports whether two domains belong to one owner (relaxed
// alignment of DMARC).
func sameOrganisation(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	a, b = canonicalDomain(a), canonicalDomain(b)
	if strings.EqualFold(a, b) {
		return true
	}
	x, errX := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a))
	y, errY := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return errX == nil && errY == nil && x == y
}
