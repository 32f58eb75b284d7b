package panel

import (
	"context"
	"strings"
	"testing"

	"contactd/classifiers"
	"contactd/classifiers/linear"
	"contactd/contact"
)

// BenchmarkCascade times rules, language and learned classifier together, as
// the daemon seats them. The limits are 30 us for 100 characters and 200 us
// for 500.
func BenchmarkCascade(b *testing.B) {
	const ordinary = "Good morning, could you tell me when the new parking permits for Mill Street are sent out? Thanks, J"
	panel, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	candidate, err := linear.New(linear.Config{})
	if err != nil {
		b.Fatal(err)
	}
	shadowed := classifiers.NewShadow(panel, candidate, Learned, func(_, _ contact.Grade) {}, func() {})
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
		b.Run(name+"_and_a_candidate", func(b *testing.B) {
			message := contact.Message{Text: text, Authored: text, Channel: contact.Channel{Kind: "email"}}
			for b.Loop() {
				shadowed.Assess(context.Background(), message)
			}
		})
	}
}

// BenchmarkNotes times what is noted beside the grade: places, signpost, markers
// and THRIVE hints. In the calm text there is nothing to note; the other is full
// of it.
func BenchmarkNotes(b *testing.B) {
	const (
		calm = "Good morning, could you tell me when the new parking permits for Mill Street are sent out? Thanks, J"
		full = "my mum, 84, has dementia and lives alone. dont ring me he checks my phone, reply only after 6 hes here"
	)
	seated, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"100_calm_characters": calm, "500_calm_characters": strings.Repeat(calm, 5),
		"100_full_characters": full, "500_full_characters": strings.Repeat(full, 5),
	} {
		b.Run(name, func(b *testing.B) {
			message := contact.Message{Text: text, Authored: text, Channel: contact.Channel{Kind: "email"}}
			noting, err := seated.Annotated(judged{seated.Assess(context.Background(), message)}, Config{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				noting.Assess(context.Background(), message)
			}
		})
	}
}

// judged is an assessor that has judged already.
type judged struct{ assessment contact.Assessment }

func (j judged) Assess(context.Context, contact.Message) contact.Assessment { return j.assessment }
