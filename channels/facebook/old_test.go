package facebook

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels/facebook/graphsim"
	"contactd/channels/simulator"
)

// lost has something happen of which Meta delivers nothing.
func (r *rig) lost(do func()) {
	r.meta.Weather(graphsim.Weather{Drop: 1})
	defer r.meta.Weather(graphsim.Weather{})
	do()
}

func TestCommentsOnOldPostsAreFoundByPolling(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	var post string
	r.lost(func() { post = r.meta.Post(townPage, townPage, "an appeal for witnesses") })
	r.Clock.Pass(200 * 24 * time.Hour)
	for n := range 60 { // younger posts before it
		r.lost(func() { r.meta.Post(townPage, townPage, fmt.Sprint("news ", n)) })
	}
	r.Clock.Pass(10 * 24 * time.Hour)
	r.lost(func() { r.meta.Comment(townPage, resident, post, "", "I saw him, and he saw me") })
	c := r.config()
	ch := r.open(c, r.Deps())
	if err := ch.look(t.Context(), ch.accounts[0], &r.Inbox); err != nil {
		t.Fatal(err)
	}
	if got := texts(items(r.Read(ch))); len(got) != 0 {
		t.Errorf("a usual look goes back to %q", got)
	}
	r.Run(ch)
	r.Until("the comment", func() bool { return slices.Contains(texts(items(r.Read(ch))), "I saw him, and he saw me") })

	// Once a day, and at once after a gap.
	r.lost(func() { r.meta.Comment(townPage, resident, post, "", "a day later") })
	r.Clock.Pass(25 * time.Hour)
	ch.accounts[0].ask()
	r.Until("the next comment", func() bool { return slices.Contains(texts(items(r.Read(ch))), "a day later") })
}

func TestALookThroughOldPostsLetsOthersHaveTheirTurn(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	r.lost(func() {
		for n := range 3 * oldPages {
			r.meta.Post(townPage, townPage, fmt.Sprint("news ", n))
		}
	})
	r.Clock.Pass(30 * 24 * time.Hour)
	r.meta.Pages(1, nil)
	ch := r.open(r.config(), r.Deps())
	turns := 0
	for ; turns < 10; turns++ {
		before := len(r.meta.Calls()) - asks(r.meta.Calls())
		err := ch.lookOld(t.Context(), ch.accounts[0], &r.Inbox)
		if n := len(r.meta.Calls()) - asks(r.meta.Calls()) - before; n > oldPages+1 {
			t.Errorf("%d calls in one turn", n)
		}
		if err == nil {
			break
		}
		if err.Error() != errMore.Error() {
			t.Fatal(err)
		}
	}
	if turns != 2 {
		t.Errorf("ended after %d turns", turns)
	}
	// From where it was, not from the top.
	asked := map[string]int{}
	for _, call := range r.meta.Calls() {
		if strings.HasSuffix(call.Path, "/feed") {
			asked[call.Query]++
		}
	}
	for query, n := range asked {
		if n > 1 {
			t.Errorf("asked %d times for %s", n, query)
		}
	}
}

func TestOldPostsAreLeftAloneWhenItIsSaid(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	c := r.config()
	c.PollOld = -1
	ch, _ := r.start(c)
	r.meta.Write(townPage, resident, "hello")
	r.Await(ch, 1)
	r.Until("a look", func() bool {
		return slices.ContainsFunc(r.meta.Calls(), func(c simulator.Call) bool { return strings.HasSuffix(c.Path, "/ratings") })
	})
	for _, call := range r.meta.Calls() {
		if strings.Contains(call.Query, "limit%283%29") {
			t.Errorf("called %s %s", call.Path, call.Query)
		}
	}
}
