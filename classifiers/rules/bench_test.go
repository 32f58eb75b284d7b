package rules_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"contactd/classifiers"
	"contactd/classifiers/rules"
	"contactd/contact"
)

// ordinary is a message as most are: no rule graded above Scheduled fires.
const ordinary = "Good morning, could you tell me when the new parking permits for Mill Street are sent out? Thank you, Joan. " +
	"I applied on the website three weeks ago and have had a letter since, but the letter only says that the office is busy. " +
	"My neighbour at number nine got hers on Tuesday. It would help to know before the weekend because my sister is visiting " +
	"from Leeds with her caravan and will want somewhere to leave it. If there is a form to fill in I can do that at the library. " +
	"Kind regards and many thanks for your time."

func BenchmarkGrade(b *testing.B) {
	repeated := strings.Repeat("he has got my door in the house and he is on the stairs with a big now please ", 3000)
	arabic := strings.Repeat("مرحبا أريد أن أعرف متى يفتح مكتب الشرطة ", 3)
	for name, text := range map[string]string{
		"100_characters":   ordinary[:100],
		"500_characters":   ordinary[:500],
		"emergency_100":    "please help he has a knife and is kicking the front door in, my kids are hiding upstairs with me now",
		"arabic_120":       arabic,
		"4000_characters":  strings.Repeat(ordinary+"\n\n", 8)[:4000],
		"disguised_100":    "h e l p  m e he's g0t a kn1fe and he is k!cking the d-o-o-r iiiinnn plz hurrrry, 12 Mill Lane, upstairs",
		"200000_repeating": repeated[:200_000],
		"100000_in_pieces": strings.Repeat("k. ", 33_333),
	} {
		b.Run(name, func(b *testing.B) {
			c := newRules(b, rules.Config{})
			message := contact.Message{Text: text, Authored: text}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Grade(context.Background(), message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPack reads a message without and with a force's own pack.
func BenchmarkPack(b *testing.B) {
	file := filepath.Join(b.TempDir(), "own.yaml")
	own := "version: own-1\nrules:\n- id: own.venue\n  grade: priority\n  category: violence\n  text: the summer fair\n  phrases: [summer fair, fair on the green]\n"
	if err := os.WriteFile(file, []byte(own), 0o600); err != nil {
		b.Fatal(err)
	}
	message := contact.Message{Text: ordinary[:100], Authored: ordinary[:100]}
	for name, config := range map[string]rules.Config{"without": {}, "with": {File: file}} {
		b.Run(name, func(b *testing.B) {
			c := newRules(b, config)
			for b.Loop() {
				if _, err := c.Grade(context.Background(), message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPanel(b *testing.B) {
	panel := classifiers.NewPanel(classifiers.Config{}, newRules(b, rules.Config{}))
	message := contact.Message{Text: ordinary[:100], Authored: ordinary[:100]}
	b.ReportAllocs()
	for b.Loop() {
		panel.Assess(context.Background(), message)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := rules.New(rules.Config{}); err != nil {
			b.Fatal(err)
		}
	}
}
