package main

import (
	"context"
	"fmt"

	"contactd/classifiers"
	"contactd/cmd/contactd/strict"
	"contactd/contact"
)

// urgency tells a channel which texts must not be kept waiting.
type urgency struct{ panel *classifiers.Panel }

// Urgent implements webchat.Judge.
func (u urgency) Urgent(text string) bool {
	judged := u.panel.Assess(context.Background(), contact.Message{
		Channel: contact.Channel{Kind: "webchat", Direction: "inbound"}, Text: text, Authored: text,
	})
	return judged.Grade == contact.Emergency
}

// demoChannels are what runs without a configuration: a chat to try, for
// programs on this machine.
const demoChannels = "webchat: {demo: true}\n"

func demonstration() (map[string]strict.Section, error) {
	section, err := strict.Parse("demonstration", []byte(demoChannels), func(string) (string, bool) { return "", false })
	if err != nil {
		return nil, fmt.Errorf("read demonstration: %w", err)
	}
	var channels map[string]strict.Section
	return channels, section.Decode(&channels)
}

// demoPage is a channel with a page to try it on.
type demoPage interface {
	// DemoURL is where the page is, empty when there is none, or not yet.
	DemoURL(ctx context.Context) string
}
