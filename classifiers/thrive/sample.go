package thrive

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML, to be indented
// below classifiers.
func Sample() string { return sample }

// Form is the form that comes along, YAML.
func Form() string { return string(defaultForm) }

// WithDefaults returns the config as it is: everything unset means the embedded
// form.
func (c Config) WithDefaults() Config { return c }
