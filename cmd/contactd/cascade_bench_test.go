package main

import (
	"context"
	"strings"
	"testing"

	"contactd/contact"
)

// BenchmarkCascade times rules, language and learned classifier together, as
// the daemon seats them. The limits are 30 us for 100 characters and 200 us
// for 500.
func BenchmarkCascade(b *testing.B) {
	const ordinary = "Good morning, could you tell me when the new parking permits for Mill Street are sent out? Thanks, J"
	panel, err := newPanel(classifiersConfig{})
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"100_characters": ordinary,
		"500_characters": strings.Repeat(ordinary, 5),
	} {
		b.Run(name, func(b *testing.B) {
			message := contact.Message{Text: text, Authored: text, Channel: contact.Channel{Kind: "email"}}
			b.ReportAllocs()
			for b.Loop() {
				panel.Assess(context.Background(), message)
			}
		})
	}
}
