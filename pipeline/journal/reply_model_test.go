package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"pgregory.net/rapid"
)

// modelReply is what the model knows of a reply: its state inside and all that
// was told. Doubt counts the hand-overs of which nobody proved that they came
// to nothing: there is never more than one.
type modelReply struct {
	id    string
	state int
	told  []contact.ReplyState
	doubt int
}

func (m *modelReply) become(state int) {
	if before := stateName(m.state); m.state == 0 || before != stateName(state) {
		m.told = append(m.told, stateName(state))
	}
	m.state = state
}

// TestRepliesBehaveLikeTheirModel runs random calls, in any order and with
// crashes among them, on a journal and on a model in memory.
func TestRepliesBehaveLikeTheirModel(t *testing.T) {
	base := t.TempDir()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		dir := filepath.Join(base, fmt.Sprint(runs))
		j := reopen(rt, dir)
		defer func() { j.Close(); os.RemoveAll(dir) }()
		ctx := context.Background()
		if err := j.Accept(ctx, []channels.Original{original("x")}, channels.Cursor{}); err != nil {
			rt.Fatal(err)
		}
		conversation := contact.ConversationID("email", "a", "x")
		_, err := j.Place(ctx, 1, pipeline.Placement{Key: conversation, Known: true, Answer: contact.Answer{
			Address: "to x", Rules: contact.ReplyRules{Allowed: true},
		}})
		if err != nil {
			rt.Fatal(err)
		}
		var all []*modelReply
		pick := func(rt *rapid.T) *modelReply {
			if len(all) == 0 {
				rt.Skip("no reply yet")
			}
			return rapid.SampledFrom(all).Draw(rt, "reply")
		}
		rt.Repeat(map[string]func(*rapid.T){
			"queue": func(rt *rapid.T) {
				r := replyTo(conversation, fmt.Sprint(rapid.IntRange(1, 5).Draw(rt, "number")))
				if err := j.QueueReply(ctx, r); err != nil {
					rt.Fatal(err)
				}
				if !slices.ContainsFunc(all, func(m *modelReply) bool { return m.id == r.ID }) {
					m := &modelReply{id: r.ID}
					m.become(replyQueued)
					all = append(all, m)
				}
			},
			"hand over": func(rt *rapid.T) {
				m := pick(rt)
				ok, err := j.HandOver(ctx, m.id)
				if err != nil || ok != (m.state == replyQueued) {
					rt.Fatalf("hand over in state %s: %v, %v", stateName(m.state), ok, err)
				}
				if ok {
					m.become(replyHandingOver)
					if m.doubt++; m.doubt > 1 {
						rt.Fatalf("reply %s may have been sent twice", m.id)
					}
				}
			},
			"outcome": func(rt *rapid.T) {
				m := pick(rt)
				state := rapid.SampledFrom([]int{replyQueued, replyUnknown, replyHandedOver, replyConfirmed, replyFailed}).Draw(rt, "state")
				if err := j.Outcome(ctx, contact.Outcome{ReplyID: m.id, State: stateName(state), Reason: "x"}); err != nil {
					rt.Fatal(err)
				}
				if follows(m.state, state) {
					if state == replyQueued {
						m.doubt = 0 // whoever says so has proved it
					}
					m.become(state)
				}
			},
			"postpone": func(rt *rapid.T) {
				m := pick(rt)
				if err := j.Postpone(ctx, m.id, time.Duration(rapid.IntRange(0, 2).Draw(rt, "pause"))*time.Hour); err != nil {
					rt.Fatal(err)
				}
				if m.state == replyHandingOver {
					m.doubt = 0
					m.become(replyQueued)
				}
			},
			"crash": func(rt *rapid.T) {
				copied := dir + "x"
				crashCopy(rt, dir, copied)
				j.Close()
				os.RemoveAll(dir)
				if err := os.Rename(copied, dir); err != nil {
					rt.Fatal(err)
				}
				j = reopen(rt, dir)
				for _, m := range all {
					if m.state == replyHandingOver {
						m.become(replyUnknown)
					}
				}
			},
			"": func(rt *rapid.T) {
				tools := j.Tools()
				defer tools.Close()
				report, err := tools.Verify(ctx)
				if err != nil || len(report.Differences) > 0 {
					rt.Fatalf("verify: %v, %v", err, report.Differences)
				}
				var want ReplyCounts
				for _, m := range all {
					want.count(m.state)
				}
				if report.Replies != want {
					rt.Fatalf("counts %+v, want %+v", report.Replies, want)
				}
			},
		})
		for _, m := range all {
			wantTold(rt, t, j, m)
		}
	})
}

func wantTold(rt *rapid.T, t *testing.T, j *Journal, m *modelReply) {
	var got []contact.ReplyState
	for _, each := range changes(t, j, m.id) {
		got = append(got, each.State)
	}
	if !slices.Equal(got, m.told) {
		rt.Fatalf("told %v, want %v", got, m.told)
	}
}
