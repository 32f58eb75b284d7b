package journal

import (
	"os"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"zombiezen.com/go/sqlite"
)

// failing is a change that SQLite refuses.
type failing struct{ result sqlite.ResultCode }

func (f failing) apply(*tx) error  { return f.result.ToError() }
func (failing) committed(*Journal) {}

func TestADamagedJournalIsNotReadyBecauseSomethingElseCanBeWritten(t *testing.T) {
	j := open(t, t.TempDir())
	if err := j.do(t.Context(), failing{sqlite.ResultIOErr}, 0); err == nil {
		t.Fatal("it was written")
	}
	waitFor(t, func() bool { return j.Ready() == nil })
	if err := j.do(t.Context(), failing{sqlite.ResultCorrupt}, 0); err == nil {
		t.Fatal("it was written")
	}
	<-time.After(10 * firstRest)
	if err := j.Ready(); err == nil || !strings.Contains(err.Error(), "put a backup back") {
		t.Errorf("got %v", err)
	}
	if err := j.Accept(t.Context(), []channels.Original{original("m")}, channels.Cursor{}); err != nil {
		t.Fatal(err)
	}
	if err := j.Ready(); err != nil {
		t.Errorf("it has taken a message: %v", err)
	}
}

func TestAJournalWhoseFolderWasMovedAwaySaysSoUntilItIsBack(t *testing.T) {
	dir := t.TempDir() + "/journal"
	j := open(t, dir)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := j.Ready(); err == nil || !strings.Contains(err.Error(), "the directory is gone, put it back") {
		t.Errorf("got %v", err)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	if err := j.Ready(); err != nil {
		t.Errorf("it is back: %v", err)
	}
}
