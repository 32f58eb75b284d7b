package markers

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML, to be indented
// below classifiers.
func Sample() string { return sample }

// Pack is the pack that comes along, YAML.
func Pack() string { return string(defaultPack) }

// WithDefaults returns the config as it is: everything unset means the embedded
// pack alone.
func (c Config) WithDefaults() Config { return c }
