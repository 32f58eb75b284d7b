package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"github.com/prometheus/client_golang/prometheus"
)

func TestARepeatedIdentityIsStoredOnce(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"), original("2"), original("1"))
	changed := original("2")
	changed.Bytes = []byte("fetched again, other bytes")
	accept(t, j, changed)
	other := original("1")
	other.Account = "b"
	accept(t, j, other)
	wantCounts(t, j, Counts{Accepted: 3, Waiting: 3})
}

func TestTheBacklogIsCountedUpToALimit(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"), original("2"), original("3"))
	for limit, want := range map[int]int{0: 0, 2: 2, 3: 3, 100: 3} {
		if got, err := j.Backlog(limit); err != nil || got != want {
			t.Errorf("up to %d: %d, %v; want %d", limit, got, err, want)
		}
	}
}

func TestTheSameBytesUnderAnotherIdentityAreAnotherMessage(t *testing.T) {
	j := open(t, t.TempDir())
	one, two := original("INBOX/7/1"), original("INBOX/7/2")
	two.Bytes = one.Bytes
	accept(t, j, one, two)
	wantCounts(t, j, Counts{Accepted: 2, Waiting: 2})
}

func TestARenumberedMessageIsRecognizedByItsBytes(t *testing.T) {
	j := open(t, t.TempDir())
	var first []channels.Original
	for i := range 2500 {
		first = append(first, original(fmt.Sprintf("INBOX/7/%d", i)))
	}
	accept(t, j, first...)
	var again []channels.Original
	for _, o := range first {
		o.ID = strings.Replace(o.ID, "/7/", "/8/", 1)
		o.Renumbered = true
		again = append(again, o)
	}
	fresh := original("INBOX/8/9999")
	fresh.Renumbered = true
	twin := fresh
	twin.Account = "b" // another account: not a repetition
	accept(t, j, append(again, fresh, twin, fresh)...)
	wantCounts(t, j, Counts{Accepted: 2502, Waiting: 2502})
}

