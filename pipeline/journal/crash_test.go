package journal

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/deploy/servers"
	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

func TestNothingIsLostWhenTheProcessIsKilled(t *testing.T) {
	dir := t.TempDir()
	var acked []string
	const kills = 10
	for run := range kills {
		c := startChild(t, dir, run, 0, nil)
		c.listen(50 + rand.IntN(2000))
		_ = c.cmd.Process.Kill()
		c.drain()
		if len(c.acked) == 0 {
			t.Fatalf("the child did nothing: %v", c.other)
		}
		acked = append(acked, c.acked...)
	}
	mustHold(t, dir, acked)
	t.Logf("%d messages acknowledged, %d kills, 0 lost", len(acked), kills)
}

// need returns the path of a program that a test cannot do without.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil && os.Geteuid() == 0 {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing, or this is not root: %v", name, err)
	}
	t.Skipf("this test needs %s and root to disturb a disk", name)
	return ""
}

func TestNoAcknowledgementWithoutDataWhenAFileOperationFails(t *testing.T) {
	strace := need(t, "strace")
	refused := 0
	for _, call := range []string{"pwrite64", "fdatasync,fsync"} {
		for _, errno := range []string{"EIO", "ENOSPC"} {
			for _, when := range []string{
				"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "18", "20", "22", "24",
				"26", "28", "30", "33", "36", "40", "45", "50", "60", "70", "4+7", "20+11",
			} {
				t.Run(fmt.Sprintf("%s %s %s", call, errno, when), func(t *testing.T) {
					dir := t.TempDir()
					c := startChild(t, dir, 1, 40, []string{
						strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call,
						"-P", filepath.Join(dir, databaseName), "-P", filepath.Join(dir, databaseName+"-wal"),
						"-e", "inject=" + call + ":error=" + errno + ":when=" + when,
					})
					timer := time.AfterFunc(20*time.Second, func() { _ = c.cmd.Process.Kill() })
					defer timer.Stop()
					c.drain()
					if len(c.acked) < 40 && !opening(c) && !strings.Contains(when, "+") {
						t.Errorf("it did not go on after one error: %d acknowledged, %v", len(c.acked), c.other)
					}
					if len(c.other) > 0 && strings.HasPrefix(c.other[0], "refused") {
						refused++
					}
					mustHold(t, dir, c.acked)
				})
			}
		}
	}
	t.Logf("in %d of 128 runs a message was refused", refused)
	if refused == 0 {
		t.Error("no error reached the journal")
	}
}

// opening reports whether the child could not even open its journal.
func opening(c *child) bool { return len(c.other) > 0 && strings.HasPrefix(c.other[0], "error") }

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// mount mounts something on a new folder for the length of a test.
func mount(t *testing.T, at string, args ...string) {
	t.Helper()
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	servers.Mount(t, at, args...)
}

