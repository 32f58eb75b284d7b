package llm

import (
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// Config says which model is asked, and how much. Without an endpoint nobody
// is.
type Config struct {
	// Endpoint is the base address of an OpenAI-compatible interface, with its
	// version, such as http://127.0.0.1:8000/v1; empty to ask nobody.
	Endpoint string `yaml:"endpoint"`
	// Model is the name of the model there.
	Model string `yaml:"model"`
	// KeyFile holds the key that the endpoint wants; empty for none.
	KeyFile string `yaml:"key_file"`
	// Mask hides phone numbers, addresses, names after a title, plates and the
	// like from the endpoint; default true.
	Mask *bool `yaml:"mask"`
	// Timeout is how long one message may take, tries included; default 5s.
	Timeout time.Duration `yaml:"timeout"`
	// InFlight is how many messages are asked about at a time; default 4.
	InFlight int `yaml:"in_flight"`
	// MaxCharacters is how much of a message is shown, in code points; default
	// 6000.
	MaxCharacters int `yaml:"max_characters"`
	// MaxAnswer bounds an answer, in tokens; default 400.
	MaxAnswer int `yaml:"max_answer"`
	// TokensPerHour bounds what is spent in any hour; default 2000000.
	TokensPerHour int `yaml:"tokens_per_hour"`
	// Now is the clock; time.Now when nil.
	Now func() time.Time `yaml:"-"`
}

//go:embed sample.yaml
var sample string

// Sample is the configuration with every key, as comments.
func Sample() string { return sample }

// Enabled reports whether anybody is asked.
func (c Config) Enabled() bool { return c.Endpoint != "" }

// WithDefaults returns the configuration with the defaults filled in.
func (c Config) WithDefaults() Config {
	if c.Mask == nil {
		mask := true
		c.Mask = &mask
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.InFlight == 0 {
		c.InFlight = 4
	}
	if c.MaxCharacters == 0 {
		c.MaxCharacters = 6000
	}
	if c.MaxAnswer == 0 {
		c.MaxAnswer = 400
	}
	if c.TokensPerHour == 0 {
		c.TokensPerHour = 2_000_000
	}
	return c
}

// Validate returns every problem of the configuration, joined.
func (c Config) Validate() error {
	if !c.Enabled() {
		return nil
	}
	var problems []error
	if at, err := url.Parse(c.Endpoint); err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		problems = append(problems, errors.New("endpoint: want an address such as http://127.0.0.1:8000/v1"))
	}
	if c.Model == "" {
		problems = append(problems, errors.New("model: missing; name the model that the endpoint serves"))
	}
	if c.Timeout < 0 {
		problems = append(problems, fmt.Errorf("timeout %v: must not be negative", c.Timeout))
	}
	for _, each := range []struct {
		key   string
		value int
	}{
		{"in_flight", c.InFlight},
		{"max_characters", c.MaxCharacters},
		{"max_answer", c.MaxAnswer},
		{"tokens_per_hour", c.TokensPerHour},
	} {
		if each.value < 0 {
			problems = append(problems, fmt.Errorf("%s %d: must not be negative", each.key, each.value))
		}
	}
	return errors.Join(problems...)
}

func (c Config) key() (string, error) {
	if c.KeyFile == "" {
		return "", nil
	}
	content, err := os.ReadFile(c.KeyFile)
	if err != nil {
		return "", fmt.Errorf("read key_file: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}
