package element

import (
	"html"
	"slices"
	"strings"
)

// words is a text as a person reads it: without X's escapes, with the real
// addresses, and without those that only stand for pictures of its own.
func words(text string, links []Link) string {
	for _, link := range links {
		switch {
		case link.Short == "":
		case link.Media:
			text = strings.ReplaceAll(text, link.Short, "")
		case link.Expanded != "":
			text = strings.ReplaceAll(text, link.Short, link.Expanded)
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(html.UnescapeString(text), "\uFFFD"))
}

// schemes are taken out of texts that are compared: X makes an address of
// "example.org" too, and shows what was put before it.
var schemes = strings.NewReplacer("https://", "", "http://", "")

// Same reports whether a text that X shows is the one that was sent: X
// shortens addresses, escapes, puts names before answers and trims.
func Same(shown string, links []Link, sent string) bool {
	shown, sent = squeeze(schemes.Replace(words(shown, links))), squeeze(schemes.Replace(sent))
	for {
		if shown == sent {
			return true
		}
		name, rest, found := strings.Cut(shown, " ")
		if !found || !strings.HasPrefix(name, "@") {
			return false
		}
		shown = rest
	}
}

func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }

// empty reports whether a text names people and addresses, and says nothing.
func empty(text string) bool {
	return !slices.ContainsFunc(strings.Fields(text), func(word string) bool { return !strings.HasPrefix(word, "@") && !isLink(word) })
}

func isLink(word string) bool {
	return strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://")
}

// linkWeight is how many characters X counts for an address in a text.
const linkWeight = 23

// Weight is the length of a text as X counts it (twitter-text, configuration
// v3): two for most of what is not Latin, 23 for an address, one pair for an
// emoji however it is made.
func Weight(text string) int {
	text = strings.TrimSpace(text)
	total := strings.Count(text, " ") + strings.Count(text, "\n") + strings.Count(text, "\t")
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }) {
		if strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://") {
			total += linkWeight
			continue
		}
		joined := false
		for _, r := range word {
			switch {
			case r == 0x200D:
				joined = true
				continue
			case r == 0xFE0F, r >= 0x1F3FB && r <= 0x1F3FF, joined:
			case r <= 4351, r >= 8192 && r <= 8205, r >= 8208 && r <= 8223, r >= 8242 && r <= 8247, r >= 0x1F1E6 && r <= 0x1F1FF:
				total++
			default:
				total += 2
			}
			joined = false
		}
	}
	return total
}
