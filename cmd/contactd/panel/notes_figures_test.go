package panel

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"contactd/cmd/contactd/labelled"
	"contactd/contact"
)

// dataFolder names the environment variable that holds a folder with labelled
// messages (uk-contact/*.csv with notes). They are not part of this repository.
const dataFolder = "CONTACTD_LABELLED_DATA"

// foundFolder names the environment variable of a folder into which what was
// found, and what was not, is written for whoever improves the pack.
const foundFolder = "CONTACTD_FOUND"

// TestNoteFigures prints how often what is noted agrees with the notes of
// labelled messages. It asserts nothing. The notes name a marker only where it
// mattered to their author, so that a share of them found is a figure, and a
// marker without a note is no mistake; for covert messages both are.
func TestNoteFigures(t *testing.T) {
	folder := os.Getenv(dataFolder)
	if folder == "" {
		t.Logf("no figures: %s names no folder of labelled messages", dataFolder)
		return
	}
	seated, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	asDaemon, err := seated.Annotated(seated, Config{})
	if err != nil {
		t.Fatal(err)
	}
	paths, _ := filepath.Glob(filepath.Join(folder, "uk-contact", "*.csv"))
	var told strings.Builder
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".csv")
		shares := map[string]*share{}
		for _, row := range readNoted(t, path) {
			notes := asDaemon.Assess(t.Context(), row.Message).Notes
			for code, wanted := range noted(row) {
				if shares[code] == nil {
					shares[code] = &share{}
				}
				got := hasNote(notes, code)
				shares[code].count(wanted, got)
				if wanted || got {
					fmt.Fprintf(&told, "%s\t%s\t%s\twanted %v\tgot %v\t%s\t%s\t%s\n", name, row.ID, code, wanted, got, evidence(notes, code),
						strings.Join(row.notes, ";"), strings.ReplaceAll(row.Message.Text, "\n", " / "))
				}
			}
		}
		for _, code := range []string{"covert", "unsafe", "child", "older_person", "dementia", "learning_disability", "hearing_or_speech", "language_need"} {
			if s := shares[code]; s != nil {
				t.Logf("%-10s %-20s %s", name, code, s)
			}
		}
	}
	for _, name := range []string{"sms-spam", "clinc150"} {
		rows, covert, unsafe := 0, 0, 0
		for _, text := range ordinary(t, filepath.Join(folder, name, "data.csv")) {
			notes := asDaemon.Assess(t.Context(), contact.Message{Text: text, Authored: text}).Notes
			rows++
			if notes.Covert != nil {
				covert++
				fmt.Fprintf(&told, "%s\t\tcovert\twanted false\tgot true\t%s\t\t%s\n", name, evidence(notes, "covert"), text)
			}
			if hasNote(notes, "unsafe") {
				unsafe++
				fmt.Fprintf(&told, "%s\t\tunsafe\twanted false\tgot true\t%s\t\t%s\n", name, evidence(notes, "unsafe"), text)
			}
		}
		t.Logf("%-10s %d ordinary texts: covert %d, unsafe %d", name, rows, covert, unsafe)
	}
	if folder := os.Getenv(foundFolder); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, "found.tsv"), []byte(told.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// notedRow is a labelled message with its notes.
type notedRow struct {
	labelled.Row
	notes []string
}

func readNoted(t *testing.T, path string) []notedRow {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := labelled.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	table, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(table[0], "notes")
	all := make([]notedRow, len(rows))
	for i, row := range rows {
		all[i] = notedRow{row, strings.Split(table[i+1][column], ";")}
	}
	return all
}

// ordinary are the texts of a table that are no spam.
func ordinary(t *testing.T, path string) (texts []string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	table, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	text, label := slices.Index(table[0], "text"), slices.Index(table[0], "label")
	for _, record := range table[1:] {
		if label < 0 || record[label] != "spam" {
			texts = append(texts, record[text])
		}
	}
	return texts
}

// noted says what the notes of a labelled message name.
func noted(row notedRow) map[string]bool {
	has := func(tags ...string) bool {
		return slices.ContainsFunc(row.notes, func(tag string) bool { return slices.Contains(tags, tag) })
	}
	return map[string]bool{
		"covert":              row.Kind == "covert" || row.Category == "covert" || has("covert"),
		"unsafe":              has("fear_of_discovery"),
		"child":               has("child", "child_author", "child_reporter", "teen"),
		"older_person":        has("elderly", "pensioner", "care_home", "elderly_inside"),
		"dementia":            has("dementia"),
		"learning_disability": has("ld", "learning_disability"),
		"hearing_or_speech":   has("bsl", "deaf"),
		"language_need":       has("esl", "limited_english") || row.Kind == "lang",
	}
}

func hasNote(notes contact.Notes, code string) bool {
	switch code {
	case "covert":
		return notes.Covert != nil
	case "unsafe":
		return notes.SafeToReply != nil && notes.SafeToReply.Safe == "no"
	}
	return slices.ContainsFunc(notes.Markers, func(m contact.Marker) bool { return m.Code == code })
}

func evidence(notes contact.Notes, code string) string {
	var quotes []string
	quote := func(code string, spans []contact.Span) {
		for _, span := range spans {
			quotes = append(quotes, code+"="+span.Quote)
		}
	}
	switch {
	case code == "covert" && notes.Covert != nil:
		for _, each := range notes.Covert.Signs {
			quote(each.Code, each.Spans)
		}
	case code == "unsafe" && notes.SafeToReply != nil:
		for _, each := range append(notes.SafeToReply.Signs, notes.SafeToReply.Asks...) {
			quote(each.Code, each.Spans)
		}
	}
	for _, each := range notes.Markers {
		if each.Code == code {
			quote(each.Of, each.Spans)
		}
	}
	return strings.ReplaceAll(strings.Join(quotes, "; "), "\n", " / ")
}

// share counts what was wanted and what was found.
type share struct{ wanted, got, both int }

func (s *share) count(wanted, got bool) {
	if wanted {
		s.wanted++
	}
	if got {
		s.got++
	}
	if wanted && got {
		s.both++
	}
}

func (s *share) String() string {
	of := func(n int) string {
		if n == 0 {
			return "    -"
		}
		return fmt.Sprintf("%.3f", float64(s.both)/float64(n))
	}
	return fmt.Sprintf("noted %3d, found %3d: recall %s, of those found noted %s", s.wanted, s.got, of(s.wanted), of(s.got))
}
