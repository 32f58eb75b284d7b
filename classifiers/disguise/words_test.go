package disguise

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"contactd/classifiers/fold"
)

// labelled are the messages that the words are taken from.
const labelled = "../linear/testdata/uk-contact/*.csv"

// TestWordsAreThoseOfPlainMessages holds words.txt to the labelled messages
// that are neither in disguise nor in another language: no word in it was
// written less often there. With -update it is counted anew.
func TestWordsAreThoseOfPlainMessages(t *testing.T) {
	words, pairs := countWords(t)
	if *update {
		if err := os.WriteFile("words.txt", encodeWords(words, pairs), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v, err := readVocabulary(shippedWords, shippedSpellings)
	if err != nil {
		t.Fatal(err)
	}
	for i := range v.words {
		if word, count := v.text(i), v.written(int32(i)).count; float32(words[word]) < count {
			t.Errorf("%q is counted %v times and was written %d times", word, count, words[word])
		}
	}
	if len(v.words) < 10_000 || len(v.pairs) < 10_000 {
		t.Errorf("only %d words and %d pairs", len(v.words), len(v.pairs))
	}
}

var update = flag.Bool("update", false, "count the words of the labelled messages anew")

// countWords counts words of small letters, and which follow another within a
// sentence.
func countWords(t *testing.T) (words map[string]int, pairs map[[2]string]int) {
	words, pairs = map[string]int{}, map[[2]string]int{}
	files, err := filepath.Glob(labelled)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		text, notes := slices.Index(rows[0], "text"), slices.Index(rows[0], "notes")
		for _, row := range rows[1:] {
			if !strings.HasSuffix(row[notes], "type=obfuscated") && !strings.HasSuffix(row[notes], "type=lang") {
				countIn(row[text], words, pairs)
			}
		}
	}
	return words, pairs
}

func countIn(text string, words map[string]int, pairs map[[2]string]int) {
	var folded fold.Text
	fold.Fold(&folded, text, nil, 100_000)
	before := ""
	for i := range folded.Tokens {
		word := string(folded.Word(i))
		if folded.Tokens[i].Marks&fold.AfterStop != 0 {
			before = ""
		}
		if strings.ContainsFunc(word, func(c rune) bool { return c < 'a' || c > 'z' }) || len(word) == 1 && !strings.Contains("aiurn", word) {
			before = ""
			continue
		}
		words[word]++
		if before != "" {
			pairs[[2]string{before, word}]++
		}
		before = word
	}
}

// encodeWords writes words with their counts, and pairs that were written more
// than once.
func encodeWords(words map[string]int, pairs map[[2]string]int) []byte {
	var out bytes.Buffer
	for _, word := range slices.Sorted(maps.Keys(words)) {
		_, _ = fmt.Fprintln(&out, word, words[word])
	}
	for _, pair := range slices.SortedFunc(maps.Keys(pairs), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		if pairs[pair] > 1 {
			_, _ = fmt.Fprintln(&out, pair[0], pair[1], pairs[pair])
		}
	}
	return out.Bytes()
}

func TestAVocabularyThatIsNotInOrderIsRefused(t *testing.T) {
	if _, err := readVocabulary("a 3\nam 2\ni 4\na i 2\ni a 2\ni am 2\n", ""); err != nil {
		t.Error(err)
	}
	for _, lines := range []string{
		"b 3\na 2\n", "a 3\na 2\n", "a 3\na a 2\nb 2\n", "a 3\nb 2\nb a 2\na b 2\n", "a 3\na a 2\na a 2\n",
		"a 3\na b 2\n", "a 3\na a 65536\n", "a 3\na a 0\n", "A 3\n", "a many\n", "a\n", "a b c 2\n",
	} {
		if _, err := readVocabulary(lines, ""); err == nil {
			t.Errorf("%q: no error", lines)
		}
	}
}
