package thrive_test

import (
	"strings"
	"testing"

	"contactd/classifiers/thrive"
	"contactd/contact"
)

// BenchmarkAnnotate times a text without anything to note, and one full of it.
func BenchmarkAnnotate(b *testing.B) {
	const (
		calm = "Good morning, could you tell me when the new parking permits for Mill Street are sent out? Thanks, J"
		full = "he has a knife and threatened to kill me tonight, i have it on dashcam, blood everywhere, white van, im scared"
	)
	a, err := thrive.New(thrive.Config{})
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"100_calm_characters": calm, "500_calm_characters": strings.Repeat(calm, 5),
		"100_full_characters": full, "500_full_characters": strings.Repeat(full, 5),
	} {
		b.Run(name, func(b *testing.B) {
			message := contact.Message{Text: text, Authored: text}
			b.ReportAllocs()
			for b.Loop() {
				var notes contact.Notes
				a.Annotate(message, contact.Assessment{}, &notes)
			}
		})
	}
}
