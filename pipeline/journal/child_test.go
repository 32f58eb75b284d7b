package journal

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"contactd/channels"
	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
	"zombiezen.com/go/sqlite"
)

// The tests of crashes run this test binary again as a child, which works on a
// journal and says on its standard output, outside of the journal, what was
// acknowledged to it.

const (
	childDir     = "JOURNAL_CHILD_DIR"
	childRun     = "JOURNAL_CHILD_RUN"     // distinguishes the ids of several children
	childCount   = "JOURNAL_CHILD_COUNT"   // messages to accept, then end; 0 for ever
	childMeasure = "JOURNAL_CHILD_MEASURE" // only open, deliver a thousand and say what it took
	childPoison  = "JOURNAL_CHILD_POISON"  // the id of a message whose reading kills the process
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if os.Getenv(childMeasure) != "" {
			measure(dir)
		} else {
			beChild(dir)
		}
		return
	}
	// Most tests wait for the disk; a command line overrides both.
	_ = flag.Set("test.parallel", "16")
	_ = flag.Set("rapid.checks", "15")
	os.Exit(m.Run())
}

// beChild accepts messages, reads, places, sorts and publishes them.
func beChild(dir string) {
	j, err := Open(Config{Dir: dir, MinFree: -1}, Deps{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(3)
	}
	ctx := context.Background()
	unread, _ := j.Unread().Subscribe(ctx, pipeline.AllChannels)
	out, _ := j.Outbox().Subscribe(ctx, pipeline.AllChannels)
	go childReads(j, unread)
	go func() {
		for env := range out {
			env.Ack()
		}
	}()
	count, _ := strconv.Atoi(os.Getenv(childCount))
	var all sync.WaitGroup
	var last atomic.Int64
	for range 8 {
		all.Go(func() {
			for i := last.Add(1); count == 0 || i <= int64(count); i = last.Add(1) {
				childAccepts(j, fmt.Sprintf("%s-%d", os.Getenv(childRun), i))
			}
		})
	}
	all.Wait()
	if os.Getenv(childPoison) != "" {
		childWorksOff(j)
	}
	_ = j.Close()
	fmt.Println("end")
}

// childWorksOff waits until nothing waits.
func childWorksOff(j *Journal) {
	tools := j.Tools()
	defer tools.Close()
	for {
		if c, err := tools.Counts(context.Background()); err == nil && c.Waiting == 0 {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
}

// childAccepts offers a message until it is taken, as a platform would.
func childAccepts(j *Journal, id string) {
	for {
		err := j.Accept(context.Background(), []channels.Original{original(id)}, channels.Cursor{Name: "c", Value: id})
		if err == nil {
			fmt.Println("acked", id)
			return
		}
		fmt.Println("refused", err)
		<-time.After(20 * time.Millisecond)
	}
}

func childReads(j *Journal, unread <-chan *message.Message) {
	for env := range unread {
		go func() {
			e, err := EntryOf(env)
			if err != nil {
				panic(err)
			}
			if e.Original.ID == os.Getenv(childPoison) {
				os.Exit(9)
			}
			ctx := context.Background()
			if _, err := j.Place(ctx, e.Seq, alone(e.Seq)); err == nil && j.Sort(ctx, e.Seq, pipeline.LaneNormal) == nil {
				env.Ack()
				return
			}
			env.Nack()
		}()
	}
}

// child is a running child process.
type child struct {
	cmd   *exec.Cmd
	lines chan string
	acked []string
	other []string
}

// startChild runs the test binary, below wrap if given (such as strace).
func startChild(t testing.TB, dir string, run, count int, wrap []string, env ...string) *child {
	t.Helper()
	args := append(wrap, os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childDir+"="+dir, childRun+"="+strconv.Itoa(run), childCount+"="+strconv.Itoa(count))
	cmd.Env = append(cmd.Env, env...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, lines: make(chan string, 1024)}
	go c.scan(stdout)
	return c
}

func (c *child) scan(r io.Reader) {
	defer close(c.lines)
	for s := bufio.NewScanner(r); s.Scan(); {
		c.lines <- s.Text()
	}
}

// note keeps what the child said.
func (c *child) note(line string) {
	if id, ok := cutPrefix(line, "acked "); ok {
		c.acked = append(c.acked, id)
		return
	}
	c.other = append(c.other, line)
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return s, false
}

// listen notes until n messages were acknowledged or the child ended.
func (c *child) listen(n int) {
	for len(c.acked) < n {
		line, ok := <-c.lines
		if !ok {
			return
		}
		c.note(line)
	}
}

// drain notes what the child said to its end, and waits for that.
func (c *child) drain() {
	for line := range c.lines {
		c.note(line)
	}
	_ = c.cmd.Wait()
}

// mustHold fails unless the journal in dir is sound, holds all acknowledged
// ids and nothing that was never offered.
func mustHold(t testing.TB, dir string, acked []string) {
	t.Helper()
	j, err := Open(Config{Dir: dir, MinFree: -1}, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	tools := j.Tools()
	defer tools.Close()
	report, err := tools.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Differences) > 0 {
		t.Fatalf("verify: %v", report.Differences)
	}
	offered := regexp.MustCompile(`^\d+-\d+$`) // all that a child ever offers
	held := map[string]bool{}
	err = j.reader.with(func(conn *sqlite.Conn) error {
		stmt := conn.Prep("SELECT id FROM messages")
		for {
			found, err := stmt.Step()
			if err != nil || !found {
				return err
			}
			held[stmt.ColumnText(0)] = true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range acked {
		if !held[id] {
			t.Fatalf("message %s was acknowledged and is lost", id)
		}
	}
	for id := range held {
		if !offered.MatchString(id) {
			t.Fatalf("message %s was never offered", id)
		}
	}
}
