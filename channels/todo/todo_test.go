package todo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
)

// errand is a task of the tests.
type errand struct {
	What string `json:"what"`
	Note int    `json:"note"`
	Long bool   `json:"long"`
}

func (e errand) Key() string { return e.What }

func (e errand) Kind() string {
	if e.Long {
		return "long"
	}
	return "short"
}

func newList() *List[errand] {
	return New("test/todo", map[string]Kind{"short": {Most: 3, Once: true}, "long": {Most: 2}}, func(older, newer errand) errand {
		newer.Note += older.Note
		return newer
	})
}

func original(id string) channels.Original {
	return channels.Original{Channel: "test", Account: "town", ID: id, Bytes: []byte(id)}
}

func add(t *testing.T, l *List[errand], inbox channels.Inbox, tasks ...errand) (missed int) {
	t.Helper()
	missed, err := l.Add(t.Context(), inbox, []channels.Original{original(fmt.Sprint(tasks))}, tasks)
	if err != nil {
		t.Fatal(err)
	}
	return missed
}

// work works until nothing is to be done, or for so long.
func work(t *testing.T, l *List[errand], inbox channels.Inbox, limit time.Duration, do func(errand, int) ([]channels.Original, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	l.Work(ctx, inbox, Worker[errand]{
		Do:    func(_ context.Context, task errand, tries int) ([]channels.Original, error) { return do(task, tries) },
		Retry: time.Second, Longest: time.Minute, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Left: func(n int) {
			if n == 0 {
				cancel()
			}
		},
	})
}

func TestWhatIsToDoIsAcceptedWithItsCauseAndSurvivesARestart(t *testing.T) {
	var inbox channelstest.Inbox
	l := newList()
	add(t, l, &inbox, errand{What: "a"}, errand{What: "b"})
	inbox.Refuse(func([]channels.Original) error { return errors.New("disk full") })
	if _, err := l.Add(t.Context(), &inbox, []channels.Original{original("z")}, []errand{{What: "z"}}); err == nil || l.Len() != 2 {
		t.Errorf("what was not accepted is to be done: %d, %v", l.Len(), err)
	}
	inbox.Refuse(nil)
	again := newList()
	if err := again.Load(t.Context(), &inbox); err != nil || again.Len() != 2 {
		t.Errorf("%d left, %v", again.Len(), err)
	}
	inbox.SetCursor(channels.Cursor{Name: "test/todo", Value: `[{"what":"a"},{},7]`})
	if err := again.Load(t.Context(), &inbox); err != nil || again.Len() > 1 {
		t.Errorf("of a damaged list %d are left, %v", again.Len(), err)
	}
}

func TestOfTwoAlikeTheNewerStaysAndKnowsWhatTheOlderDid(t *testing.T) {
	var inbox channelstest.Inbox
	l := newList()
	add(t, l, &inbox, errand{What: "a", Note: 1, Long: true})
	add(t, l, &inbox, errand{What: "a", Note: 2, Long: true})
	if got := l.tasks; len(got) != 1 || got[0].Note != 3 {
		t.Errorf("%+v", got)
	}
}

func TestWhatChangesWhileItIsDoneIsDoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inbox channelstest.Inbox
		l := newList()
		add(t, l, &inbox, errand{What: "a", Note: 1, Long: true})
		var notes []int
		work(t, l, &inbox, time.Minute, func(task errand, _ int) ([]channels.Original, error) {
			if notes = append(notes, task.Note); len(notes) == 1 {
				add(t, l, &inbox, errand{What: "a", Note: 1, Long: true})
			}
			return nil, nil
		})
		if !slices.Equal(notes, []int{1, 2}) {
			t.Errorf("done %v", notes)
		}
	})
}

func TestWhatIsDoneOnceIsNotAddedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inbox channelstest.Inbox
		l := newList()
		add(t, l, &inbox, errand{What: "file"})
		done := 0
		for range 2 {
			work(t, l, &inbox, time.Minute, func(errand, int) ([]channels.Original, error) {
				done++
				return []channels.Original{original("the file")}, nil
			})
			add(t, l, &inbox, errand{What: "file"})
		}
		if done != 1 || l.Len() != 0 {
			t.Errorf("done %d times, %d left", done, l.Len())
		}
	})
}

func TestTheListIsBoundedByKind(t *testing.T) {
	var inbox channelstest.Inbox
	l := newList()
	missed := 0
	for n := range 10 {
		missed += add(t, l, &inbox, errand{What: fmt.Sprint("short ", n)}, errand{What: fmt.Sprint("long ", n), Long: true})
	}
	if l.Len() != 5 || missed != 15 {
		t.Errorf("%d kept, %d let go", l.Len(), missed)
	}
	for n := range 2 * remembered {
		l.known.add(fmt.Sprint(n))
	}
	if len(l.known.keys) != remembered || len(l.known.order) != remembered || l.known.has("0") || !l.known.has(fmt.Sprint(2*remembered-1)) {
		t.Errorf("%d are known", len(l.known.keys))
	}
}

func TestWhatFailsLetsTheOthersPassWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inbox channelstest.Inbox
		l := newList()
		add(t, l, &inbox, errand{What: "bad"}, errand{What: "good"})
		var order []string
		began := time.Now()
		work(t, l, &inbox, time.Hour, func(task errand, tries int) ([]channels.Original, error) {
			order = append(order, fmt.Sprint(task.What, " ", time.Since(began)))
			if task.What == "bad" && tries < 3 {
				return nil, errors.New("not yet")
			}
			return nil, nil
		})
		if want := []string{"bad 0s", "good 0s", "bad 1s", "bad 3s", "bad 7s"}; !slices.Equal(order, want) {
			t.Errorf("%q", order)
		}
	})
}

func TestTroubleOfTheAccountHoldsEverythingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inbox channelstest.Inbox
		l := newList()
		add(t, l, &inbox, errand{What: "a"}, errand{What: "b"})
		began, calls := time.Now(), 0
		work(t, l, &inbox, time.Hour, func(errand, int) ([]channels.Original, error) {
			if calls++; time.Since(began) < 10*time.Second {
				return nil, fmt.Errorf("dead: %w", Hold(errors.New("token")))
			}
			return nil, nil
		})
		if calls != 4+2 { // after 0, 1, 3 and 7 seconds, and then both
			t.Errorf("%d calls", calls)
		}
	})
}

func TestWhatOnlySeemsToBeTroubleOfTheAccountLetsTheOthersPassInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inbox channelstest.Inbox
		l := newList()
		add(t, l, &inbox, errand{What: "bad"}, errand{What: "good"}, errand{What: "better"})
		var order []string
		began := time.Now()
		work(t, l, &inbox, time.Hour, func(task errand, _ int) ([]channels.Original, error) {
			order = append(order, fmt.Sprint(task.What, " ", time.Since(began).Round(time.Second)))
			if task.What == "bad" && len(order) < 5 {
				return nil, Hold(errors.New("no answer"))
			}
			return nil, nil
		})
		if want := []string{"bad 0s", "good 1s", "better 1s", "bad 1s", "bad 2s"}; !slices.Equal(order, want) {
			t.Errorf("%q", order)
		}
	})
}
