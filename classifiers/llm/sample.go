package llm

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of the language model, YAML.
func Sample() string { return sample }
