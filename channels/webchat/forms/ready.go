package forms

import (
	_ "embed"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed ready.yaml
var ready string

// Sample is the annotated configuration of two forms that are ready for use,
// YAML, a list to be indented below forms.
func Sample() string { return ready }

// Ready returns the forms of the sample, for a demonstration.
func Ready() ([]Form, error) {
	var list []Form
	err := yaml.NewDecoder(strings.NewReader(ready), yaml.Strict()).Decode(&list)
	return list, err
}
