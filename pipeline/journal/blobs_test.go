package journal

import (
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// storedAgain stores bytes, lets age with them happen, and stores them again
// while during runs. It returns what is kept then.
func storedAgain(t *testing.T, b *blobs, text string, age func(path string), during func()) string {
	t.Helper()
	blob, err := b.Store(t.Context(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	age(b.path(blob.SHA256))
	var both sync.WaitGroup
	both.Go(during)
	both.Go(func() { _, err = b.Store(t.Context(), strings.NewReader(text)) })
	both.Wait()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := b.Open(blob.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	all, err := io.ReadAll(kept)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func TestBytesThatAreStoredAgainWhileTheyArePrunedStay(t *testing.T) {
	b, err := openBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	old := now.Add(-72 * time.Hour)
	for range 60 {
		storedAgain(t, b, "a photograph", func(path string) {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}, func() {
			for range 50 {
				b.prune(now)
			}
		})
	}
}

func TestBytesThatAreStoredAgainMendADamagedFile(t *testing.T) {
	b, err := openBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got := storedAgain(t, b, "a photograph", func(path string) {
		if err := os.WriteFile(path, []byte("a ph0tograph"), 0o600); err != nil {
			t.Fatal(err)
		}
	}, func() {})
	if got != "a photograph" {
		t.Errorf("kept is %q", got)
	}
}
