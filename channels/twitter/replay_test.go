package twitter

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/twitter/xtest"
	"contactd/contact"
)

// deaf is a rig whose lists show nothing, so that only deliveries bring what
// is written.
func deaf(t *testing.T, form xtest.Form) (*rig, Config) {
	r := newRig(t)
	r.x.Form(form)
	for _, call := range []string{"GET mentions", "GET dm_events"} {
		r.x.Fail(xtest.Fault{Call: call, Times: -1, Status: 503})
	}
	c := r.watching()
	if form == xtest.ActivityAPI {
		r.x.Change(townID, func(a *xtest.Account) { a.Refresh = "refresh-0"; a.Token = "" })
		r.Write("refresh", "refresh-0")
		c.Accounts[0].Auth, c.Accounts[0].OAuth = authOAuth2, OAuth{ClientID: "app", RefreshTokenFile: r.File("refresh")}
	}
	return r, c
}

// miss has something written that X gives up to deliver.
func (r *rig) miss(texts ...string) {
	r.x.Weather(xtest.Weather{Drop: 1})
	defer r.x.Weather(xtest.Weather{})
	for _, text := range texts {
		r.x.DM(resident, townID, text)
	}
}

// good waits until the channel has noted that nothing is missing.
func (r *rig) good() {
	r.T.Helper()
	r.Until("word that nothing is missing", func() bool {
		cursor, _ := r.Inbox.Cursor(r.T.Context(), replaysName)
		return cursor.Value != ""
	})
}

func sorted(messages []contact.Message) []string {
	var texts []string
	for _, m := range messages {
		texts = append(texts, m.Text)
	}
	slices.Sort(texts)
	return texts
}

func TestWhatWasMissedInAnOutageIsDeliveredAgain(t *testing.T) {
	for name, form := range map[string]xtest.Form{"account activity": xtest.AccountActivity, "activity API": xtest.ActivityAPI} {
		t.Run(name, func(t *testing.T) {
			r, c := deaf(t, form)
			r.x.Replays(true)
			ch, stop := r.start(c)
			r.Until("a subscription", func() bool { return r.x.Delivers(townID) })
			r.x.DM(resident, townID, "before")
			r.Await(ch, 1)
			r.good()
			stop()
			r.Clock.Pass(time.Hour)
			r.miss("help me", "please")
			r.Clock.Pass(2 * time.Hour)
			ch, _ = r.start(c)
			if got := sorted(r.Await(ch, 3)); !slices.Equal(got, []string{"before", "help me", "please"}) {
				t.Errorf("taken %q", got)
			}
			r.Until("one job", func() bool { return len(r.x.Jobs()) > 0 })
			r.Clock.Pass(4 * time.Minute) // nothing is missing, so X is not asked
			r.x.DM(resident, townID, "after")
			r.Await(ch, 4)
			if jobs := r.x.Jobs(); len(jobs) != 1 || jobs[0].Activity || jobs[0].Until.Sub(jobs[0].From) < 3*time.Hour {
				t.Errorf("asked for %+v", jobs)
			}
			if n := len(r.Inbox.Accepted()); n != 4 {
				t.Errorf("%d accepted: what comes twice is taken once", n)
			}
		})
	}
}

func TestAJobThatDeliversNotAllIsAskedForAgain(t *testing.T) {
	r, c := deaf(t, xtest.AccountActivity)
	r.x.Replays(true)
	_, stop := r.start(c)
	r.Until("a subscription", func() bool { return r.x.Delivers(townID) })
	r.good()
	stop()
	r.Clock.Pass(time.Hour)
	r.miss("one", "two", "three")
	r.Clock.Pass(time.Hour)
	r.x.FailReplays(1)
	ch, _ := r.start(c)
	if got := sorted(r.Await(ch, 3)); !slices.Equal(got, []string{"one", "three", "two"}) {
		t.Errorf("taken %q", got)
	}
	if n := len(r.x.Jobs()); n != 2 {
		t.Errorf("%d jobs", n)
	}
}

