package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// words are what visitors write.
type words struct {
	texts  []string
	random *rand.Rand
}

// ordinary is what most people write to the police; emergencies are a file's
// business, so that nobody raises one by accident.
func ordinary() []string {
	return []string{
		"Hello, is anybody there?",
		"My bike was taken from outside the library yesterday afternoon, how do I report it?",
		"Can I have an update on my crime number please",
		"There are kids on motorbikes in the park again, they do this every night",
		"I found a purse on the number 6 bus, where can I hand it in",
		"someone has keyed my car on Mill Lane, no cameras I think",
		"How do I get a copy of my statement?",
		"My neighbour plays music until 3 in the morning and I can't take it any more",
		"ok thank you, I will wait",
		"Is the front counter open on Sunday?",
	}
}

// readWords returns the texts of a file: a CSV with a column text, or one text
// a line. An empty name gives ordinary ones.
func readWords(name string, seed uint64) (*words, error) {
	w := &words{texts: ordinary(), random: rand.New(rand.NewPCG(seed, seed))}
	if name == "" {
		return w, nil
	}
	file, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	defer func() { _ = file.Close() }()
	text := bufio.NewReader(file)
	if mark, _ := text.Peek(len("\ufeff")); string(mark) == "\ufeff" { // spreadsheets begin a file with it
		_, _ = text.Discard(len(mark))
	}
	if strings.EqualFold(filepath.Ext(name), ".csv") {
		w.texts, err = column(text, "text")
	} else {
		w.texts, err = lines(text)
	}
	if err == nil && len(w.texts) == 0 {
		err = errors.New("there are none")
	}
	if err != nil {
		return nil, fmt.Errorf("read texts of %s: %w", name, err)
	}
	return w, nil
}

func (w *words) next() string { return w.texts[w.random.IntN(len(w.texts))] }

// column returns one column of a CSV with a header, without empty values.
func column(r io.Reader, name string) ([]string, error) {
	table := csv.NewReader(r)
	table.FieldsPerRecord = -1
	header, err := table.Read()
	if err != nil {
		return nil, err
	}
	at := -1
	for i, each := range header {
		if strings.EqualFold(strings.TrimSpace(each), name) {
			at = i
		}
	}
	if at < 0 {
		return nil, fmt.Errorf("no column %q; there are: %s", name, strings.Join(header, ", "))
	}
	var texts []string
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			return texts, nil
		}
		if err != nil {
			return nil, err
		}
		if at < len(record) && strings.TrimSpace(record[at]) != "" {
			texts = append(texts, record[at])
		}
	}
}

func lines(r io.Reader) ([]string, error) {
	var texts []string
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		if text := strings.TrimSpace(scanner.Text()); text != "" {
			texts = append(texts, text)
		}
	}
	return texts, scanner.Err()
}
