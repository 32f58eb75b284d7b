package journal

import (
	"fmt"
	"testing"

	"contactd/contact"
	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

func TestWhatWasAcceptedIsFoundByItsIdentity(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, original("7"))
	place(t, j, 1, alone(1))
	e, known, err := j.Lookup(t.Context(), "email", "a", "7")
	if err != nil || !known || e.Original.ID != "7" || len(e.Original.Bytes) == 0 || e.Conversation != "c-1" {
		t.Errorf("%+v, %v, %v", e, known, err)
	}
	again, known, err := j.Message(t.Context(), contact.MessageID("email", "a", "7"))
	if err != nil || !known || again.Seq != e.Seq {
		t.Errorf("%+v, %v, %v", again, known, err)
	}
	if channel, account, known, err := j.Begun(t.Context(), "c-1"); channel != "email" || account != "a" || !known || err != nil {
		t.Errorf("begun by %s/%s, %v, %v", channel, account, known, err)
	}
	for _, id := range []string{"8", "", "07"} {
		if _, known, err := j.Lookup(t.Context(), "email", "a", id); known || err != nil {
			t.Errorf("%q: %v, %v", id, known, err)
		}
	}
	if _, known, err := j.Message(t.Context(), "m-nothing"); known || err != nil {
		t.Errorf("%v, %v", known, err)
	}
	if _, _, known, err := j.Begun(t.Context(), "c-nowhere"); known || err != nil {
		t.Errorf("%v, %v", known, err)
	}
	tools := j.Tools()
	defer tools.Close()
	if err := tools.change(func(conn *sqlite.Conn) error { return execute(conn, "UPDATE messages SET body = 'x'") }); err != nil {
		t.Fatal(err)
	}
	if e, known, err := j.Lookup(t.Context(), "email", "a", "7"); !known || err != nil || e.Original.Bytes != nil {
		t.Errorf("damaged: %+v, %v, %v", e, known, err)
	}
	if e, known, err := j.Message(t.Context(), contact.MessageID("email", "a", "7")); !known || err != nil || e.Original.Bytes != nil {
		t.Errorf("damaged: %+v, %v, %v", e, known, err)
	}
}

// What a handler decided is looked up while it is on its way through the pipeline:
// one that is not believed would let another decision be taken beside it.
func TestWhatIsPlacedWhileItIsLookedUpIsNotDamaged(t *testing.T) {
	j := open(t, t.TempDir())
	for seq := int64(1); seq <= 100; seq++ {
		id := fmt.Sprint(seq)
		accept(t, j, original(id))
		placed := make(chan struct{})
		go func() {
			defer close(placed)
			if err := j.Settle(t.Context(), seq, alone(seq), pipeline.LaneNormal); err != nil {
				t.Error(err)
			}
		}()
		for over := false; !over; {
			over = isClosed(placed)
			e, known, err := j.Lookup(t.Context(), "email", "a", id)
			if err != nil || !known || e.Original.ID != id {
				t.Fatalf("message %d: %+v, known %v, %v", seq, e, known, err)
			}
		}
	}
}
