package backup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"contactd/deploy/servers"
)

// folder makes a data folder with a database that is open.
func folder(t *testing.T) (dir string, conn *sqlite.Conn) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"journal/lock": "", "journal/reading": "marks", "journal/blobs/ab/" + strings.Repeat("ab", 32): "bytes", "journal/blobs/tmp/half": "by",
		"channels/chat/key": "secret", "kafka/records": "many",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := sqlite.OpenConn(filepath.Join(dir, "journal/journal.db"), sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	for _, query := range []string{"PRAGMA journal_mode = WAL", "CREATE TABLE rows (n INTEGER, filling BLOB)"} {
		if err := sqlitex.ExecuteTransient(conn, query, nil); err != nil {
			t.Fatal(err)
		}
	}
	return dir, conn
}

func insert(conn *sqlite.Conn, n int) error {
	return sqlitex.Execute(conn, fmt.Sprintf("INSERT INTO rows VALUES (%d, randomblob(4000))", n), nil)
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// passing are files and folders of a running process alone.
func passing() []string { return []string{"lock", "reading", "tmp"} }

func TestACopyHoldsWhatMattersToWhoeverStartsOnItAndNothingElse(t *testing.T) {
	dir, _ := folder(t)
	to := filepath.Join(t.TempDir(), "copy")
	plan := Plan{From: dir, To: to + "/", First: "journal", Leave: []string{filepath.Join(dir, "kafka")}, Passing: passing(), Mark: "journal/restored"}
	copied, err := Take(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	got := files(t, to)
	want := []string{"channels/chat/key", "journal/blobs/ab/" + strings.Repeat("ab", 32), "journal/journal.db", "journal/restored"}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) || copied.Files != 3 || got[want[0]] != "secret" || got[want[1]] != "bytes" {
		t.Errorf("copied %v: %v", copied, names)
	}
	if _, err := Take(t.Context(), plan); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second one into it: %v", err)
	}
}

func TestWhatLiesElsewhereBehindALinkIsCopiedToo(t *testing.T) {
	dir, _ := folder(t)
	elsewhere := filepath.Join(t.TempDir(), "disk")
	blobs, link := filepath.Join(dir, "journal/blobs"), filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.Rename(blobs, elsewhere), os.Symlink(elsewhere, blobs), os.Symlink(dir, link)); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	copied, err := Take(t.Context(), Plan{From: link, To: to, Passing: passing(), Mark: "mark"})
	got := files(t, to)
	if err != nil || copied.Files != 4 || got["journal/blobs/ab/"+strings.Repeat("ab", 32)] != "bytes" || got["journal/journal.db"] == "" {
		t.Errorf("copied %v, %v: %v", copied, err, slices.Sorted(maps.Keys(got)))
	}
}

func TestACopyIsOfOneMomentHoweverMuchIsWrittenMeanwhile(t *testing.T) {
	dir, conn := folder(t)
	const many = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) INSERT INTO rows SELECT n, randomblob(4000) FROM c"
	if err := sqlitex.ExecuteTransient(conn, many, nil); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	wrote := make(chan error, 1)
	go func() {
		var err error
		for n := 5001; ctx.Err() == nil && err == nil; n++ {
			err = insert(conn, n)
		}
		wrote <- err
	}()
	to := filepath.Join(t.TempDir(), "copy")
	_, err := Take(t.Context(), Plan{From: dir, To: to, Mark: "mark"})
	stop()
	if err := errors.Join(err, <-wrote); err != nil {
		t.Fatal(err)
	}
	copied, err := sqlite.OpenConn(filepath.Join(to, "journal/journal.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	check := func(query string) (text string) {
		err := sqlitex.ExecuteTransient(copied, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			text = stmt.ColumnText(0)
			return nil
		}})
		if err != nil {
			t.Error(err)
		}
		return text
	}
	if whole := check("PRAGMA integrity_check"); whole != "ok" {
		t.Errorf("integrity: %s", whole)
	}
	if counted := check("SELECT (count(*) = max(n)) AND count(*) >= 5000 FROM rows"); counted != "1" {
		t.Error("rows are missing in the middle")
	}
}

func TestAFolderInTheDataFolderIsRefusedAndNothingIsTouched(t *testing.T) {
	dir, _ := folder(t)
	before := files(t, dir)
	for _, to := range []string{filepath.Join(dir, "backups", "copy"), filepath.Join(dir, "channels")} {
		_, err := Take(t.Context(), Plan{From: dir, To: to, Mark: "mark"})
		if err == nil || !strings.Contains(err.Error(), "outside of it") {
			t.Errorf("got %v", err)
		}
	}
	if after := files(t, dir); !maps.Equal(after, before) {
		t.Errorf("%v became %v", before, after)
	}
}

func TestWhatIsBrokenOffLeavesNothing(t *testing.T) {
	dir, _ := folder(t)
	beside := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Take(ctx, Plan{From: dir, To: filepath.Join(beside, "copy"), Mark: "mark"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := files(t, beside); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestWhatABackupThatBrokeOffLeftIsNamedWithTheWayOut(t *testing.T) {
	dir, _ := folder(t)
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.Mkdir(to+".part", 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Take(t.Context(), Plan{From: dir, To: to, Mark: "restored"})
	if want := to + ".part is there: another backup runs, or one broke off; then remove it"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWhichDiskIsFullIsSaid(t *testing.T) {
	dir, conn := folder(t)
	for n := range 100 {
		if err := insert(conn, n); err != nil {
			t.Fatal(err)
		}
	}
	small := t.TempDir()
	servers.Mount(t, small, "-t", "tmpfs", "-o", "size=100k", "tmpfs")
	to := filepath.Join(small, "copy")
	if _, err := Take(t.Context(), Plan{From: dir, To: to, Mark: "restored"}); err == nil || !strings.Contains(err.Error(), "journal.db to "+to) {
		t.Errorf("got %v", err)
	}
}
