package servers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	tokenIssuer = "https://issuer.test"
	tokenKey    = "a key that only these tests know"
)

// Token returns a bearer token for user that the server believes until
// expires (unless it was told to ask an introspection URL).
func (d *DovecotServer) Token(t testing.TB, user string, expires time.Time) string {
	t.Helper()
	claims, err := json.Marshal(map[string]any{
		"sub": user, "iss": tokenIssuer, "iat": expires.Add(-time.Hour).Unix(), "exp": expires.Unix(),
	})
	must(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(tokenKey))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// configureTokens writes how the server checks bearer tokens.
func (d *DovecotServer) configureTokens(t testing.TB, introspect string) {
	t.Helper()
	settings := []string{
		"introspection_mode = local",
		"local_validation_key_dict = fs:posix:prefix=" + d.dir + "/keys/",
		"username_attribute = sub",
		"issuers = " + tokenIssuer,
	}
	if introspect != "" {
		settings = []string{
			"introspection_mode = post",
			"introspection_url = " + introspect,
			"force_introspection = yes",
			"active_attribute = active",
			"active_value = true",
			"username_attribute = username",
		}
	}
	d.write(t, "oauth2.conf.ext", strings.Join(settings, "\n")+"\n")
	key := d.path("keys/default/HS256/default")
	must(t, os.MkdirAll(filepath.Dir(key), 0o755))
	must(t, os.WriteFile(key, []byte(base64.StdEncoding.EncodeToString([]byte(tokenKey))), 0o644))
}
