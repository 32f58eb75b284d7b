package oauth

import (
	"errors"
	"fmt"
	"net/url"
)

// Flow is how a token is got.
type Flow string

// The flows. ClientCredentials is an application's own right (Exchange
// Online); RefreshToken is a person's consent, given once (Gmail).
const (
	ClientCredentials Flow = "client_credentials"
	RefreshToken      Flow = "refresh_token"
)

// Config says where tokens come from.
type Config struct {
	// TokenURL is the provider's token endpoint, https (http on this machine
	// only). Required.
	TokenURL string `yaml:"token_url"`
	// ClientID names the application at the provider. Required.
	ClientID string `yaml:"client_id"`
	// ClientSecret, or the file that holds it, read with every request.
	ClientSecret     Secret `yaml:"client_secret"`
	ClientSecretFile string `yaml:"client_secret_file"`
	// Scopes are asked for. Exchange Online:
	// https://outlook.office365.com/.default. Default: none.
	Scopes []string `yaml:"scopes"`
	// Flow is "client_credentials" (default) or "refresh_token".
	Flow Flow `yaml:"flow"`
	// RefreshTokenFile holds the refresh token; the provider's new ones are
	// written to it, so its folder must be writable. Required for
	// refresh_token.
	RefreshTokenFile string `yaml:"refresh_token_file"`
}

// Secret is a string that does not print.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// GoString hides the secret.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Validate returns all that is wrong with c, each with its key.
func (c Config) Validate() error {
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	address, err := url.Parse(c.TokenURL)
	switch {
	case c.TokenURL == "":
		problem("token_url: missing")
	case err != nil || address.Host == "":
		problem("token_url: want a URL")
	case address.Scheme != "https" && (address.Scheme != "http" || !loopback(address.Hostname())):
		problem("token_url: want https, or the secret could be read on the way")
	}
	if c.ClientID == "" {
		problem("client_id: missing")
	}
	switch c.Flow {
	case "", ClientCredentials:
		if (c.ClientSecret == "") == (c.ClientSecretFile == "") {
			problem("client_secret: set either client_secret or client_secret_file")
		}
	case RefreshToken:
		if c.ClientSecret != "" && c.ClientSecretFile != "" {
			problem("client_secret: set client_secret or client_secret_file, not both")
		}
		if c.RefreshTokenFile == "" {
			problem("refresh_token_file: missing")
		}
	default:
		problem("flow: want client_credentials or refresh_token")
	}
	return errors.Join(wrong...)
}
