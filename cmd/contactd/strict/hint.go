package strict

import "strings"

// hint says which key was probably meant, or which there are.
func hint(wrong string, keys []string) string {
	best, distance := "", 3
	for _, key := range keys {
		if d := edits(wrong, key); d < distance {
			best, distance = key, d
		}
	}
	switch {
	case best != "":
		return ", did you mean " + best + "?"
	case len(keys) == 0:
		return ", nothing can be set here"
	default:
		return "; known here: " + strings.Join(keys, ", ")
	}
}

// edits counts how many letters must change to make b of a (Levenshtein).
// Long words are not compared: no key is as long.
func edits(a, b string) int {
	const long = 64
	if len(a) > long || len(b) > long {
		return long
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
