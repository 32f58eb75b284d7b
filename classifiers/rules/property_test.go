package rules_test

import (
	"context"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"contactd/contact"

	"contactd/classifiers/rules"
)

// seeds are messages of every grade to add noise to.
var seeds = []string{
	"he has a knife and he is kicking the bedroom door in, please hurry",
	"my brother has taken an overdose and he is not breathing properly",
	"there is a man on the wrong side of the railings on the flyover bridge",
	"the house next door is on fire and people are inside",
	"someone is in my house, I can hear them downstairs",
	"I was raped on Saturday by someone I know",
	"my ex keeps following me home from work",
	"someone broke into our shed last week and took two bikes",
	"when is the front desk open on Sundays please",
	"chciałabym zgłosić że sąsiad bije żonę i dzieci bardzo płaczą proszę przyjechać",
}

// harmless are texts that say nothing urgent, in whole sentences.
var harmless = []string{
	"Thank you for your time.",
	"The library is open on Sundays.",
	"Kind regards, Joan Smith",
	"> On Monday you wrote:\n> Your enquiry has been passed to the team.\n> Please quote the reference.",
	"Sent from my phone",
	"I hope this helps and have a lovely day.",
}

// alike are letters of other scripts that look like a Latin one.
var alike = map[rune]rune{'a': 'а', 'e': 'е', 'o': 'о', 'p': 'р', 'c': 'с', 'i': 'і', 'x': 'х', 'y': 'у', 's': 'ѕ', 'h': 'һ', 'k': 'к'}

func TestNoiseNeverLowersAGrade(t *testing.T) {
	c := newRules(t, rules.Config{})
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SampledFrom(seeds).Draw(t, "seed")
		before := grade(t, c, seed).Grade
		noisy := disguise(t, seed)
		if after := grade(t, c, noisy).Grade; before.Above(after) {
			t.Fatalf("%q is %v, %q is %v", seed, before, noisy, after)
		}
	})
}

// disguise writes each letter plainly or in some other way of looking the same.
func disguise(t *rapid.T, text string) string {
	english := text[0] < 0x80 && !strings.ContainsRune(text, 'ł')
	var out strings.Builder
	for _, r := range text {
		switch rapid.IntRange(0, 12).Draw(t, "way") {
		case 0:
			out.WriteRune('\u200b')
			out.WriteRune(r)
		case 1:
			if english {
				r = unicode.ToUpper(r)
			}
			out.WriteRune(r)
		case 2:
			out.WriteRune(r)
			if unicode.IsLetter(r) {
				out.WriteRune('\u0335')
			}
		case 3:
			if other, ok := alike[r]; ok {
				r = other
			}
			out.WriteRune(r)
		case 4:
			if 'a' <= r && r <= 'z' {
				r += 'ａ' - 'a'
			}
			out.WriteRune(r)
		case 5:
			if 'a' <= r && r <= 'z' {
				r += '𝐚' - 'a'
			}
			out.WriteRune(r)
		case 6:
			if r == ' ' {
				out.WriteString(rapid.SampledFrom([]string{"  ", "\u00a0", " \u2028", "\n", ", ", " - ", "\t"}).Draw(t, "space"))
				continue
			}
			out.WriteRune(r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

func TestHarmlessTextAroundNeverLowersAGrade(t *testing.T) {
	c := newRules(t, rules.Config{})
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SampledFrom(seeds).Draw(t, "seed")
		before := grade(t, c, seed).Grade
		parts := append(rapid.SliceOfN(rapid.SampledFrom(harmless), 0, 4).Draw(t, "before"), seed)
		parts = append(parts, rapid.SliceOfN(rapid.SampledFrom(harmless), 0, 4).Draw(t, "after")...)
		all := strings.Join(parts, "\n\n")
		message := contact.Message{Text: all, Authored: rapid.SampledFrom([]string{all, seed}).Draw(t, "authored")}
		opinion, err := c.Grade(context.Background(), message)
		if err != nil || before.Above(opinion.Grade) {
			t.Fatalf("%q is %v, within %q it is %v, %v", seed, before, all, opinion.Grade, err)
		}
	})
}
