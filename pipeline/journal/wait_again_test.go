package journal

import (
	"fmt"
	"testing"

	"contactd/pipeline"
)

func TestAnEmergencyDoesNotWaitBehindWhatIsPublishedAgain(t *testing.T) {
	for name, again := range map[string]func(*Journal) error{
		"by an operator": func(j *Journal) error {
			tools := j.Tools()
			defer tools.Close()
			_, err := tools.Republish(t.Context(), Range{}, false)
			return err
		},
		"after a loss": func(j *Journal) error {
			_, err := j.RepublishFrom(t.Context(), 0, 0)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := open(t, t.TempDir())
			say := func(seq int64, key string, lane pipeline.Lane) {
				accept(t, j, original(fmt.Sprint(seq)))
				place(t, j, seq, pipeline.Placement{Key: key, Known: true})
				sortIn(t, j, lane, seq)
			}
			// Somebody else, and one whose second message was an emergency.
			s := j.Outbox()
			out := subscribe(t, s)
			for seq, each := range []struct {
				key  string
				lane pipeline.Lane
			}{{"c-other", pipeline.LaneNormal}, {"c-one", pipeline.LaneNormal}, {"c-one", pipeline.LaneEmergency}} {
				say(int64(seq+1), each.key, each.lane)
				lie(t, out, 0, int64(100+seq))
			}
			waitPublished(t, j, 3)
			s.Close()

			if err := again(j); err != nil {
				t.Fatal(err)
			}
			say(4, "c-one", pipeline.LaneEmergency)
			out = subscribe(t, j.Outbox())
			for at := range 4 {
				e, env := next(t, out)
				if urgent := e.Lane == pipeline.LaneEmergency; urgent != (e.Conversation == "c-one") || at == 0 && !urgent {
					t.Errorf("message %d of %s came as number %d by lane %v", e.Seq, e.Conversation, at+1, e.Lane)
				}
				env.Ack()
			}
		})
	}
}