func TestTheCursorMovesWithItsMessages(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	bad := original("2")
	bad.ID = ""
	err := j.Accept(t.Context(), []channels.Original{original("1"), bad}, channels.Cursor{Name: "c", Value: "2"})
	if err == nil {
		t.Fatal("a message without identity must be refused")
	}
	if c, _ := j.Cursor(t.Context(), "c"); c.Value != "" {
		t.Fatal("the cursor moved without its messages")
	}
	wantCounts(t, j, Counts{})
	if err := j.Accept(t.Context(), []channels.Original{original("1")}, channels.Cursor{Name: "c", Value: "1"}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if c, _ := open(t, dir).Cursor(t.Context(), "c"); c.Value != "1" {
		t.Fatalf("cursor %v after reopening", c)
	}
}

func TestWithdrawnAcceptanceIsNotReportedAsFailedWhenStored(t *testing.T) {
	j := open(t, t.TempDir())
	var all sync.WaitGroup
	var stored, refused atomic.Int64
	for i := range 400 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			go cancel()
			if j.Accept(ctx, []channels.Original{original(fmt.Sprint(i))}, channels.Cursor{}) == nil {
				stored.Add(1)
			} else {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	wantCounts(t, j, Counts{Accepted: stored.Load(), Waiting: stored.Load()})
}

func TestALargeOriginalIsKeptAsABlob(t *testing.T) {
	j := open(t, t.TempDir())
	large := original("1")
	large.Bytes = []byte(strings.Repeat("%PDF-1.4 ", channels.InlineLimit/8))
	accept(t, j, large)
	e, _ := next(t, subscribe(t, j.Unread()))
	if e.Original.Bytes != nil || e.Original.Blob == nil || e.Original.Blob.SHA256 != e.SHA256 ||
		e.Original.Blob.MediaType != "application/pdf" {
		t.Fatalf("delivered %+v", e.Original)
	}
	file, err := j.Blobs().Open(e.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if back, _ := io.ReadAll(file); string(back) != string(large.Bytes) {
		t.Error("the blob holds other bytes")
	}
}

// stranger is a user who is not the one that runs the test.
const stranger = 4711

func TestWhatRootStoresBelongsToWhomTheFolderBelongs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := t.TempDir()
	open(t, dir)
	if err := os.Chown(filepath.Join(dir, "blobs"), stranger, stranger); err != nil {
		t.Fatal(err)
	}
	if _, err := toolsOn(t, dir).Blobs().Store(t.Context(), strings.NewReader("hello")); err != nil {
		t.Fatal(err)
	}
	stored, _ := filepath.Glob(filepath.Join(dir, "blobs", "2c", "f2", "*"))
	if len(stored) != 1 {
		t.Fatalf("files %v", stored)
	}
	for _, path := range []string{stored[0], filepath.Dir(stored[0]), filepath.Dir(filepath.Dir(stored[0]))} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != stranger || owner.Gid != stranger {
			t.Errorf("%s belongs to %d:%d", path, owner.Uid, owner.Gid)
		}
	}
}

func TestTheSameBlobIsStoredOnce(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	var blobs []contact.Blob
	for range 2 {
		b, err := j.Blobs().Store(t.Context(), strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		blobs = append(blobs, b)
	}
	want := contact.Blob{
		SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", Size: 5, MediaType: "text/plain; charset=utf-8",
	}
	if blobs[0] != want || blobs[1] != want {
		t.Fatalf("stored %+v", blobs)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "blobs", "*", "*", "*"))
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "blobs", "tmp")); len(left) != 0 {
		t.Error("a temporary file was left")
	}
	for _, name := range []string{"", "../../lock", strings.Repeat("0", 64)} {
		if _, err := j.Blobs().Open(name); err == nil {
			t.Errorf("opened %q", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Blobs().Store(ctx, strings.NewReader("x")); err == nil {
		t.Error("stored after the end")
	}
}

func TestASecondDaemonIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	_, err := Open(Config{Dir: dir}, Deps{})
	if err == nil || !strings.Contains(err.Error(), "another contactd is using it") {
		t.Fatalf("error %v", err)
	}
	info, _ := os.Stat(filepath.Join(dir, databaseName))
	if info == nil {
		t.Fatal("no database")
	}
}

func TestTheDirectoryIsForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "journal")
	open(t, dir)
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestConfigReportsAllProblems(t *testing.T) {
	err := Config{Keep: -1, Remember: -1, InFlight: -1}.Validate()
	for _, key := range []string{"keep", "remember", "in_flight"} {
		if err == nil || !strings.Contains(err.Error(), key+":") {
			t.Errorf("%v does not name %s", err, key)
		}
	}
	if err := (Config{Keep: 10000 * time.Hour}).Validate(); err != nil {
		t.Error(err)
	}
	if err := (Config{Keep: time.Hour, Remember: time.Minute}).Validate(); err == nil {
		t.Error("identities must be remembered as long as bytes are kept")
	}
}

func TestAcceptanceIsRefusedWhileTheDiskIsTooFull(t *testing.T) {
	j := open(t, t.TempDir(), func(c *Config, _ *Deps) { c.MinFree = 1 << 60 })
	err := j.Accept(t.Context(), []channels.Original{original("1")}, channels.Cursor{})
	if err == nil || !strings.Contains(err.Error(), "min_free_bytes") {
		t.Fatalf("error %v", err)
	}
}

func TestTheLastOfTheDiskIsForMessages(t *testing.T) {
	dir := t.TempDir()
	free, err := freeBytes(dir)
	if err != nil {
		t.Fatal(err)
	}
	j := open(t, dir, func(c *Config, _ *Deps) { c.MinFree = free / 2 })
	accept(t, j, original("1"))
	if err := j.Spare(); err == nil || !strings.Contains(err.Error(), "min_free_bytes") {
		t.Errorf("a file would be stored: %v", err)
	}
	for _, floor := range []int64{free / 8, -1} {
		if err := open(t, t.TempDir(), func(c *Config, _ *Deps) { c.MinFree = floor }).Spare(); err != nil {
			t.Errorf("floor %d: %v", floor, err)
		}
	}
}

