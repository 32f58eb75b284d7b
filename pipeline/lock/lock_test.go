package lock

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestAFolderIsForOneAndFreeAgainAfterIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	if Taken(dir) {
		t.Error("a folder that is not there is taken")
	}
	for range 2 {
		file, err := Take(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !Taken(dir) {
			t.Error("taken, and nobody is told")
		}
		if _, err := Take(dir); !errors.Is(err, ErrTaken) {
			t.Errorf("taken twice: %v", err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if Taken(dir) {
			t.Error("not free again")
		}
	}
}