func TestOfLongerThanADayAccountActivityIsAskedForPieceByPiece(t *testing.T) {
	r, c := deaf(t, xtest.AccountActivity)
	r.x.Replays(true)
	_, stop := r.start(c)
	r.Until("a subscription", func() bool { return r.x.Delivers(townID) })
	r.good()
	stop()
	want := []string{}
	for hour := 5; hour < 60; hour += 10 {
		r.Clock.Pass(10 * time.Hour)
		want = append(want, fmt.Sprint("after ", hour, " hours"))
		r.miss(want[len(want)-1])
	}
	ch, _ := r.start(c)
	for end := time.Now().Add(20 * time.Second); len(r.Inbox.Accepted()) < len(want) && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		r.Clock.Pass(5 * time.Minute) // X allows five jobs in a quarter of an hour
	}
	slices.Sort(want)
	if got := sorted(r.Await(ch, len(want))); !slices.Equal(got, want) {
		t.Errorf("taken %q", got)
	}
}

func TestDeliveriesThatWeDidNotTakeAreAskedFor(t *testing.T) {
	r, c := deaf(t, xtest.AccountActivity)
	r.x.Replays(true)
	ch, _ := r.start(c)
	r.Until("a subscription", func() bool { return r.x.Delivers(townID) })
	r.good()
	r.Clock.Pass(2 * time.Minute)
	r.Inbox.Refuse(func([]channels.Original) error { return errors.New("disk full") })
	failed := r.x.Failed()
	r.x.DM(resident, townID, "the first")
	r.Until("a failure", func() bool { return r.x.Failed() > failed })
	r.miss("given up by X")
	r.Clock.Pass(2 * time.Minute)
	r.Inbox.Refuse(nil)
	if got := sorted(r.Await(ch, 2)); !slices.Equal(got, []string{"given up by X", "the first"}) {
		t.Errorf("taken %q", got)
	}
}

func TestWithoutReplayInThePlanListsAreReadAlone(t *testing.T) {
	r := newRig(t)
	c := r.watching()
	_, stop := r.start(c)
	r.Until("a subscription", func() bool { return r.x.Delivers(townID) })
	r.good()
	stop()
	r.Clock.Pass(time.Hour)
	r.miss("help me")
	r.Clock.Pass(time.Hour)
	ch, _ := r.start(c)
	r.Await(ch, 1)
	asked := func() (n int) {
		for _, call := range r.x.Calls() {
			if call.Path == "/2/webhooks/replay" {
				n++
			}
		}
		return n
	}
	r.Until("a question", func() bool { return asked() > 0 })
	looks := r.asked("/2/webhooks")
	r.Until("more audits", func() bool { return r.asked("/2/webhooks") > looks+3 })
	if n := asked(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	r.healthy(func(err error, told bool) bool { return told && err == nil })
	for _, err := range r.Health.Failures() {
		t.Errorf("told as a failure: %v", err)
	}
}

func TestPiecesAreWhatXCanBeAskedFor(t *testing.T) {
	now := time.Date(2026, 11, 3, 21, 14, 10, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, each := range map[string]struct {
		pending  span
		activity bool
		want     time.Duration
		older    bool
	}{
		"nothing":                     {span{}, true, 0, false},
		"less than a minute":          {span{From: ago(9 * time.Second), Until: now}, true, 0, false},
		"an hour":                     {span{From: ago(time.Hour), Until: now}, true, time.Hour, false},
		"a day and more":              {span{From: ago(30 * time.Hour), Until: now}, true, 2 * time.Hour, true},
		"a day and more, no AAA":      {span{From: ago(30 * time.Hour), Until: now}, false, replayReach, false},
		"a week":                      {span{From: ago(7 * 24 * time.Hour), Until: now}, true, 2 * time.Hour, true},
		"long ago":                    {span{From: ago(9 * 24 * time.Hour), Until: ago(8 * 24 * time.Hour)}, true, 0, true},
		"the rest of more than a day": {span{From: ago(24*time.Hour + 20*time.Minute), Until: now}, true, 26 * time.Minute, true},
	} {
		r := replays{Pending: each.pending}
		piece, older := r.next(now, each.activity)
		if got := piece.Until.Sub(piece.From); each.want != max(0, got) || each.want > 0 && older != each.older {
			t.Errorf("%s: asks for %s, older %v", name, got, older)
		}
	}
}