// A power cut is imitated by killing the process and copying the image of its
// disk at once: what was not synced is then still in the memory of the kernel
// and not in the image.
func TestNothingIsLostByAPowerCut(t *testing.T) {
	need(t, "mkfs.ext4")
	for cut := range 10 {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			base := t.TempDir()
			image, copied := filepath.Join(base, "disk"), filepath.Join(base, "copy")
			run(t, "truncate", "-s", "48M", image)
			run(t, "mkfs.ext4", "-q", image)
			mount(t, filepath.Join(base, "mnt"), "-o", "loop", image)
			c := startChild(t, filepath.Join(base, "mnt", "journal"), cut, 0, nil)
			c.listen(200 + rand.IntN(3000))
			_ = c.cmd.Process.Kill()
			copyFile(t, image, copied)
			c.drain()
			mount(t, filepath.Join(base, "after"), "-o", "loop", copied)
			mustHold(t, filepath.Join(base, "after", "journal"), c.acked)
			t.Logf("%d messages acknowledged, 0 lost", len(c.acked))
		})
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskRefusesAndRecoversByItself(t *testing.T) {
	need(t, "mount")
	dir := filepath.Join(t.TempDir(), "full")
	mount(t, dir, "-t", "tmpfs", "-o", "size=8m", "tmpfs")
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, filepath.Join(dir, "journal"))
	var acked int64
	fill := func() (err error) {
		for range 20000 {
			o := original(fmt.Sprint("m", acked))
			o.Bytes = append(o.Bytes, make([]byte, 1024)...)
			if err = j.Accept(t.Context(), []channels.Original{o}, channels.Cursor{}); err != nil {
				return err
			}
			acked++
		}
		return nil
	}
	err := fill()
	if err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("error %v after %d messages", err, acked)
	}
	waitFor(t, func() bool { // a shorter log may have made room once more
		fill()
		err := j.Ready()
		return err != nil && strings.Contains(err.Error(), "the disk is full")
	})
	before := acked
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return j.Ready() == nil }) // though nobody writes
	waitFor(t, func() bool { fill(); return acked > before })
	if err := os.Truncate(filepath.Join(dir, "journal", "reading"), 0); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, j, Counts{Accepted: acked, Waiting: acked})
	t.Logf("%d messages before, %d after space returned", before, acked-before)
}

func TestAReplayThatAFullDiskUndoesCountsNothing(t *testing.T) {
	need(t, "mount")
	dir := filepath.Join(t.TempDir(), "full")
	mount(t, dir, "-t", "tmpfs", "-o", "size=32m", "tmpfs")
	j := open(t, filepath.Join(dir, "journal"))
	conversing(t, j, pipeline.LaneNormal, 1, 200)
	publishAll(t, j, 200)
	waitPublished(t, j, 200)
	conn, err := sqlite.OpenConn(filepath.Join(dir, "journal", databaseName), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Nothing of the log's room is left to write into, once nobody reads it.
	waitFor(t, func() bool { restartLog(conn, restartShort); return j.logSize() == 0 })
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 32<<20), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	if done, err := toolsOn(t, filepath.Join(dir, "journal")).Republish(t.Context(), Range{}, false); err == nil || done != (Republished{}) {
		t.Errorf("said %+v, %v", done, err)
	}
}

func TestAMessageThatKillsItsReaderIsQuarantined(t *testing.T) {
	dir := t.TempDir()
	poison := childPoison + "=1-20"
	starts := 0
	for ; starts < 10; starts++ {
		count := 40
		c := startChild(t, dir, 1, count, nil, poison)
		c.drain()
		if c.cmd.ProcessState.ExitCode() == 0 {
			break
		}
	}
	if starts != maxAttempts {
		t.Errorf("the message killed the process %d times, want %d", starts, maxAttempts)
	}
	j := open(t, dir)
	tools := j.Tools()
	defer tools.Close()
	all, err := tools.Quarantined(t.Context(), 0, 10)
	if err != nil || len(all) != 1 || all[0].ID != "1-20" || all[0].Attempts != maxAttempts {
		t.Fatalf("quarantined %+v, %v", all, err)
	}
}

func TestSuspectsAreReadOneAtATimeBeforeAllOthers(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	for i := range 10 {
		accept(t, j, original(fmt.Sprint(i)))
	}
	unread := subscribe(t, j.Unread())
	for range 3 {
		next(t, unread)
	}
	waitFor(t, func() bool { j.unread.mu.Lock(); defer j.unread.mu.Unlock(); return len(j.unread.flying) == 4 })
	image, err := os.ReadFile(filepath.Join(dir, "reading")) // as a crash would leave it
	if err != nil {
		t.Fatal(err)
	}
	j.Close()
	if err := os.WriteFile(filepath.Join(dir, "reading"), image, 0o600); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	unread = subscribe(t, j.Unread())
	for want := int64(1); want <= 10; want++ {
		e, env := next(t, unread)
		if suspect := want <= 4; e.Seq != want || (e.Attempts == 1) != suspect {
			t.Fatalf("message %d with %d attempts, want %d", e.Seq, e.Attempts, want)
		} else if suspect {
			nothing(t, unread)
		}
		ready(t, j, pipeline.LaneNormal, e.Seq)
		env.Ack()
	}
}

