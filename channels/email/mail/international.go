package mail

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Canonical returns an address with its domain in ASCII (A-labels, RFC 5890):
// two spellings of a domain become one, and every server takes it. The local
// part stays as it is, because only its own server knows what else it means
// (RFC 6530, 10.1); so does a domain that is none.
func Canonical(address string) string {
	local, domain, ok := cutAddress(address)
	if !ok {
		return address
	}
	return local + "@" + canonicalDomain(domain)
}

// IsASCII reports whether every server takes s in an address or a header.
func IsASCII(s string) bool { return isASCII([]byte(s)) }

func canonicalDomain(domain string) string {
	if isASCII([]byte(domain)) {
		return domain
	}
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		return ascii
	}
	return domain
}

// isGuess reports whether an address holds bytes that nobody can read: the one
// that was meant may be any.
func isGuess(address string) bool { return strings.Contains(address, replacement) }

// withoutEscapes reads what a report may write for the characters of an
// internationalised address (RFC 6533, section 3): \x{436}.
func withoutEscapes(address string) string {
	var out strings.Builder
	for {
		before, rest, _ := strings.Cut(address, `\x{`)
		digits, after, ok := strings.Cut(rest, "}")
		code, err := strconv.ParseUint(digits, 16, 32)
		if !ok || err != nil || !utf8.ValidRune(rune(code)) {
			out.WriteString(address)
			return out.String()
		}
		out.WriteString(before)
		out.WriteRune(rune(code))
		address = after
	}
}
