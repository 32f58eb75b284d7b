package linear

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of the learned classifier, YAML.
func Sample() string { return sample }
