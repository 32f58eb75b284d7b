package rules_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"contactd/classifiers/rules"
	"contactd/contact"
)

// dataFolder names the environment variable that holds a folder with labelled
// messages (uk-contact/*.csv with text, grade and notes; sms-spam/data.csv
// with label and text; clinc150/data.csv with text). They are not part of this
// repository; the floors that must hold without them stand in
// TestOwnExamples.
const dataFolder = "CONTACTD_LABELLED_DATA"

// missesFolder names the environment variable of a folder into which the
// misjudged messages are written, for whoever improves the rules.
const missesFolder = "CONTACTD_MISSES"

// TestFigures prints how the rules do on labelled messages. It asserts
// nothing: the floors of TestOwnExamples do.
func TestFigures(t *testing.T) {
	folder := os.Getenv(dataFolder)
	if folder == "" {
		t.Logf("no figures: %s names no folder of labelled messages", dataFolder)
		return
	}
	c := newRules(t, rules.Config{})
	paths, _ := filepath.Glob(filepath.Join(folder, "uk-contact", "*.csv"))
	t.Log("                          emergency            priority  low                   benign")
	t.Log("                          rows flagged graded  flagged   rows flagged graded   flagged")
	var all []labelled
	for _, path := range paths {
		rows := readLabelled(t, path)
		if len(rows) == 0 {
			continue
		}
		printFigures(t, c, strings.TrimSuffix(filepath.Base(path), ".csv"), rows)
		all = append(all, rows...)
	}
	printFigures(t, c, "all", all)
	for _, kind := range []string{"plain", "hardneg", "obfuscated", "covert", "injection", "lang"} {
		printFigures(t, c, "type="+kind, slices.DeleteFunc(slices.Clone(all), func(l labelled) bool {
			return !strings.HasSuffix(l.notes, "type="+kind)
		}))
	}
	english := slices.DeleteFunc(slices.Clone(all), func(l labelled) bool { return strings.Contains(l.notes, "lang:") })
	printFigures(t, c, "without lang", english)
	for _, name := range []string{"sms-spam", "clinc150"} {
		path := filepath.Join(folder, name, "data.csv")
		printBenign(t, c, name, path)
		for i, row := range readTable(t, path) {
			if row["label"] != "spam" {
				all = append(all, labelled{fmt.Sprintf("%s-%d", name, i), row["text"], "", contact.Resolution})
			}
		}
	}
	writeMisses(t, c, all)
}

// labelled is one message with the grade that a careful handler gives.
type labelled struct {
	id, text, notes string
	grade           contact.Grade
}

func readLabelled(t *testing.T, path string) (rows []labelled) {
	names := map[string]contact.Grade{
		"Immediate": contact.Emergency, "Priority": contact.Priority,
		"Scheduled": contact.Scheduled, "Resolution": contact.Resolution,
	}
	for _, row := range readTable(t, path) {
		if grade, ok := names[row["grade"]]; ok {
			rows = append(rows, labelled{row["id"], row["text"], row["notes"], grade})
		}
	}
	return rows
}

func readTable(t *testing.T, path string) (rows []map[string]string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range table[1:] {
		row := map[string]string{}
		for i, name := range table[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// flagged is what a person looks at soon: Priority, Unknown or Emergency.
func flagged(g contact.Grade) bool { return !contact.Scheduled.Above(g) && g != contact.Scheduled }

func printFigures(t *testing.T, c *rules.Classifier, name string, rows []labelled) {
	var emergencies, found, graded, priorities, priorityFound, low, lowFlagged, lowGraded int
	for _, row := range rows {
		got := grade(t, c, row.text).Grade
		is := func(yes bool) int {
			if yes {
				return 1
			}
			return 0
		}
		switch row.grade {
		case contact.Emergency:
			emergencies++
			found += is(flagged(got))
			graded += is(got == contact.Emergency)
		case contact.Priority:
			priorities++
			priorityFound += is(flagged(got))
		default:
			low++
			lowFlagged += is(flagged(got))
			lowGraded += is(got == contact.Emergency)
		}
	}
	t.Logf("%-25s %4d  %s   %s   %s     %4d  %s   %s", name, emergencies, share(found, emergencies), share(graded, emergencies),
		share(priorityFound, priorities), low, share(lowFlagged, low), share(lowGraded, low))
}

func printBenign(t *testing.T, c *rules.Classifier, name, path string) {
	var rows, found, emergency, unknown int
	for _, row := range readTable(t, path) {
		if row["label"] == "spam" {
			continue
		}
		rows++
		switch got := grade(t, c, row["text"]).Grade; {
		case got == contact.Emergency:
			emergency++
			found++
		case got == contact.Unknown:
			unknown++
			found++
		case flagged(got):
			found++
		}
	}
	t.Logf("%-25s %d rows: flagged %s, graded emergency %s, unknown %s", name, rows, share(found, rows), share(emergency, rows), share(unknown, rows))
}

func share(n, of int) string {
	if of == 0 {
		return "   - "
	}
	return fmt.Sprintf("%.3f", float64(n)/float64(of))
}

func writeMisses(t *testing.T, c *rules.Classifier, rows []labelled) {
	folder := os.Getenv(missesFolder)
	if folder == "" {
		return
	}
	var lines []string
	for _, row := range rows {
		opinion := grade(t, c, row.text)
		var fired []string
		for _, reason := range opinion.Reasons {
			for _, span := range reason.Spans {
				fired = append(fired, reason.Rule+"="+span.Quote)
			}
		}
		lines = append(lines, strings.ReplaceAll(fmt.Sprintf("%v\t%v\t%s\t%s\t%s", row.grade, opinion.Grade, row.id, row.text, strings.Join(fired, "; ")), "\n", " / "))
	}
	if err := os.WriteFile(filepath.Join(folder, "judged.tsv"), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}
