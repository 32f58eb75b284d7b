package llm

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// speaking are ways in which a message addresses a machine. A hit raises and
// lowers nothing: it only makes a calm answer no ground for calm. So it may
// hit too often; the rules grade such a message by what else it says. They are
// made when first asked for, which a program without a model never does.
var speaking = sync.OnceValue(func() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`\b(ignore|disregard|forget|override|bypass)\b.{0,40}\b(previous|prior|above|earlier|all|any|your|the)\b.{0,30}\b(instruction|prompt|rule|polic|message|guideline|direction)`),
		regexp.MustCompile(`(^|[\s"'{<\[|(#])(system|assistant|developer|user|tool)\s*(:|>|\]|\|)`),
		regexp.MustCompile(`<\|?\s*/?\s*(im_start|im_end|system|assistant|user|s|inst|sys|endoftext|eot_id)`),
		regexp.MustCompile(`\[\s*/?\s*(inst|sys|system)\s*\]|###\s*(instruction|system|response|assistant)`),
		regexp.MustCompile(`["']?\b(grade|severity|urgency|priority|classification|label|risk)\b["']?\s*[:=]\s*["']?(resolution|scheduled|none|low|routine|not urgent|spam|admin|0)`),
		regexp.MustCompile(`\b(grade|classify|label|mark|rate|treat|categorise|categorize|answer|respond|reply|return|output|print)\b.{0,30}\b(as|with|only|json)\b.{0,20}\b(resolution|routine|low|spam|scheduled|not urgent|admin|no action|json)`),
		regexp.MustCompile(`\b(dear|hey|hello|hi|to the|attention|note to|you are|you're|as) (an? |the )?(ai|llm|chatbot|bot|language model|assistant|classifier|algorithm|gpt|chatgpt|model)\b`),
		regexp.MustCompile(`\b(system prompt|jailbreak|developer mode|debug mode|you are now|act as|pretend to be|role ?play as|do anything now|new instructions|end of (prompt|message|instructions|input)|(do not|don't|dont) (escalate|flag|alert|grade))\b`),
		regexp.MustCompile(`"(evidence|speaks_to_machine|quote)"\s*:`),
	}
})

// speaksToMachine reports whether a text seems to be meant for a machine. It is
// read without disguise: compatibility forms folded, marks and invisible
// characters left out, spaces counted as one.
func speaksToMachine(text string) bool {
	var plain strings.Builder
	space := false
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.IsSpace(r):
			if !space {
				plain.WriteByte(' ')
			}
			space = true
			continue
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
			continue
		}
		space = false
		plain.WriteRune(unicode.ToLower(r))
	}
	folded := plain.String()
	for _, each := range speaking() {
		if each.MatchString(folded) {
			return true
		}
	}
	return false
}
