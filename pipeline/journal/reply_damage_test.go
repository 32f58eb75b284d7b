package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/contact"
	"zombiezen.com/go/sqlite"
)

// answered closes a journal with three replies and returns its database.
func answered(t *testing.T) (database []byte, ids []string) {
	t.Helper()
	dir := t.TempDir()
	j := open(t, dir)
	ids = answeredIn(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	database, err := os.ReadFile(filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	return database, ids
}

func answeredIn(t *testing.T, j *Journal) (ids []string) {
	t.Helper()
	for i, name := range []string{"ada", "bob", "cyd"} {
		r := replyTo(someone(t, j, name), "hello "+name)
		queue(t, j, r)
		ids = append(ids, r.ID)
		if i > 0 {
			handOver(t, j, r.ID)
			outcome(t, j, r.ID, map[int]contact.ReplyState{1: contact.Uncertain, 2: contact.HandedOver}[i])
		}
	}
	return ids
}

// Whatever byte is flipped, a reply that is read as sound is as it was written.
func TestAFlippedByteOfAReplyIsFoundOrHarmless(t *testing.T) {
	database, ids := answered(t)
	dir := t.TempDir()
	read := func(at int) (rows []string, sound bool) {
		changed := bytes.Clone(database)
		if at >= 0 {
			changed[at] ^= 1 << (at % 8)
		}
		for _, rest := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(filepath.Join(dir, databaseName+rest))
		}
		if err := os.WriteFile(filepath.Join(dir, databaseName), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		tools := toolsOn(t, dir)
		defer tools.Close()
		report, err := tools.Verify(t.Context())
		for _, id := range ids {
			row := "unreadable"
			_ = tools.reader.with(func(conn *sqlite.Conn) error {
				r, err := replyOf(conn, id)
				if err == nil {
					row = fmt.Sprintf("%+v", *r)
				}
				return err
			})
			rows = append(rows, row)
		}
		return rows, err == nil && len(report.Differences) == 0
	}
	want, sound := read(-1)
	if !sound {
		t.Fatal("it is damaged before anything was flipped")
	}
	found := 0
	for at := 0; at < len(database); at += 61 {
		got, sound := read(at)
		for i, row := range got {
			if row != want[i] && (sound || row != "unreadable") {
				t.Fatalf("byte %d: verify found nothing (%v), and the reply is read as\n%s\nwant\n%s", at, sound, row, want[i])
			}
		}
		if !sound {
			found++
		}
	}
	t.Logf("%d of %d flips found", found, len(database)/61)
}

func TestADamagedReplyFailsAndIsNeverSent(t *testing.T) {
	for why, tamper := range map[string]string{
		"another text":       `UPDATE replies SET body = replace(body, 'hello', 'wrong') WHERE id = 1`,
		"another address":    `UPDATE replies SET address = 'to bob' WHERE id = 1`,
		"another account":    `UPDATE replies SET source = source + 1 WHERE id = 1`,
		"queued once more":   `UPDATE replies SET state = 1, due = 0 WHERE id = 3`,
		"unknown and queued": `UPDATE replies SET state = 1 WHERE id = 2`,
	} {
		t.Run(why, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir)
			ids := answeredIn(t, j)
			tools := j.Tools()
			defer tools.Close()
			if err := tools.change(func(conn *sqlite.Conn) error { return execute(conn, tamper) }); err != nil {
				t.Fatal(err)
			}
			if report, err := tools.Verify(t.Context()); err != nil || !strings.Contains(fmt.Sprint(report.Differences), "reply") {
				t.Errorf("verify found %v, %v", report.Differences, err)
			}
			var damaged string
			for _, id := range ids {
				_ = j.reader.with(func(conn *sqlite.Conn) error {
					if _, err := replyOf(conn, id); err != nil {
						damaged = id
					}
					return nil
				})
			}
			due := dueReplies(t, j)
			for end := time.After(300 * time.Millisecond); ; {
				select {
				case env := <-due:
					if env.UUID == damaged {
						t.Error("it was delivered")
					}
					continue
				case <-end:
				}
				break
			}
			if told := changesSince(t, j, damaged); told.State != contact.Failed || told.Reason != condemned {
				t.Errorf("told %+v", told)
			}
		})
	}
}

func TestNewsOfADamagedReplyStopsNobody(t *testing.T) {
	for name, tell := range map[string]func(*Journal, string) error{
		"it came back": func(j *Journal, id string) error {
			return j.Outcome(t.Context(), contact.Outcome{ReplyID: id, State: contact.Failed, Reason: "no such mailbox"})
		},
		"nothing was learned": func(j *Journal, id string) error { return j.Postpone(t.Context(), id, time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			j := open(t, t.TempDir())
			id := answeredIn(t, j)[0]
			handOver(t, j, id)
			tools := j.Tools()
			defer tools.Close()
			err := tools.change(func(conn *sqlite.Conn) error {
				return execute(conn, "UPDATE replies SET address = 'to bob' WHERE id = 1")
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := tell(j, id); err != nil {
				t.Errorf("whoever tells would try for ever: %v", err)
			}
			if told := changesSince(t, j, id); told.State != contact.Failed || told.Reason != condemned {
				t.Errorf("told %+v", told)
			}
		})
	}
}

func TestADamagedAnswerLeadsNobodyAnywhere(t *testing.T) {
	j := open(t, t.TempDir())
	ada := someone(t, j, "ada")
	tools := j.Tools()
	defer tools.Close()
	if err := tools.change(func(conn *sqlite.Conn) error { return execute(conn, "UPDATE answers SET address = 'to bob'") }); err != nil {
		t.Fatal(err)
	}
	r := replyTo(ada, "hello")
	queue(t, j, r)
	if told := changesSince(t, j, r.ID); told.State != contact.Failed || !strings.Contains(told.Reason, "contactd verify") {
		t.Errorf("told %+v", told)
	}
	if report, err := tools.Verify(t.Context()); err != nil || !strings.Contains(fmt.Sprint(report.Differences), ada) {
		t.Errorf("verify found %v, %v", report.Differences, err)
	}
}

func TestVerifyFindsAReplyThatIsMissingAndOneOfWhichNobodyTells(t *testing.T) {
	for tamper, want := range map[string]string{
		"DELETE FROM replies WHERE id = 1":                       "tells of reply",
		"DELETE FROM messages WHERE id LIKE 'r-%/handed_over/%'": "no original tells of it",
	} {
		j := open(t, t.TempDir())
		answeredIn(t, j)
		tools := j.Tools()
		defer tools.Close()
		if err := tools.change(func(conn *sqlite.Conn) error { return execute(conn, tamper) }); err != nil {
			t.Fatal(err)
		}
		if report, err := tools.Verify(t.Context()); err != nil || !strings.Contains(fmt.Sprint(report.Differences), want) {
			t.Errorf("%s: found %v, %v", tamper, report.Differences, err)
		}
	}
}
