package classifiers

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of the panel, YAML. The sections of
// the methods follow it, indented.
func Sample() string { return sample }

// WithDefaults returns the config with every unset value filled, as NewPanel
// does.
func (c Config) WithDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.InFlight <= 0 {
		c.InFlight = defaultInFlight
	}
	return c
}
