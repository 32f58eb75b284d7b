package rules

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML, to be indented
// below classifiers.
func Sample() string { return sample }

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	if c.MaxCharacters <= 0 {
		c.MaxCharacters = defaultMaxCharacters
	}
	return c
}
