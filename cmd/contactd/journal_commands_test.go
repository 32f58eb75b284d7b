package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline/journal"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// keepMessages makes a data folder whose journal holds the messages, the
// first of them set aside, and returns the configuration's file.
func keepMessages(t *testing.T, texts ...string) (file string) {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	j, err := journal.Open(journal.Config{Dir: filepath.Join(data, "journal")}, journal.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		err := j.Accept(t.Context(), []channels.Original{{
			Channel: "email", Account: "control", ID: "INBOX/1/" + string(rune('1'+i)),
			MediaType: "message/rfc822", ReceivedAt: time.Now(), Bytes: []byte(text),
		}}, channels.Cursor{})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Quarantine(t.Context(), 1, "read crashed\x1b[31m twice"); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "contactd.yaml")
	if err := os.WriteFile(file, []byte("data_dir: "+data+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestVerifyAccountsForEveryMessage(t *testing.T) {
	file := keepMessages(t, "one", "two", "three")
	seen := contactd(t, "", "-c", file, "verify")
	if seen.code != 0 || !strings.Contains(seen.out, "accepted 3 = published 0 + waiting 2 + quarantined 1\ncompared 3 messages") {
		t.Errorf("%+v", seen)
	}
	var report verified
	if err := json.Unmarshal([]byte(contactd(t, "", "-c", file, "verify", "--json").out), &report); err != nil || report.Accepted != 3 || report.Differences == nil {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestVerifyFailsWhenAMessageWasChanged(t *testing.T) {
	file := keepMessages(t, "one", "a text that can be found in the database file", "three")
	database := filepath.Join(filepath.Dir(file), "data", "journal", "journal.db")
	for _, name := range []string{database, database + "-wal"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		changed := strings.ReplaceAll(string(raw), "can be found", "is not found")
		if err := os.WriteFile(name, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if seen := contactd(t, "", "-c", file, "verify"); seen.code != 1 || !strings.Contains(seen.out, "message 2: ") {
		t.Errorf("%+v", seen)
	}
}

func TestQuarantineListsShowsExportsAndRetries(t *testing.T) {
	file := keepMessages(t, "the original\r\n", "two")
	list := contactd(t, "", "-c", file, "quarantine", "list")
	if list.code != 0 || !strings.Contains(list.out, "email/control") || strings.Contains(list.out, "\x1b") || strings.Count(list.out, "\n") != 2 {
		t.Errorf("list: %+v", list)
	}
	var line set
	if err := json.Unmarshal([]byte(contactd(t, "", "-c", file, "quarantine", "list", "--json").out), &line); err != nil {
		t.Fatal(err)
	}
	if line.Number != 1 || line.ContactID != contact.MessageID("email", "control", "INBOX/1/1") || line.Bytes != 14 {
		t.Errorf("list --json: %+v", line)
	}
	show := contactd(t, "", "-c", file, "quarantine", "show", "1")
	if !strings.Contains(show.out, line.ContactID) || strings.Contains(show.out, "the original") {
		t.Errorf("show: %+v", show)
	}
	target := filepath.Join(t.TempDir(), "one.eml")
	if seen := contactd(t, "", "-c", file, "quarantine", "export", "1", target); seen.code != 0 {
		t.Errorf("export: %+v", seen)
	}
	if got, err := os.ReadFile(target); err != nil || string(got) != "the original\r\n" {
		t.Errorf("exported %q, %v", got, err)
	}
	if seen := contactd(t, "", "-c", file, "quarantine", "export", "1", target); seen.code != 1 {
		t.Errorf("an export over a file that is there: %+v", seen)
	}
	if seen := contactd(t, "", "-c", file, "quarantine", "export", "1", "-"); seen.out != "the original\r\n" {
		t.Errorf("export -: %+v", seen)
	}
	if seen := contactd(t, "", "-c", file, "quarantine", "retry"); seen.code != 2 {
		t.Errorf("retry of nothing: %+v", seen)
	}
	if seen := contactd(t, "", "-c", file, "quarantine", "retry", "--all"); seen.code != 0 || !strings.Contains(seen.out, "1 message will") {
		t.Errorf("retry: %+v", seen)
	}
	if seen := contactd(t, "", "-c", file, "quarantine", "list"); seen.out != "nothing is set aside\n" {
		t.Errorf("list after retry: %+v", seen)
	}
	if seen := contactd(t, "", "-c", file, "quarantine", "retry", "2"); seen.code != 1 || seen.out != "" || !strings.Contains(seen.err, "not in quarantine") {
		t.Errorf("retry of a message that is not set aside: %+v", seen)
	}
}

func TestToolsSayWhereTheyFoundNoJournal(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "contactd.yaml")
	if err := os.WriteFile(file, []byte("data_dir: "+dir+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--config", file, "verify"}
	golden(t, "no_journal", args, contactd(t, "", args...), dir, "$DIR")
}

func TestReplayReadsTimesAsPeopleWriteThem(t *testing.T) {
	now := time.Date(2026, 11, 3, 12, 0, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"2026-11-03T10:00:00Z": time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC),
		"2026-11-03T10:00":     time.Date(2026, 11, 3, 10, 0, 0, 0, time.Local),
		"2026-11-03 10:00:07":  time.Date(2026, 11, 3, 10, 0, 7, 0, time.Local),
		"2026-11-03 10:00":     time.Date(2026, 11, 3, 10, 0, 0, 0, time.Local),
		"2026-11-03":           time.Date(2026, 11, 3, 0, 0, 0, 0, time.Local),
		"90m":                  now.Add(-90 * time.Minute),
		"3d":                   now.Add(-72 * time.Hour),
	} {
		if got, err := moment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, args := range [][]string{
		{"replay"}, {"replay", "--since", "yesterday"}, {"replay", "--since", "1h", "--until", "2h"}, {"replay", "--since", "-1h"},
	} {
		if seen := contactd(t, "", args...); seen.code != 2 {
			t.Errorf("%v: %+v", args, seen)
		}
	}
}

func TestReplayPublishesWhatWasAcceptedBeforeTheClockWasSetBack(t *testing.T) {
	file := keepMessages(t, "one")
	change(t, file, `UPDATE messages SET accepted = accepted + 7200000000; UPDATE progress SET published = 1`)
	for _, args := range [][]string{{"--dry-run"}, nil} {
		seen := contactd(t, "", append([]string{"-c", file, "replay", "--since", "1h"}, args...)...)
		if seen.code != 0 || !strings.HasPrefix(seen.out, "1 message accepted from ") {
			t.Errorf("%v: %+v", args, seen)
		}
	}
}

// change does to the journal of a configuration what no program does.
func change(t *testing.T, file, script string) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(filepath.Dir(file), "data", "journal", "journal.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sqlitex.ExecuteScript(conn, script, nil), conn.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestATimeThatTheClockShowedTwiceIsAskedFor(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 3, 12, 0, 0, 0, london)
	if at, err := moment("2026-10-25 01:30", now); err == nil || !strings.Contains(err.Error(), "2026-10-25T01:30:00+01:00 or 2026-10-25T01:30:00Z") {
		t.Errorf("%v, %v", at, err)
	}
	for _, text := range []string{"2026-10-25", "2026-10-25 00:59:59", "2026-10-25 02:00", "2026-10-25T01:30:00+01:00", "2026-03-29 02:00"} {
		if at, err := moment(text, now); err != nil {
			t.Errorf("%s: %v, %v", text, at, err)
		}
	}
}

func TestADatabaseThatCannotBeReadIsNotCounted(t *testing.T) {
	file := keepMessages(t, "one", "two")
	database := filepath.Join(filepath.Dir(file), "data", "journal", "journal.db")
	for _, name := range []string{database, database + "-wal"} {
		if err := os.WriteFile(name, []byte(strings.Repeat("garbage ", 1024)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seen := contactd(t, "", "-c", file, "verify")
	if seen.code != 1 || !strings.HasPrefix(seen.out, "accepted: cannot be counted\n") || !strings.Contains(seen.out, "the database is damaged") {
		t.Errorf("%+v", seen)
	}
}