// thread is a placement by references.
func thread(key string, ids, refs, people string) pipeline.Placement {
	return pipeline.Placement{Key: key, Thread: contact.Thread{
		IDs: strings.Fields(ids), References: strings.Fields(refs), Participants: strings.Fields(people),
	}}
}

func TestAReplyJoinsTheConversationThatItRefersTo(t *testing.T) {
	j := open(t, t.TempDir())
	for i := range 8 {
		accept(t, j, original(fmt.Sprint(i)))
	}
	token := thread("c-7", "<7>", "<1>", "ann@x")
	token.Token = "c-4"
	unknown := thread("c-8", "", "", "ann@x")
	unknown.Token = "c-nobody"
	for i, step := range []struct {
		why  string
		p    pipeline.Placement
		want pipeline.Placed
	}{
		{"a first message begins a conversation", thread("c-1", "<1>", "", "Ann@x"), pipeline.Placed{Conversation: "c-1", Sequence: 1}},
		{"a reply continues it", thread("c-2", "<2>", "<0> <1>", "ann@x"), pipeline.Placed{Conversation: "c-1", Sequence: 2}},
		{"through any of its messages", thread("c-3", "<3>", "<2>", "bob@x ANN@x"), pipeline.Placed{Conversation: "c-1", Sequence: 3}},
		{"other people get their own", thread("c-4", "<4>", "<1>", "eve@x"), pipeline.Placed{Conversation: "c-4", Sequence: 1, Foreign: true}},
		{"taking a name that is in use does not redirect it", thread("c-5", "<1>", "", "eve@x"), pipeline.Placed{Conversation: "c-5", Sequence: 1}},
		{"so its replies still arrive", thread("c-6", "<6>", "<1>", "ann@x"), pipeline.Placed{Conversation: "c-1", Sequence: 4}},
		{"a token of others' conversation is followed no more than a reference", token, pipeline.Placed{Conversation: "c-1", Sequence: 5}},
		{"an unknown token begins a conversation", unknown, pipeline.Placed{Conversation: "c-8", Sequence: 1}},
	} {
		if got := place(t, j, int64(i+1), step.p); got != step.want {
			t.Errorf("%s: placed %+v, want %+v", step.why, got, step.want)
		}
		if got := place(t, j, int64(i+1), thread("c-other", "", "", "")); got != step.want {
			t.Errorf("%s: placed again %+v, want %+v", step.why, got, step.want)
		}
	}
}

func TestAReferenceOfAnotherAccountLeadsNowhere(t *testing.T) {
	j := open(t, t.TempDir())
	other := original("2")
	other.Account = "b"
	accept(t, j, original("1"), other)
	place(t, j, 1, thread("c-1", "<1>", "", "ann@x"))
	if got := place(t, j, 2, thread("c-2", "<2>", "<1>", "ann@x")); got.Conversation != "c-2" || got.Foreign {
		t.Errorf("placed %+v", got)
	}
}

func TestAKnownConversationIsTakenAsItIs(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"), original("2"))
	p := thread("chat-9", "", "<1>", "")
	p.Known = true
	place(t, j, 1, p)
	if got := place(t, j, 2, p); got != (pipeline.Placed{Conversation: "chat-9", Sequence: 2}) {
		t.Errorf("placed %+v", got)
	}
}

