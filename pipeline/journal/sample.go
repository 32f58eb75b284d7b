package journal

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML.
func Sample() string { return sample }
