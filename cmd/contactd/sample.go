package main

import (
	_ "embed"
	"strings"

	"contactd/cmd/contactd/listener"
)

//go:embed sample.yaml
var ownSample string

type sampleCommand struct{}

// Run prints the annotated configuration.
func (sampleCommand) Run(p *program) error {
	p.printf("%s", sample())
	return nil
}

// sample joins what each package says about its own section.
func sample() string {
	parts := []string{
		ownSample,
		listener.Sample(),
	}
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part) + "\n"
	}
	return strings.Join(parts, "\n")
}