func TestPlacingWaitsForEarlierMessagesOfTheAccount(t *testing.T) {
	j := open(t, t.TempDir())
	other := original("4")
	other.Account = "b"
	accept(t, j, original("1"), original("2"), original("3"), other)
	type result struct {
		seq    int64
		placed pipeline.Placed
		err    error
	}
	results := make(chan result, 3)
	same := thread("c", "", "", "")
	same.Known = true
	for _, seq := range []int64{3, 2} {
		go func() {
			p, err := j.Place(t.Context(), seq, same)
			results <- result{seq, p, err}
		}()
	}
	place(t, j, 4, alone(4)) // another account does not wait
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := j.Place(ctx, 3, same); err == nil {
		t.Fatal("placed before its turn")
	}
	place(t, j, 1, same)
	for range 2 {
		r := <-results
		if r.err != nil && r.seq == 3 {
			r.placed, r.err = j.Place(t.Context(), 3, same) // two waited for one place
		}
		if r.err != nil || r.placed.Sequence != r.seq {
			t.Errorf("message %d placed %+v, %v", r.seq, r.placed, r.err)
		}
	}
}

func TestPlacingDoesNotWaitForWhatIsInQuarantine(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"), original("2"))
	done := make(chan error)
	go func() {
		_, err := j.Place(t.Context(), 2, alone(2))
		done <- err
	}()
	if err := j.Quarantine(t.Context(), 1, "cannot be read"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasNeverAcceptedIsRefused(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"))
	if _, err := j.Place(t.Context(), 99, alone(99)); err == nil {
		t.Error("placed")
	}
	if err := j.Sort(t.Context(), 1, pipeline.LaneNormal); err == nil {
		t.Error("sorted what was not placed")
	}
	if err := j.Quarantine(t.Context(), 99, "x"); err == nil {
		t.Error("quarantined")
	}
	place(t, j, 1, alone(1))
	if err := j.Sort(t.Context(), 1, pipeline.LaneUnsorted); err == nil {
		t.Error("sorted into no lane")
	}
}

func TestEmergenciesGoFirstAndTheLowLaneLast(t *testing.T) {
	j := open(t, t.TempDir())
	for i := range 6 {
		accept(t, j, original(fmt.Sprint(i)))
	}
	ready(t, j, pipeline.LaneLow, 1)
	ready(t, j, pipeline.LaneNormal, 2, 3)
	if err := j.Quarantine(t.Context(), 4, "cannot be read"); err != nil {
		t.Fatal(err)
	}
	ready(t, j, pipeline.LaneEmergency, 5, 6)
	got := seqsOf(t, subscribe(t, j.Outbox()), 6)
	if want := []int64{5, 6, 4, 2, 3, 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestTheLowLaneIsNeverStarved(t *testing.T) {
	j := open(t, t.TempDir())
	for i := range 64 {
		accept(t, j, original(fmt.Sprint(i)))
	}
	ready(t, j, pipeline.LaneLow, 1)
	for seq := int64(2); seq <= 64; seq++ {
		ready(t, j, pipeline.LaneNormal, seq)
	}
	for at, seq := range seqsOf(t, subscribe(t, j.Outbox()), 2*lowTurn) {
		if seq == 1 {
			t.Logf("after %d others", at)
			return
		}
	}
	t.Error("automatic mail waits for ever behind the others")
}

func TestAnEmergencyTakesItsConversationAlong(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	same := thread("c", "", "", "")
	same.Known = true
	for i := range 6 {
		accept(t, j, original(fmt.Sprint(i)))
	}
	ready(t, j, pipeline.LaneNormal, 1)
	place(t, j, 2, same)
	place(t, j, 3, same)
	ready(t, j, pipeline.LaneNormal, 4)
	place(t, j, 5, same)
	place(t, j, 6, same)
	sortIn(t, j, pipeline.LaneLow, 2)
	sortIn(t, j, pipeline.LaneEmergency, 5)
	sortIn(t, j, pipeline.LaneLow, 3) // sorted late, but an emergency waits behind it
	sortIn(t, j, pipeline.LaneNormal, 6)
	out := subscribe(t, j.Outbox())
	var got []string
	for range 6 {
		e, env := next(t, out)
		got = append(got, fmt.Sprintf("%d:%v", e.Seq, e.Lane))
		env.Ack()
	}
	// While one of the conversation is out, the others' turn may come.
	conversation := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s == "1:normal" || s == "4:normal" })
	want := []string{"2:emergency", "3:emergency", "5:emergency", "6:normal"}
	if got[0] != want[0] || len(got) != 6 || !reflect.DeepEqual(conversation, want) {
		t.Errorf("order %v, want first and in order %v", got, want)
	}
}

func TestAnEmergencyGetsOutThoughOthersHang(t *testing.T) {
	j := open(t, t.TempDir(), func(c *Config, _ *Deps) { c.InFlight = 8 })
	for i := range 20 {
		accept(t, j, original(fmt.Sprint(i)))
		ready(t, j, pipeline.LaneNormal, int64(i+1))
	}
	out := subscribe(t, j.Outbox())
	for range 6 {
		next(t, out) // never answered
	}
	nothing(t, out)
	accept(t, j, original("emergency"))
	ready(t, j, pipeline.LaneEmergency, 21)
	if e, _ := next(t, out); e.Seq != 21 {
		t.Errorf("message %d came first", e.Seq)
	}
}

func TestAnEmergencyOvertakesAnEnvelopeThatNobodyTookYet(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"), original("2"), original("3"))
	ready(t, j, pipeline.LaneNormal, 1)
	out := subscribe(t, j.Outbox())
	_, env := next(t, out)
	env.Ack()
	ready(t, j, pipeline.LaneNormal, 2) // taken by the subscription, but not from it
	waitFor(t, func() bool { j.outbox.mu.Lock(); defer j.outbox.mu.Unlock(); return j.outbox.flying > 0 })
	ready(t, j, pipeline.LaneEmergency, 3)
	waitFor(t, func() bool { return emergencyFlies(j) })
	if got := seqsOf(t, out, 2); !reflect.DeepEqual(got, []int64{3, 2}) {
		t.Errorf("order %v", got)
	}
}

func emergencyFlies(j *Journal) bool {
	j.outbox.mu.Lock()
	defer j.outbox.mu.Unlock()
	for _, h := range j.outbox.active {
		if h.rank == rankEmergency && h.state == headFlying {
			return true
		}
	}
	return false
}

// waitFor waits for something that cannot be subscribed to.
func waitFor(t testing.TB, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
		<-time.After(time.Millisecond)
	}
}

func TestOneOfAConversationIsOutAtATime(t *testing.T) {
	j := open(t, t.TempDir())
	same := thread("c", "", "", "")
	same.Known = true
	for i := range 3 {
		accept(t, j, original(fmt.Sprint(i)))
		place(t, j, int64(i+1), same)
	}
	sortIn(t, j, pipeline.LaneNormal, 2, 3)
	out := subscribe(t, j.Outbox())
	nothing(t, out) // the first is not sorted
	sortIn(t, j, pipeline.LaneNormal, 1)
	for want := int64(1); want <= 3; want++ {
		e, env := next(t, out)
		if e.Seq != want || e.Sequence != want {
			t.Fatalf("message %d, sequence %d, want %d", e.Seq, e.Sequence, want)
		}
		nothing(t, out)
		if want == 2 {
			env.Nack()
			if e, env = next(t, out); e.Seq != 2 {
				t.Fatalf("message %d after a refusal", e.Seq)
			}
		}
		env.Ack()
	}
}

func TestUnreadMessagesComeInOrderOfAcceptance(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, func(c *Config, _ *Deps) { c.InFlight = 64 })
	for i := range 30 {
		o := original(fmt.Sprint(i))
		o.Account = fmt.Sprint("account", i%3)
		accept(t, j, o)
	}
	for range 2 { // live, and again after reopening
		unread := subscribe(t, j.Unread())
		for want := int64(1); want <= 30; want++ {
			if e, _ := next(t, unread); e.Seq != want {
				t.Fatalf("message %d, want %d", e.Seq, want)
			}
		}
		j.Close()
		j = open(t, dir, func(c *Config, _ *Deps) { c.InFlight = 64 })
	}
}

