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
	"contactd/classifiers/markers"
	"contactd/classifiers/rules"
	"contactd/classifiers/signpost"
	"contactd/classifiers/thrive"
	"contactd/cmd/contactd/hooks"
	"contactd/cmd/contactd/listener"
	"contactd/pipeline"
	"contactd/pipeline/journal"
	"contactd/pipeline/kafka"
	embedded "contactd/pipeline/kafka/broker"
)

//go:embed sample.yaml
var ownSample string

type sampleCommand struct {
	Of string `arg:"" default:"config" enum:"config,markers,thrive,signposts" help:"config: every setting. markers, thrive, signposts: the pack, form or directory that comes along, to begin your own with." optional:""`
}

// Run prints the annotated configuration, or a file that it can name.
func (s sampleCommand) Run(p *program) error {
	text := map[string]func() string{
		"config": sample, "markers": markers.Pack, "thrive": thrive.Form, "signposts": signpost.Directory,
	}[s.Of]
	p.printf("%s", text())
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
		indented(markers.Sample()),
		indented(thrive.Sample()),
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
