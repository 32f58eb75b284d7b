package journal

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML.
func Sample() string { return sample }

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config { return c.withDefaults() }
