package twitter

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML, to be indented
// below channels.
func Sample() string { return sample }
