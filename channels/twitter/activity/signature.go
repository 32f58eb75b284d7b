package activity

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"contactd/channels/webhook"
)

// Header carries the signature: "sha256=" and the HMAC-SHA256 of the body
// under the app's consumer secret, in base64 (Meta's is hexadecimal).
const Header = "X-Twitter-Webhooks-Signature"

// Verify returns nil when the body was signed with one of the secrets.
func Verify(secrets *webhook.Secrets, header string, body []byte) error {
	text, found := strings.CutPrefix(header, "sha256=")
	if !found {
		return errors.New("verify signature: no " + Header)
	}
	mac, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(mac) != 32 || base64.StdEncoding.EncodeToString(mac) != text { // one form alone
		return errors.New("verify signature: want 32 bytes in base64")
	}
	return secrets.Check(body, mac)
}

// crcToken is what a token of X's looks like. Nothing else is signed: the
// challenge and deliveries are signed with the same secret in the same way, so
// whoever could have JSON signed here could forge a delivery.
var crcToken = regexp.MustCompile(`^[A-Za-z0-9+/=_.-]{1,200}$`)

// Challenge answers X's question whether the address is ours (CRC): it signs
// the token with the first secret.
func Challenge(secrets *webhook.Secrets) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("crc_token")
		if !crcToken.MatchString(token) {
			http.Error(w, "want crc_token", http.StatusBadRequest)
			return
		}
		keys, _ := secrets.Keys() // the last that could be read
		if len(keys) == 0 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"response_token": "sha256=" + base64.StdEncoding.EncodeToString(webhook.Sign(keys[0], []byte(token))),
		})
	}
}
