package delivery

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"contactd/channels/webhook"
)

// Header carries the signature: "sha256=" and the hexadecimal HMAC-SHA256 of
// the body under the app's secret. The older X-Hub-Signature is SHA-1 and not
// looked at.
const Header = "X-Hub-Signature-256"

// Verify returns nil when the body was signed with one of the secrets.
//
// Meta signs the body with every character beyond ASCII written as \uXXXX, and
// normally sends just that. A proxy that decodes it breaks the signature; so
// when it does not fit and the body holds such characters, it is tried once
// more over the body with those written out again, and over nothing else.
func Verify(secrets *webhook.Secrets, header string, body []byte) error {
	text, found := strings.CutPrefix(header, "sha256=")
	if !found {
		return errors.New("verify signature: no " + Header)
	}
	mac, err := hex.DecodeString(text)
	if err != nil || len(mac) != 32 || strings.ToLower(text) != text {
		return fmt.Errorf("verify signature: want 64 lower-case hexadecimal digits, got %d characters", len(text))
	}
	err = secrets.Check(body, mac)
	if err == nil || !beyondASCII(body) || !utf8.Valid(body) {
		return err
	}
	return secrets.Check(Escape(body), mac)
}

func beyondASCII(body []byte) bool {
	for _, b := range body {
		if b >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// Escape writes every character beyond ASCII as \uXXXX, lower-case, those
// beyond the basic plane as a surrogate pair.
func Escape(body []byte) []byte {
	out := make([]byte, 0, len(body)+len(body)/2)
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		switch {
		case r < utf8.RuneSelf:
			out = append(out, body[0])
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		body = body[size:]
	}
	return out
}
