package disguise

import (
	_ "embed"
	"strings"
)

//go:embed spellings.txt
var shippedSpellings string

// spellings are words by how else they are spelt.
func readSpellings(lines string) map[string]string {
	words := map[string]string{}
	for line := range strings.Lines(lines) {
		part := strings.Fields(line)
		if len(part) == 0 || part[0] == "#" {
			continue
		}
		for _, spelling := range part[1:] {
			words[spelling] = part[0]
		}
	}
	return words
}