func TestAcknowledgingAnUnsortedMessageDoesNotLoseIt(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"))
	unread := subscribe(t, j.Unread())
	for range 3 {
		_, env := next(t, unread)
		env.Ack()
	}
	_, env := next(t, unread)
	env.Nack()
	next(t, unread)
}

func TestAnAccountThatHangsDoesNotStopTheOthers(t *testing.T) {
	j := open(t, t.TempDir(), func(c *Config, _ *Deps) { c.InFlight = 8 })
	for i := range 20 {
		accept(t, j, original(fmt.Sprint(i)))
	}
	other := original("other")
	other.Account = "b"
	accept(t, j, other)
	unread := subscribe(t, j.Unread())
	for range 4 {
		next(t, unread) // never answered
	}
	if e, _ := next(t, unread); e.Original.Account != "b" {
		t.Errorf("delivered message %d of account %s", e.Seq, e.Original.Account)
	}
}

func TestALateAcknowledgementStillCounts(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	accept(t, j, original("1"))
	ready(t, j, pipeline.LaneNormal, 1)
	s := j.Outbox()
	_, env := next(t, subscribe(t, s))
	s.Close()
	<-env.Context().Done()
	env.Ack()
	j.Close()
	wantCounts(t, open(t, dir), Counts{Accepted: 1, Published: 1})
}

