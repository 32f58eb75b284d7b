package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

var began = time.Date(2026, 11, 3, 21, 14, 5, 0, time.UTC)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func session(t testing.TB, s *Store, name string) Session {
	t.Helper()
	made, err := s.Create(t.Context(), "token of "+name, Session{Public: name, Conversation: "c-" + name, Site: "main", CreatedAt: began})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// say appends one row.
func say(ctx context.Context, s *Store, id int64, ref string) ([]Row, error) {
	return s.Append(ctx, id, Change{
		At: began, Spoke: true, Rows: []Row{{Kind: "own", Ref: ref, Contact: "m-" + ref}},
		Render: func(_ int, n int64) []byte { return fmt.Appendf(nil, "%d %s", n, ref) },
	})
}

func TestALogIsNumberedWithoutGapsAndKnowsWhatIsOld(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	a, b := session(t, s, "a"), session(t, s, "b")
	for i := range 5 {
		for _, id := range []int64{a.ID, b.ID} {
			rows, err := say(t.Context(), s, id, fmt.Sprint("ref", i))
			if err != nil || len(rows) != 1 || rows[0].N != int64(i+1) || rows[0].Old {
				t.Fatalf("%+v, %v", rows, err)
			}
		}
	}
	rows, err := say(t.Context(), s, a.ID, "ref2")
	if err != nil || len(rows) != 1 || !rows[0].Old || string(rows[0].Frame) != "3 ref2" {
		t.Errorf("repeated: %+v, %v", rows, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	rows, err = s.After(t.Context(), a.ID, 3, 10)
	if err != nil || len(rows) != 2 || rows[0].N != 4 || string(rows[1].Frame) != "5 ref4" {
		t.Errorf("after 3: %+v, %v", rows, err)
	}
	found, err := s.ByToken(t.Context(), "token of a")
	if err != nil || found.N != 5 || found.Unanswered != 5 || !found.LastMessageAt.Equal(began) {
		t.Errorf("session %+v, %v", found, err)
	}
	if row, err := s.ByContact(t.Context(), a.ID, "m-ref1"); err != nil || row.N != 2 {
		t.Errorf("by contact: %+v, %v", row, err)
	}
}

func TestChangesAtTheSameTimeAreAllThere(t *testing.T) {
	s := open(t, t.TempDir())
	a := session(t, s, "a")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for j := range 20 {
				if _, err := say(t.Context(), s, a.ID, fmt.Sprint(i, "-", j)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	rows, err := s.After(t.Context(), a.ID, 0, 1000)
	if err != nil || len(rows) != 400 || rows[399].N != 400 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestAChangeThatFailsLeavesNothingAndHarmsNobody(t *testing.T) {
	s := open(t, t.TempDir())
	a := session(t, s, "a")
	twice := Change{
		At: began, Reply: "r-1", Rows: []Row{{Kind: "reply", Ref: "r-1"}}, Render: func(int, int64) []byte { return []byte("x") },
	}
	if _, err := s.Append(t.Context(), a.ID, twice); err != nil {
		t.Fatal(err)
	}
	b := session(t, s, "b")
	if _, err := s.Append(t.Context(), b.ID, twice); err == nil { // the same reply in another chat
		t.Error("a reply is in two chats")
	}
	if found, err := s.ByID(t.Context(), b.ID); err != nil || found.N != 0 {
		t.Errorf("the failed change left %+v, %v", found, err)
	}
	if _, err := say(t.Context(), s, b.ID, "ref"); err != nil {
		t.Error(err)
	}
	if _, err := say(t.Context(), s, 99, "ref"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a session that is not there: %v", err)
	}
}

func TestOfAGroupTheOneThatFailsIsLeftOut(t *testing.T) {
	s := open(t, t.TempDir())
	a := session(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := s.openWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	numbers := func(word string, fails error) *request {
		return &request{change: func(conn *sqlite.Conn) error {
			err := run(conn, "UPDATE sessions SET n = n + 1, details = details || ? WHERE id = ?", word, a.ID)
			return errors.Join(err, fails)
		}}
	}
	wrong := errors.New("wrong")
	for _, group := range [][]*request{
		{numbers("a", nil), numbers("b", wrong), numbers("c", nil)},
		{numbers("d", nil), numbers("e", nil)},
	} {
		errs, err := commit(conn, group)
		if err != nil || len(errs) != len(group) || errs[0] != nil || len(errs) == 3 && (!errors.Is(errs[1], wrong) || errs[2] != nil) {
			t.Errorf("errors %v, %v", errs, err)
		}
	}
	found := ""
	err = one(conn, "SELECT n || details FROM sessions WHERE id = ?", func(stmt *sqlite.Stmt) { found = stmt.ColumnText(0) }, a.ID)
	if found != "4acde" || err != nil {
		t.Errorf("the session holds %q, %v", found, err)
	}
}

func TestAChangeWhoseCallerHasGoneDoesNotHappen(t *testing.T) {
	s := open(t, t.TempDir())
	a := session(t, s, "a")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := say(gone, s, a.ID, "ref"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if found, err := s.ByID(t.Context(), a.ID); err != nil || found.N != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestAForgottenTokenOpensNothing(t *testing.T) {
	s := open(t, t.TempDir())
	a, b := session(t, s, "a"), session(t, s, "b")
	for _, each := range []Session{a, b} {
		if err := s.Forget(t.Context(), each.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.ByToken(t.Context(), "token of a"); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}
	if found, err := s.ByPublic(t.Context(), "a"); err != nil || !found.Forgotten {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestADamagedDatabaseSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, databaseName), []byte("this is no database, whatever its name says, and long enough to see it"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	} else {
		t.Log(err)
	}
}

func TestNothingHappensAfterTheEnd(t *testing.T) {
	s := open(t, t.TempDir())
	a := session(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := say(t.Context(), s, a.ID, "ref"); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	s.Typing(a.ID, began)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestADatabaseOfBeforeIsReadAndKeepsItsIndexesSmall(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := sqlite.OpenConn(filepath.Join(dir, databaseName), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteScript(conn, `DROP INDEX leaving; CREATE INDEX words ON sessions (last_word);
		CREATE INDEX waiting ON sessions (gone) WHERE vanished = 0 AND ended = 0 AND last_message > 0;`, nil)
	if err = errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	var names []string
	err = s.read(t.Context(), func(conn *sqlite.Conn) error {
		return all(conn, "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'sessions' AND sql IS NOT NULL",
			func(stmt *sqlite.Stmt) { names = append(names, stmt.ColumnText(0)) })
	})
	if err != nil || !slices.Equal(names, []string{"leaving"}) {
		t.Errorf("indexes %v, %v", names, err)
	}
}
