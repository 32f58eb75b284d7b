package journal

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"contactd/contact"
	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

// TestJournalAndKafkaAgreeThoughTheDiskIsTooFullForMessages: what was accepted
// can still be worked off, replies too.
func TestJournalAndKafkaAgreeThoughTheDiskIsTooFullForMessages(t *testing.T) {
	j := open(t, t.TempDir(), func(c *Config, d *Deps) { c.MinFree, d.Witnessed = 1<<60, true })
	if err := j.Doubt(t.Context(), 3); err != nil {
		t.Error(err)
	}
	if err := j.Agree(t.Context(), map[int]int64{0: 7}); err != nil {
		t.Error(err)
	}
	if known, err := j.Remembered(t.Context()); err != nil || known.Seen[0] != 7 || j.Restored().Forgotten != 3 {
		t.Errorf("remembered %+v and %+v, %v", known, j.Restored(), err)
	}
}

// TestAnEmergencyTakesAlongWhatComesAgainAtItsPlaceBeforeIt: a message that was
// published since the backup takes its place in front of others that wait.
func TestAnEmergencyTakesAlongWhatComesAgainAtItsPlaceBeforeIt(t *testing.T) {
	j := open(t, t.TempDir())
	conversing(t, j, pipeline.LaneNormal, 1, 1)
	publishAll(t, j, 1)
	forgotten := pipeline.ForgottenConversation{
		Key: "c", Channel: "email", Account: "a", Sequence: 2,
		Messages: map[string]int64{contact.MessageID("email", "a", "forgotten"): 2},
	}
	if err := j.Remind(t.Context(), []pipeline.ForgottenConversation{forgotten}, nil); err != nil {
		t.Fatal(err)
	}
	conversing(t, j, pipeline.LaneEmergency, 2, 1)
	accept(t, j, original("forgotten"))
	if err := j.Settle(t.Context(), 3, pipeline.Placement{Key: "c", Known: true}, pipeline.LaneNormal); err != nil {
		t.Fatal(err)
	}
	out := subscribe(t, j.Outbox())
	for want := int64(2); want <= 3; want++ {
		e, env := next(t, out)
		if e.Sequence != want || e.Seq != 5-want || e.Lane != pipeline.LaneEmergency {
			t.Errorf("message %d of the %v lane came at place %d, want %d", e.Seq, e.Lane, e.Sequence, want)
		}
		env.Ack()
	}
}

func TestThatAPersonVanishedIsToldAtItsPlaceAgain(t *testing.T) {
	j := open(t, t.TempDir())
	event := contact.EventID(contact.AbandonedV1, contact.MessageID("email", "a", "gone"), "")
	forgotten := pipeline.ForgottenConversation{Key: "c", Channel: "email", Account: "a", Sequence: 7, Messages: map[string]int64{event: 4}}
	if err := j.Remind(t.Context(), []pipeline.ForgottenConversation{forgotten}, nil); err != nil {
		t.Fatal(err)
	}
	accept(t, j, original("gone"))
	if placed := place(t, j, 1, pipeline.Placement{Key: "c", Known: true}); placed.Sequence != 4 {
		t.Errorf("it is at place %d", placed.Sequence)
	}
}

// TestWhatIsSetAsideAgainKeepsItsPlace: it is told under the same id, and who
// passes over known ids would miss another place.
func TestWhatIsSetAsideAgainKeepsItsPlace(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("1"))
	tools := j.Tools()
	defer tools.Close()
	out := subscribe(t, j.Outbox())
	for range 2 {
		if err := j.Quarantine(t.Context(), 1, "unreadable"); err != nil {
			t.Fatal(err)
		}
		e, env := next(t, out)
		if e.Sequence != 1 {
			t.Errorf("it is at place %d", e.Sequence)
		}
		env.Ack()
		waitFor(t, func() bool {
			accept(t, j)
			all, err := tools.Quarantined(t.Context(), 0, 1)
			return err == nil && len(all) == 1 && all[0].Published
		})
		if err := tools.Retry(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPlacesThatNobodyComesBackToAreForgottenInSteps: however many they are,
// nobody waits for it.
func TestPlacesThatNobodyComesBackToAreForgottenInSteps(t *testing.T) {
	const places = 2*pruneRows + 1
	clock := newClock(time.Unix(1790000000, 0))
	j := open(t, t.TempDir(), func(_ *Config, d *Deps) { d.Now = clock.Now })
	c := pipeline.ForgottenConversation{Key: "c", Channel: "email", Account: "a", Sequence: places, Messages: map[string]int64{}}
	for sequence := range int64(places) {
		c.Messages[fmt.Sprint("m-", sequence)] = sequence + 1
	}
	if err := errors.Join(j.Remind(t.Context(), []pipeline.ForgottenConversation{c}, nil), j.Doubt(t.Context(), places)); err != nil {
		t.Fatal(err)
	}
	kept := func() (left int64) {
		t.Helper()
		if _, err := j.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := j.reader.with(func(conn *sqlite.Conn) (err error) {
			left, err = queryInt(conn, "SELECT count(*) FROM cursors WHERE name LIKE 'place/%'")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return left
	}
	if left := kept(); left != places {
		t.Errorf("%d are left at once", left)
	}
	before := j.commits.Load()
	kept()
	calm := j.commits.Load() - before
	clock.Advance(defaultKeep + time.Hour)
	before = j.commits.Load()
	if left, steps := kept(), j.commits.Load()-before-calm; left != 0 || steps < 3 {
		t.Errorf("%d are left after %d steps", left, steps)
	}
}

// emptied is a change after which a row can be forgotten.
type emptied struct{ seq int64 }

func (e emptied) apply(t *tx) error { return execute(t.conn, "UPDATE state SET emptied = ?", e.seq) }
func (emptied) committed(*Journal)  {}

// Else the folder would be taken for one that was put back from a backup.
func TestARowThatIsPrunedWhileItIsLookedUpWasThere(t *testing.T) {
	j := open(t, t.TempDir())
	for seq := int64(1); seq <= 100; seq++ {
		accept(t, j, original(fmt.Sprint(seq)))
		e, _, err := j.Lookup(t.Context(), "email", "a", fmt.Sprint(seq))
		if err != nil {
			t.Fatal(err)
		}
		pruned := make(chan struct{})
		go func() {
			defer close(pruned)
			err := errors.Join(j.do(t.Context(), emptied{seq}, 0), j.do(t.Context(), &forgetting{before: time.Now().Add(time.Hour)}, 0))
			if err != nil {
				t.Error(err)
			}
		}()
		for over := false; !over; {
			over = isClosed(pruned)
			if has, err := j.Has(t.Context(), e.Row); err != nil || !has {
				t.Fatalf("row %d is not there: %v", seq, err)
			}
		}
	}
}
