package webchat

import (
	_ "embed"
	"strings"

	"contactd/channels/webchat/forms"
)

//go:embed sample.yaml
var sample string

// Sample is the annotated configuration of this package, YAML, to be indented
// below channels.
func Sample() string {
	var commented strings.Builder
	for line := range strings.Lines(forms.Sample()) {
		commented.WriteString(strings.TrimRight("  # "+line, " \n") + "\n")
	}
	return sample + commented.String()
}
