package main

import (
	_ "embed"
	"strings"

	"contactd/channels/email"
	"contactd/channels/facebook"
	"contactd/channels/twitter"
	"contactd/channels/webchat"
	"contactd/classifiers"
	"contactd/classifiers/linear"
	"contactd/classifiers/llm"
	"contactd/classifiers/rules"
	"contactd/classifiers/signpost"
	"contactd/cmd/contactd/hooks"
	"contactd/cmd/contactd/listener"
	"contactd/pipeline"
	"contactd/pipeline/journal"
	"contactd/pipeline/kafka"
	embedded "contactd/pipeline/kafka/broker"
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
		hooks.Sample(),
		journal.Sample(),
		kafka.Sample(),
		embedded.Sample(),
		pipeline.Sample(),
		classifiers.Sample(),
		indented(rules.Sample()),
		indented(linear.Sample()),
		indented(llm.Sample()),
		indented(signpost.Sample()),
		"# Where messages come in.\nchannels:\n" + indented(email.Sample()) + "\n" + indented(webchat.Sample()) + "\n" + indented(facebook.Sample()) + "\n" + indented(twitter.Sample()),
	}
	for i, part := range parts {
		parts[i] = strings.Trim(part, "\n") + "\n"
	}
	return strings.Join(parts, "\n")
}

// indented moves a section into the one before it.
func indented(section string) string {
	lines := strings.Split(section, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n")
}
