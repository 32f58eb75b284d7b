package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
)

func TestAJournalOnAReadOnlyDiskIsReadWithoutFilesBesideIt(t *testing.T) {
	_, write := damagedCopy(t)
	dir := write(0, 0)
	conn, err := openFrozen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := queryInt(conn, "SELECT count(*) FROM messages"); err != nil || n != 8 {
		t.Errorf("%d messages, %v", n, err)
	}
	if err := execute(conn, "DELETE FROM messages"); err == nil {
		t.Error("it can be written")
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, databaseName+"-*")); len(files) > 0 {
		t.Errorf("files beside it: %v", files)
	}
	if err := os.WriteFile(filepath.Join(dir, databaseName+"-wal"), []byte("log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openFrozen(dir); !errors.Is(err, errFrozen) || !strings.Contains(err.Error(), "copy the directory") {
		t.Errorf("with a log that is not read: %v", err)
	}
}

func TestToolsRefuseADatabaseOfAnotherVersion(t *testing.T) {
	_, write := damagedCopy(t)
	dir := write(0, 0)
	tools := toolsOn(t, dir)
	if err := tools.change(func(conn *sqlite.Conn) error { return execute(conn, "PRAGMA user_version = 99") }); err != nil {
		t.Fatal(err)
	}
	_, verify := toolsOn(t, dir).Verify(t.Context())
	for what, err := range map[string]error{
		"verify": verify,
		"change": tools.change(func(*sqlite.Conn) error { return nil }),
	} {
		if err == nil || !strings.Contains(err.Error(), "version 99") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
