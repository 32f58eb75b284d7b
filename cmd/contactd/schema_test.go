package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestTheContractIsWrittenAsAFolderInWhichEveryReferenceLeadsSomewhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "contract")
	for range 2 { // the second time over the files of the first, as after an update
		if seen := contactd(t, "", "schema", "--to", dir); seen.code != 0 || seen.out != "" {
			t.Fatalf("%+v", seen)
		}
	}
	document, err := os.ReadFile(filepath.Join(dir, "asyncapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	references := regexp.MustCompile(`\$ref: "([^"#]+)"`).FindAllStringSubmatch(string(document), -1)
	if len(references) < 30 {
		t.Errorf("%d references", len(references))
	}
	for _, reference := range references {
		if _, err := os.Stat(filepath.Join(dir, reference[1])); err != nil {
			t.Error(err)
		}
	}
	if seen := contactd(t, "", "schema", "--to", filepath.Join(dir, "asyncapi.yaml")); seen.code != 1 {
		t.Errorf("over a file: %+v", seen)
	}
}