func TestATopicIsOneKindOfChannel(t *testing.T) {
	j := open(t, t.TempDir())
	chat := original("2")
	chat.Channel = "webchat"
	accept(t, j, original("1"), chat)
	ready(t, j, pipeline.LaneNormal, 1, 2)
	out, err := j.Outbox().Subscribe(t.Context(), "webchat")
	if err != nil {
		t.Fatal(err)
	}
	if e, _ := next(t, out); e.Seq != 2 {
		t.Errorf("message %d", e.Seq)
	}
	nothing(t, out)
}

func TestSubscribersCloseCleanly(t *testing.T) {
	j := open(t, t.TempDir())
	s := j.Outbox()
	envs, _ := s.Subscribe(t.Context(), pipeline.AllChannels)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-envs; open {
		t.Error("the subscription is open")
	}
	if _, err := s.Subscribe(t.Context(), pipeline.AllChannels); err == nil {
		t.Error("a closed subscriber subscribes")
	}
	j.Close()
	if err := j.Accept(t.Context(), []channels.Original{original("1")}, channels.Cursor{}); !errors.Is(err, ErrClosed) {
		t.Errorf("accepting after the end: %v", err)
	}
}

func TestMetricsTellWhatWaits(t *testing.T) {
	registry := prometheus.NewRegistry()
	now := newClock(time.Unix(1790000000, 0))
	j := open(t, t.TempDir(), func(_ *Config, d *Deps) {
		d.Metrics = registry
		d.Now = now.Now
	})
	accept(t, j, original("1"), original("2"), original("3"))
	ready(t, j, pipeline.LaneEmergency, 1)
	if err := j.Quarantine(t.Context(), 2, "x"); err != nil {
		t.Fatal(err)
	}
	now.Advance(90 * time.Second)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := strings.TrimPrefix(f.GetName(), "contactd_journal_")
			for _, l := range m.Label {
				name += "/" + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"accepted_total": 3, "quarantined_total": 1, "quarantined": 1, "waiting/emergency": 1, "waiting/unjudged": 1,
		"waiting/unsorted": 1, "waiting/normal": 0, "oldest_unpublished_seconds/emergency": 90, "oldest_unpublished_seconds/low": 0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

func wantCounts(t testing.TB, j *Journal, want Counts) {
	t.Helper()
	tools := j.Tools()
	defer tools.Close()
	report, err := tools.Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Differences) > 0 {
		t.Fatalf("verify: %v", report.Differences)
	}
	if report.Counts != want {
		t.Fatalf("counts %+v, want %+v", report.Counts, want)
	}
}

func cursorOf(name, value string) channels.Cursor { return channels.Cursor{Name: name, Value: value} }
