package signpost

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML, to be indented
// below classifiers.
func Sample() string { return sample }

// Directory is the directory that comes along, YAML.
func Directory() string { return string(defaultDirectory) }

// WithDefaults returns the config as it is: everything unset means the
// embedded directory alone.
func (c Config) WithDefaults() Config { return c }