// crashed closes a journal and leaves its mark as a crash would have.
func crashed(t *testing.T, j *Journal, reading ...int64) {
	t.Helper()
	dir := j.config.Dir
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	var image []byte
	for _, seq := range reading {
		image = binary.BigEndian.AppendUint64(image, uint64(seq))
		image = binary.BigEndian.AppendUint64(image, ^uint64(seq))
	}
	if err := os.WriteFile(filepath.Join(dir, "reading"), image, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestASuspectThatWaitsForItsTurnLetsEarlierMessagesBeRead(t *testing.T) {
	dir := t.TempDir()
	config := func(c *Config, _ *Deps) { c.InFlight = 1 }
	j := open(t, dir, config)
	accept(t, j, original("1"), original("2"), original("3"), original("4"))
	crashed(t, j, 3, 4)
	j = open(t, dir, config)
	unread := subscribe(t, j.Unread())
	placed := make(chan error, 4)
	for i, want := range []int64{3, 4, 1, 2} {
		e, _ := next(t, unread)
		if e.Seq != want {
			t.Fatalf("message %d came, want %d", e.Seq, want)
		}
		if i < 2 {
			nothing(t, unread) // while a suspect is being read
		}
		go func() { placed <- j.Settle(t.Context(), e.Seq, alone(e.Seq), pipeline.LaneNormal) }()
	}
	for range 4 {
		if err := <-placed; err != nil {
			t.Fatal(err)
		}
	}
}

func TestASuspectThatComesBackIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	accept(t, j, original("1"), original("2"))
	crashed(t, j, 2)
	j = open(t, dir)
	unread := subscribe(t, j.Unread())
	e, env := next(t, unread)
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() { gaveUp <- j.Settle(ctx, e.Seq, alone(e.Seq), pipeline.LaneNormal) }()
	first, _ := next(t, unread) // came because the suspect was read
	cancel()
	if err := <-gaveUp; err == nil {
		t.Fatal("placed before its turn")
	}
	env.Nack()
	ready(t, j, pipeline.LaneNormal, first.Seq)
	if again, _ := next(t, unread); again.Seq != e.Seq || again.Attempts != 1 {
		t.Fatalf("message %d with %d attempts came, want the suspect again", again.Seq, again.Attempts)
	}
	ready(t, j, pipeline.LaneNormal, e.Seq)
	accept(t, j, original("3"))
	if third, _ := next(t, unread); third.Seq != 3 {
		t.Errorf("message %d came, want 3", third.Seq)
	}
}

func TestOnlyWhatIsBeingReadIsSuspectAfterACrash(t *testing.T) {
	j := open(t, t.TempDir())
	for i := range 2 * unreadAtOnce {
		accept(t, j, original(fmt.Sprint(i)))
	}
	marked := func() []int64 {
		image, err := os.ReadFile(filepath.Join(j.config.Dir, "reading"))
		if err != nil {
			t.Fatal(err)
		}
		seqs := parseMarker(image)
		slices.Sort(seqs)
		return seqs
	}
	unread := subscribe(t, j.Unread())
	next(t, unread)
	second, _ := next(t, unread)
	third, _ := next(t, unread)
	for _, e := range []pipeline.Entry{second, third} { // they wait for the first
		go func() { _, _ = j.Place(t.Context(), e.Seq, alone(e.Seq)) }()
	}
	waitFor(t, func() bool { return slices.Equal(marked(), []int64{1, 4}) })
	go func() {
		for range unread { // nobody reads them, so no more than half of all are marked for one account
		}
	}()
	waitFor(t, func() bool { return len(marked()) == unreadAtOnce/2 })
	if j.unread.limit < unreadAtOnce {
		t.Errorf("%d in flight are not enough to tell", j.unread.limit)
	}
}
