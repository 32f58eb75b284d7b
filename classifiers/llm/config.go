package llm

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Config says which language model is asked, and how much. The zero value asks
// none.
type Config struct {
	// URL is the endpoint's base, such as "http://127.0.0.1:8000/v1". Empty:
	// no language model is asked.
	URL string `yaml:"url"`
	// Model is the model's name at the endpoint. Required with URL.
	Model string `yaml:"model"`
	// APIKey is sent as a bearer token; APIKeyFile is a file that holds it, read
	// at every call. Default none.
	APIKey     Secret `yaml:"api_key"`
	APIKeyFile string `yaml:"api_key_file"`
	// CAFile holds the PEM certificates of the authorities to trust. Default
	// those of the system.
	CAFile string `yaml:"ca_file"`
	// OnPremises says that the endpoint is the force's own, so that messages go
	// there as they are. Default false; an address of this machine or of a
	// private network counts as on premises by itself.
	OnPremises bool `yaml:"on_premises"`
	// Timeout bounds one call. Default 10s.
	Timeout time.Duration `yaml:"timeout"`
	// MaxAge is how long after acceptance a message is still asked about: an
	// endpoint that is away is waited for as long. Default 30m.
	MaxAge time.Duration `yaml:"max_age"`
	// InFlight is how many calls there are at a time. Default 4.
	InFlight int `yaml:"in_flight"`
	// MaxCharacters is how much of a message is shown; of a longer one the
	// beginning and the end. Default 6000.
	MaxCharacters int `yaml:"max_characters"`
	// MaxAnswerTokens bounds an answer. Default 500.
	MaxAnswerTokens int `yaml:"max_answer_tokens"`
	// TokensPerMinute and TokensPerDay are the budget of any minute and of any 24
	// hours, counted before a call as the most that it can cost, and from the start
	// of the program: it forgets what it spent. Default 0: no limit.
	TokensPerMinute int `yaml:"tokens_per_minute"`
	TokensPerDay    int `yaml:"tokens_per_day"`
}

// The least that may be configured: a budget, in tokens, and how much of a
// message is shown, in characters.
const (
	leastBudget = 10_000
	leastShown  = 200
)

// Enabled reports whether a language model is configured.
func (c Config) Enabled() bool { return c.URL != "" }

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.MaxAge == 0 {
		c.MaxAge = 30 * time.Minute
	}
	for _, each := range []struct {
		value    *int
		fallback int
	}{{&c.InFlight, 4}, {&c.MaxCharacters, 6000}, {&c.MaxAnswerTokens, 500}} {
		if *each.value == 0 {
			*each.value = each.fallback
		}
	}
	return c
}

// Validate returns every problem, each with its key. It reads no file.
func (c Config) Validate() error {
	var problems []error
	wrong := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("classifiers.llm."+key+": "+format, args...))
	}
	u, err := url.Parse(c.URL)
	switch {
	case c.URL == "":
		if c.Model != "" || c.APIKey != "" || c.APIKeyFile != "" {
			wrong("url", "is missing, but other keys of llm are set")
		}
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		wrong("url", "want http(s)://host[:port]/v1")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		wrong("url", "want no user, query or fragment; a key goes into api_key_file")
	case u.Scheme == "http" && c.Foreign():
		wrong("url", "want https for an endpoint that is not on premises")
	}
	if c.URL != "" && c.Model == "" {
		wrong("model", "is missing")
	}
	if c.APIKey != "" && c.APIKeyFile != "" {
		wrong("api_key", "want either api_key or api_key_file")
	}
	for key, value := range map[string]time.Duration{"timeout": c.Timeout, "max_age": c.MaxAge} {
		if value < 0 {
			wrong(key, "want a positive duration, got %v", value)
		}
	}
	for key, value := range map[string]int{"in_flight": c.InFlight, "max_answer_tokens": c.MaxAnswerTokens} {
		if value < 0 {
			wrong(key, "want 1 or more, got %d", value)
		}
	}
	if c.MaxCharacters < 0 || c.MaxCharacters > 0 && c.MaxCharacters < leastShown || c.MaxCharacters > 100_000 {
		wrong("max_characters", "want %d to 100000, got %d", leastShown, c.MaxCharacters)
	}
	for key, value := range map[string]int{"tokens_per_minute": c.TokensPerMinute, "tokens_per_day": c.TokensPerDay} {
		if least := c.WithDefaults().mostTokens(); value != 0 && value < least {
			wrong(key, "want 0 for no limit, or at least the %d that one call may cost, got %d", least, value)
		}
	}
	return errors.Join(problems...)
}

// mostTokens is what one call may cost, so that any budget holds one. No
// tokenizer makes more than one token of a byte, but of words it makes one of
// three or four; two bytes a token is above what any text in use costs.
func (c Config) mostTokens() int {
	return max(leastBudget, (len(instructions)+4*c.MaxCharacters)/2+c.MaxAnswerTokens)
}

// Foreign reports whether the endpoint is somebody else's, as far as its
// address tells: names are not looked up, because the answer may change.
func (c Config) Foreign() bool {
	if c.OnPremises {
		return false
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return true
	}
	host := strings.ToLower(u.Hostname())
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return false
	}
	address, err := netip.ParseAddr(host)
	return err != nil || !address.IsLoopback() && !address.IsPrivate() && !address.IsLinkLocalUnicast()
}

// Secret is text that is never shown; string(s) is the text.
type Secret string

const redacted = "[redacted]"

// String hides the text.
func (Secret) String() string { return redacted }

// GoString hides the text from %#v.
func (Secret) GoString() string { return redacted }

// LogValue hides the text from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the text from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
