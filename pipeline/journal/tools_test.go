package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

// publishAll takes n messages out of the outbox and acknowledges them.
func publishAll(t testing.TB, j *Journal, n int) {
	t.Helper()
	s := j.Outbox()
	out := subscribe(t, s)
	for range n {
		_, env := next(t, out)
		env.Ack()
	}
	s.Close()
	// Acknowledgements ride on the next commit; this makes one behind them.
	for range 2 {
		accept(t, j)
	}
}

func toolsOn(t testing.TB, dir string) *Tools {
	t.Helper()
	tools, err := OpenTools(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tools.Close() })
	return tools
}

func TestARangeIsPublishedAgainWithTheSamePlaces(t *testing.T) {
	now := newClock(time.Unix(1790000000, 0))
	dir := t.TempDir()
	j := open(t, dir, func(_ *Config, d *Deps) { d.Now = now.Now })
	for i := range 10 {
		accept(t, j, original(fmt.Sprint(i)))
		now.Advance(time.Minute)
	}
	ready(t, j, pipeline.LaneNormal, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	publishAll(t, j, 10)
	waitPublished(t, j, 10)
	start := time.Unix(1790000000, 0)
	r := Range{Since: start.Add(3 * time.Minute), Until: start.Add(6 * time.Minute)}
	beside := toolsOn(t, dir)
	dry, err := beside.Republish(t.Context(), r, true)
	if err != nil || dry != (Republished{Entries: 3}) {
		t.Fatalf("dry run %+v, %v", dry, err)
	}
	out := subscribe(t, j.Outbox())
	nothing(t, out)
	if wet, err := beside.Republish(t.Context(), r, false); err != nil || wet != dry {
		t.Fatalf("replay %+v, %v", wet, err)
	}
	for want := int64(4); want <= 6; want++ { // the running journal notices
		e, env := next(t, out)
		if e.Seq != want || e.Placed != (pipeline.Placed{Conversation: fmt.Sprintf("c-%d", want), Sequence: 1}) {
			t.Fatalf("published again %+v", e)
		}
		env.Ack()
	}
	nothing(t, out)
	if _, err := beside.Republish(t.Context(), Range{Since: r.Until, Until: r.Since}, true); err == nil {
		t.Error("a range that ends before it begins")
	}
	if _, err := OpenTools(t.TempDir()); err == nil {
		t.Error("opened a directory without a journal")
	}
}

func TestAQuarantinedMessageIsShownExportedAndRetried(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	accept(t, j, original("1"), original("2"), original("3"))
	place(t, j, 1, thread("c-1", "<1>", "", "ann@x"))
	sortIn(t, j, pipeline.LaneNormal, 1)
	if err := j.Quarantine(t.Context(), 2, "charset is impossible"); err != nil {
		t.Fatal(err)
	}
	place(t, j, 3, thread("c-3", "<3>", "<1>", "ann@x"))
	if err := j.Quarantine(t.Context(), 3, "grading failed"); err != nil {
		t.Fatal(err)
	}
	beside := toolsOn(t, dir)
	list, err := beside.Quarantined(t.Context(), 0, 10)
	if err != nil || len(list) != 2 || list[0].Seq != 2 || list[0].Reason != "charset is impossible" || list[0].ID != "2" {
		t.Fatalf("list %+v, %v", list, err)
	}
	out := subscribe(t, j.Outbox())
	for _, seq := range []int64{1, 2} { // 3 waits for 1, which it takes along
		e, env := next(t, out)
		if e.Seq != seq || (e.Quarantined != "") != (seq == 2) || e.Lane != pipeline.LaneUnjudged || e.Sequence != 1 {
			t.Fatalf("published %+v", e)
		}
		env.Ack()
	}
	waitPublished(t, j, 1)
	shown, err := beside.Show(t.Context(), 2)
	if err != nil || string(shown.Original.Bytes) != "bytes of 2" || shown.Quarantined == "" {
		t.Fatalf("shown %+v, %v", shown, err)
	}
	var exported bytes.Buffer
	if err := beside.Export(t.Context(), 2, &exported); err != nil || exported.String() != "bytes of 2" {
		t.Fatalf("exported %q, %v", exported.String(), err)
	}
	if err := beside.Retry(t.Context(), 1); !errors.Is(err, ErrNotQuarantined) {
		t.Fatalf("retried what is not in quarantine: %v", err)
	}
	unread := subscribe(t, j.Unread())
	for _, seq := range []int64{2, 3} {
		if err := beside.Retry(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
	}
	e, _ := next(t, unread)
	if e.Seq != 2 || e.Attempts != 0 || e.Quarantined != "" {
		t.Fatalf("retried %+v", e)
	}
	if p := place(t, j, 2, thread("c-2", "<2>", "<1>", "ann@x")); p.Conversation != "c-1" || p.Sequence != 3 {
		t.Errorf("placed %+v", p)
	}
	if p := place(t, j, 3, thread("c-9", "<3>", "", "ann@x")); p.Conversation != "c-1" || p.Sequence != 2 {
		t.Errorf("what had a place keeps it, but was placed %+v", p)
	}
	sortIn(t, j, pipeline.LaneNormal, 2, 3)
	wantCounts(t, j, Counts{Accepted: 3, Published: 1, Waiting: 2})
}

func TestPruningTakesBytesAndLaterRowsButTheChainHolds(t *testing.T) {
	now := newClock(time.Now())
	dir := t.TempDir()
	j := open(t, dir, func(c *Config, d *Deps) {
		c.Keep, c.Remember = time.Hour, 240*time.Hour
		d.Now = now.Now
	})
	blob, err := j.Blobs().Store(t.Context(), strings.NewReader("large"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 450 {
		o := original(fmt.Sprint(i))
		if i == 7 {
			o.Bytes, o.Blob = nil, &contact.Blob{SHA256: blob.SHA256, Size: blob.Size, MediaType: blob.MediaType}
		}
		accept(t, j, o)
	}
	same := thread("c", "<x>", "", "ann@x")
	same.Known = true
	for seq := int64(1); seq <= 440; seq++ {
		place(t, j, seq, same)
		sortIn(t, j, pipeline.LaneNormal, seq)
	}
	publishAll(t, j, 430)
	waitPublished(t, j, 430)
	now.Advance(2 * time.Hour)
	old := time.Now().Add(-72 * time.Hour)
	path := j.blobs.path(blob.SHA256)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	pruned, err := j.Prune(t.Context())
	if err != nil || pruned != (Pruned{Emptied: 430, Blobs: 1}) {
		t.Fatalf("pruned %+v, %v", pruned, err)
	}
	wantCounts(t, j, Counts{Accepted: 450, Published: 430, Waiting: 20})
	replayed, err := j.Tools().Republish(t.Context(), Range{}, false)
	if err != nil || replayed != (Republished{Gone: 430}) {
		t.Fatalf("replayed %+v, %v", replayed, err)
	}
	accept(t, j, original("0")) // still recognized
	wantCounts(t, j, Counts{Accepted: 450, Published: 430, Waiting: 20})
	now.Advance(300 * time.Hour)
	pruned, err = j.Prune(t.Context())
	if err != nil || pruned != (Pruned{Forgotten: 430}) {
		t.Fatalf("pruned %+v, %v", pruned, err)
	}
	wantCounts(t, j, Counts{Accepted: 450, Published: 430, Waiting: 20})
	j.Close()
	j = open(t, dir)
	wantCounts(t, j, Counts{Accepted: 450, Published: 430, Waiting: 20})
	if _, err := os.Stat(path); err == nil {
		t.Error("the blob is still there")
	}
}

func TestAReferenceToWhatIsForgottenIsNoForeignOne(t *testing.T) {
	now := newClock(time.Now())
	j := open(t, t.TempDir(), func(c *Config, d *Deps) {
		c.Keep, c.Remember, d.Now = time.Hour, time.Hour, now.Now
	})
	accept(t, j, original("1"))
	place(t, j, 1, thread("c-1", "<1>", "", "ann@x"))
	accept(t, j, original("2"))
	place(t, j, 2, thread("c-2", "<2>", "", "bob@x"))
	sortIn(t, j, pipeline.LaneNormal, 1, 2)
	publishAll(t, j, 2)
	waitPublished(t, j, 2)
	now.Advance(2 * time.Hour)
	if pruned, err := j.Prune(t.Context()); err != nil || pruned.Forgotten != 2 {
		t.Fatalf("pruned %+v, %v", pruned, err)
	}
	accept(t, j, original("3"))
	if p := place(t, j, 3, thread("c-3", "<3>", "<1>", "ann@x")); p.Foreign || p.Conversation != "c-3" {
		t.Errorf("placed %+v: nobody else's conversation was referred to", p)
	}
}

func TestLinksToForgottenConversationsGoAndLeadNobodyElsewhere(t *testing.T) {
	now := newClock(time.Now())
	j := open(t, t.TempDir(), func(c *Config, d *Deps) {
		c.Keep, c.Remember, d.Now = time.Hour, time.Hour, now.Now
	})
	links := func() (n int64) {
		err := j.reader.with(func(conn *sqlite.Conn) (err error) {
			n, err = queryInt(conn, "SELECT count(*) FROM links")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const many = 40
	for seq := int64(1); seq <= many; seq++ {
		names := fmt.Sprintf("<%d>", seq)
		for i := range maxReferences - 1 { // in all, several pages of links
			names += fmt.Sprintf(" <%d.%d>", seq, i)
		}
		accept(t, j, original(fmt.Sprint(seq)))
		place(t, j, seq, thread(fmt.Sprint("c-", seq), names, "", "ann@x"))
		sortIn(t, j, pipeline.LaneNormal, seq)
	}
	publishAll(t, j, many)
	waitPublished(t, j, many)
	now.Advance(2 * time.Hour)
	if pruned, err := j.Prune(t.Context()); err != nil || pruned.Forgotten != many {
		t.Fatalf("pruned %+v, %v", pruned, err)
	}
	if n := links(); n != maxReferences {
		t.Errorf("%d links are left, want only those to the youngest conversation, whose number must not be given again", n)
	}
	accept(t, j, original("new"))
	place(t, j, many+1, thread("c-new", "<new>", "", "bob@x"))
	accept(t, j, original("newer"))
	if p := place(t, j, many+2, thread("c-newer", "<newer>", "<1>", "carol@x")); p.Foreign || p.Conversation != "c-newer" {
		t.Errorf("placed %+v: an old name led into a new conversation", p)
	}
}

func TestWhatIsPublishedAgainWhilePruningKeepsItsBytesAndItsRow(t *testing.T) {
	now := newClock(time.Now())
	j := open(t, t.TempDir(), func(c *Config, d *Deps) {
		c.Keep, c.Remember, d.Now = time.Hour, time.Hour, now.Now
	})
	for seq := range int64(3) {
		accept(t, j, original(fmt.Sprint(seq)))
		place(t, j, seq+1, alone(seq+1))
		sortIn(t, j, pipeline.LaneNormal, seq+1)
	}
	publishAll(t, j, 3)
	waitPublished(t, j, 3)
	now.Advance(2 * time.Hour)
	var page prunePage
	err := j.reader.with(func(conn *sqlite.Conn) (err error) {
		page, err = readPrunable(conn, 0, now.Now().Add(-time.Hour))
		return err
	})
	if err != nil || page.clean != 3 {
		t.Fatalf("found %+v, %v", page, err)
	}
	err = j.Tools().change(func(conn *sqlite.Conn) error {
		return execute(conn, "UPDATE progress SET published = NULL WHERE seq = 2")
	})
	if err != nil {
		t.Fatal(err)
	}
	change := &emptying{seqs: page.seqs, upTo: page.clean}
	if err := j.do(t.Context(), change, 0); err != nil {
		t.Fatal(err)
	}
	if err := j.forgetRows(t.Context(), now.Now(), &Pruned{}); err != nil {
		t.Fatal(err)
	}
	if e, err := j.Tools().Show(t.Context(), 2); err != nil || len(e.Original.Bytes) == 0 {
		t.Errorf("what waits to be published again is gone: %v", err)
	}
}

func TestABlobThatAWaitingMessageNeedsIsNotPruned(t *testing.T) {
	now := newClock(time.Now())
	j := open(t, t.TempDir(), func(c *Config, d *Deps) {
		c.Keep, c.Remember = time.Hour, time.Hour
		d.Now = now.Now
	})
	accept(t, j, original("1"))
	blob, err := j.Blobs().Store(t.Context(), strings.NewReader("attached"))
	if err != nil {
		t.Fatal(err)
	}
	now.Advance(1000 * time.Hour)
	if pruned, err := j.Prune(t.Context()); err != nil || pruned != (Pruned{}) {
		t.Fatalf("pruned %+v, %v", pruned, err)
	}
	if _, err := j.Blobs().Open(blob.SHA256); err != nil {
		t.Error(err)
	}
}

func TestABlobThatCameWhileTheClockWasBehindIsNotPrunedWhenItIsRightAgain(t *testing.T) {
	now := newClock(time.Now().Add(365 * 24 * time.Hour)) // that of the disk is behind all the time
	j := open(t, t.TempDir(), func(_ *Config, d *Deps) { d.Now = now.Now })
	accept(t, j, original("1"))
	now.Advance(-365 * 24 * time.Hour)
	large := original("2")
	large.Bytes = bytes.Repeat([]byte("x"), channels.InlineLimit+1)
	accept(t, j, large)
	now.Advance(365 * 24 * time.Hour)
	if pruned, err := j.Prune(t.Context()); err != nil || pruned != (Pruned{}) {
		t.Errorf("pruned %+v, %v", pruned, err)
	}
	if err := toolsOn(t, j.config.Dir).Export(t.Context(), 2, io.Discard); err != nil {
		t.Error(err)
	}
}

// damagedCopy closes a small journal and returns its files with a function
// that writes them, one byte changed, to a new directory.
func damagedCopy(t *testing.T) (database []byte, write func(at int, bit byte) string) {
	dir := t.TempDir()
	j := open(t, dir)
	for i := range 8 {
		o := original(fmt.Sprintf("INBOX/1/%d", i))
		o.Bytes = bytes.Repeat([]byte(fmt.Sprint("body ", i, " ")), 40)
		accept(t, j, o)
	}
	if err := j.Accept(t.Context(), nil, cursorOf("c", "7/42")); err != nil {
		t.Fatal(err)
	}
	for seq := int64(1); seq <= 6; seq++ {
		place(t, j, seq, thread(fmt.Sprintf("c-%d", seq%3), fmt.Sprintf("<%d>", seq), "", "ann@x"))
		sortIn(t, j, pipeline.LaneNormal, seq)
	}
	publishAll(t, j, 3)
	j.Close()
	database, err := os.ReadFile(filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	if log, _ := os.Stat(filepath.Join(dir, databaseName+"-wal")); log != nil {
		t.Fatal("the log was left behind")
	}
	to := t.TempDir()
	return database, func(at int, bit byte) string {
		changed := bytes.Clone(database)
		changed[at] ^= bit
		for _, rest := range []string{"-wal", "-shm"} {
			_ = os.Remove(filepath.Join(to, databaseName+rest))
		}
		if err := os.WriteFile(filepath.Join(to, databaseName), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		return to
	}
}

// Whatever byte is flipped: verify finds it, or nothing of what is read back
// has changed; and a changed message is never read as if it were sound. With
// JOURNAL_FLIP_STEP=1 it flips every byte, which takes minutes.
func TestAFlippedByteIsFoundOrHarmless(t *testing.T) {
	database, write := damagedCopy(t)
	want := entries(t, write(0, 0))
	var found, harmless int
	step := 97
	if each, err := strconv.Atoi(os.Getenv("JOURNAL_FLIP_STEP")); err == nil {
		step = each
	}
	for at := 0; at < len(database); at += step {
		dir := write(at, 1<<(at%8))
		tools, err := OpenTools(dir)
		if err != nil {
			t.Fatal(err)
		}
		report, err := tools.Verify(t.Context())
		sound := err == nil && len(report.Differences) == 0
		for seq, sure := range want {
			got, err := tools.Show(t.Context(), seq)
			if err == nil && fmt.Sprint(got.Original, got.Placed, got.SHA256) != sure {
				t.Fatalf("byte %d: message %d was read wrong without an error:\n%s\n%v\n%v", at, seq, sure, got, report.Differences)
			}
			if err != nil && sound {
				t.Fatalf("byte %d: message %d cannot be read, but verify found nothing: %v", at, seq, err)
			}
		}
		if sound {
			harmless++
		} else {
			found++
		}
		tools.Close()
	}
	t.Logf("%d flips found, %d harmless", found, harmless)
	if found == 0 {
		t.Error("nothing was found")
	}
}

// entries reads all messages of a journal, as text.
func entries(t *testing.T, dir string) map[int64]string {
	t.Helper()
	all := map[int64]string{}
	tools := toolsOn(t, dir)
	for seq := int64(1); seq <= 8; seq++ {
		e, err := tools.Show(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		all[seq] = fmt.Sprint(e.Original, e.Placed, e.SHA256)
	}
	tools.Close()
	return all
}

func TestVerifyNamesWhatWasTamperedWith(t *testing.T) {
	for _, c := range []struct{ why, tamper, want string }{
		{"edited bytes", "UPDATE messages SET body = 'x' WHERE seq = 4", "message 4"},
		{"an edited field", "UPDATE messages SET received = received + 1 WHERE seq = 4", "message 4"},
		{"bytes edited with their digest", "UPDATE messages SET body = 'x', size = 1, sha256 = x'2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881' WHERE seq = 4", "message 4"},
		{"a row cut out", "DELETE FROM messages WHERE seq = 4", "message 4"},
		{"the last rows cut off", "DELETE FROM messages WHERE seq > 6", "message 7"},
		{"rows swapped", "UPDATE messages SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4); UPDATE messages SET seq = -seq WHERE seq < 0", "message 3"},
		{"a message moved to another conversation", "UPDATE progress SET conversation = 1 WHERE seq = 2", "message 2"},
		{"a message nobody would publish", "DELETE FROM unread WHERE seq = 8", "message 8"},
		{"a cursor moved on", "UPDATE cursors SET value = '9'", "cursor"},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, write := damagedCopy(t)
			dir := write(0, 0)
			tools := toolsOn(t, dir)
			if report, err := tools.Verify(t.Context()); err != nil || len(report.Differences) > 0 {
				t.Fatalf("before: %v, %v", report.Differences, err)
			}
			err := tools.change(func(conn *sqlite.Conn) error {
				for _, query := range strings.Split(c.tamper, ";") {
					if err := execute(conn, query); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			report, err := tools.Verify(t.Context())
			if err != nil || !strings.Contains(fmt.Sprint(report.Differences), c.want) {
				t.Errorf("found %v, %v, want %s", report.Differences, err, c.want)
			}
		})
	}
}

func TestADamagedMessageIsDeliveredForAPersonToLook(t *testing.T) {
	_, write := damagedCopy(t)
	dir := write(0, 0)
	if err := toolsOn(t, dir).change(func(conn *sqlite.Conn) error {
		return execute(conn, "UPDATE messages SET body = 'x' WHERE seq = 4")
	}); err != nil {
		t.Fatal(err)
	}
	j := open(t, dir)
	out := subscribe(t, j.Outbox())
	for {
		e, env := next(t, out)
		env.Ack()
		if (e.Quarantined != "") != (e.Seq == 4) {
			t.Fatalf("delivered %+v", e)
		}
		if e.Seq == 4 {
			return
		}
	}
}

func TestADamagedDatabaseIsRefusedWithAWayOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, databaseName), bytes.Repeat([]byte("garbage "), 1024), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir}, Deps{}); err == nil || !strings.Contains(err.Error(), "contactd verify") {
		t.Errorf("error %v", err)
	}
	database, _ := damagedCopy(t)
	const page = 4096
	for at := page; at < len(database); at += page {
		changed := bytes.Clone(database)
		copy(changed[at:at+page], bytes.Repeat([]byte{0xff}, page))
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, databaseName), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Open(Config{Dir: dir}, Deps{})
		if err == nil { // nothing on the page is needed to begin
			j.Close()
		} else if !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "contactd verify") {
			t.Errorf("page %d: error %v", at/page, err)
		}
	}
}
