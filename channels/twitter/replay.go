package twitter

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"contactd/channels"
	"contactd/channels/loose"
	"contactd/channels/twitter/api"
	"contactd/channels/twitter/element"
)

// How far back X delivers again ("V2 Webhooks", "Account Activity Replay API"):
// a day of everything, and of account activity five, of which it likes to be
// asked for two hours at a time, five times a quarter of an hour.
const (
	replayReach    = 24*time.Hour - 5*time.Minute
	activityReach  = 5*24*time.Hour - 5*time.Minute
	activityPiece  = 2 * time.Hour
	mostReplays    = 3
	replayTries    = 3
	rememberedJobs = 100
)

// grace is how long X itself repeats what was not taken [recall]: what is
// shorter is no gap.
const grace = 5 * time.Minute

// replays are what X is asked to deliver again: what came while we were not
// there, or did not take it. Lists are read all the same, so that nothing hangs
// on it: it only brings what no list shows, and sooner. It lives in a cursor.
type replays struct {
	mutex   sync.Mutex
	loaded  bool
	Good    time.Time `json:"good"`    // up to then nothing is missing
	Pending span      `json:"pending"` // what is to be asked for
	failing bool      // a delivery was not taken since Good
	jobs    map[string]span
}

// span is a time of which deliveries are missing. Tries counts the jobs that
// did not deliver all of it.
type span struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	Tries int       `json:"tries,omitempty"`
}

func (s span) empty() bool { return !s.From.Before(s.Until) }

// with is the span that holds both.
func (s span) with(other span) span {
	switch {
	case s.empty():
		return other
	case other.empty():
		return s
	}
	if other.From.Before(s.From) {
		s.From = other.From
	}
	if other.Until.After(s.Until) {
		s.Until = other.Until
	}
	s.Tries = max(s.Tries, other.Tries)
	return s
}

const replaysName = "twitter/deliveries"

// missed notes that a delivery was not taken.
func (r *replays) missed() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.failing = true
}

// ended hears how a job of X's ended.
func (r *replays) ended(raw json.RawMessage) (complete bool) {
	var status struct {
		Job   element.ID `json:"job_id"`
		State string     `json:"job_state"`
	}
	_, _ = loose.Decode(raw, &status)
	complete = status.State == "Complete"
	r.mutex.Lock()
	defer r.mutex.Unlock()
	asked, ours := r.jobs[string(status.Job)]
	delete(r.jobs, string(status.Job))
	if asked.Tries++; ours && !complete && asked.Tries < replayTries {
		r.Pending = r.Pending.with(asked)
	}
	return complete
}

// replay finds out whether deliveries are missing, and asks X for them.
func (ch *Channel) replay(ctx context.Context, a *account, inbox channels.Inbox, hook element.ID) error {
	r := &ch.replays
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := r.load(ctx, inbox); err != nil {
		return err
	}
	now := ch.now().UTC()
	if !r.Good.IsZero() && (r.failing || now.Sub(r.Good) > ch.timing.audit+grace) {
		r.Pending = r.Pending.with(span{From: r.Good.Add(-time.Minute), Until: now})
	}
	r.Good, r.failing = now, false
	if err := r.save(ctx, inbox); err != nil { // before X is asked
		r.failing = true
		return err
	}
	before := r.Pending
	for range mostReplays {
		if !ch.ask(ctx, a, r, hook, now) {
			break
		}
	}
	if r.Pending == before {
		return nil
	}
	return r.save(ctx, inbox)
}

// ask asks for what is pending, or a piece of it; false when that is enough for
// now. The caller holds mutex.
func (ch *Channel) ask(ctx context.Context, a *account, r *replays, hook element.ID, now time.Time) bool {
	piece, older := r.next(now, ch.activitySubscribed())
	if piece.empty() {
		return false
	}
	ask := a.client.Replay
	if older {
		ask = a.client.ReplayActivity
	}
	job, err := ask(ctx, hook, piece.From, piece.Until)
	switch {
	case err == nil:
		ch.metrics.replays.WithLabelValues("asked").Inc()
		ch.log.Info("deliveries are missing; X is asked for them", "from", piece.From, "until", piece.Until)
		r.remember(job, piece)
		r.Pending.From = piece.Until
		return true
	case api.Is(err, api.Closed, api.Refused, api.Gone):
		ch.metrics.replays.WithLabelValues("not_in_plan").Inc()
		ch.log.Info("deliveries are missing; X delivers none again by this plan, so lists are read alone", "from", piece.From, "until", piece.Until)
		r.Pending = span{}
	case api.Is(err, api.Bad): // not of this time; perhaps of the next
		ch.log.Warn("X does not deliver this time again", "from", piece.From, "until", piece.Until, "err", err)
		r.Pending.From = piece.Until
		return true
	default:
		ch.log.Warn("X could not be asked for what is missing, it is tried again", "err", err)
	}
	return false
}

// activitySubscribed reports whether account activity is delivered at all.
func (ch *Channel) activitySubscribed() bool {
	for _, a := range ch.accounts {
		if a.Auth == authOAuth1 {
			return true
		}
	}
	return false
}

// next is the piece of what is pending that X can be asked for, in whole
// minutes, and whether it is so old that only account activity has it. What
// nobody has any more is let go.
func (r *replays) next(now time.Time, activity bool) (piece span, older bool) {
	day, reach := now.Add(-replayReach), now.Add(-replayReach)
	if activity {
		reach = now.Add(-activityReach)
	}
	if r.Pending.From.Before(reach) {
		r.Pending.From = reach
	}
	piece = span{From: r.Pending.From.Truncate(time.Minute), Until: r.Pending.Until.Truncate(time.Minute), Tries: r.Pending.Tries}
	if older = piece.From.Before(day.Truncate(time.Minute)); older {
		piece.Until = earlier(piece.Until, earlier(piece.From.Add(activityPiece), day.Add(time.Minute).Truncate(time.Minute)))
	}
	if piece.empty() {
		r.Pending = span{}
	}
	return piece, older
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (r *replays) remember(job string, of span) {
	if r.jobs == nil || len(r.jobs) >= rememberedJobs {
		r.jobs = map[string]span{}
	}
	r.jobs[job] = of
}

// load reads what an earlier run knew. What is damaged counts as nothing.
func (r *replays) load(ctx context.Context, inbox channels.Inbox) error {
	if r.loaded {
		return nil
	}
	cursor, err := inbox.Cursor(ctx, replaysName)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(cursor.Value), r); err != nil {
		r.Good, r.Pending = time.Time{}, span{}
	}
	r.loaded = true
	return nil
}

func (r *replays) save(ctx context.Context, inbox channels.Inbox) error {
	value, err := json.Marshal(r)
	return errors.Join(err, inbox.Accept(ctx, nil, channels.Cursor{Name: replaysName, Value: string(value)}))
}
