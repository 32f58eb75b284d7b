package facebook

import (
	"slices"
	"strings"
	"testing"

	"contactd/channels/facebook/graphsim"
	"contactd/channels/simulator"
)

// system has the token file hold a system user's token.
func (r *rig) system() Config {
	r.Write("system", systemToken)
	c := r.family()
	for i := range c.Accounts {
		c.Accounts[i].TokenFile = r.File("system")
	}
	c.Accounts = c.Accounts[:2]
	c.Accounts[1].PageID = townPage
	r.meta.Link(instaID, townPage)
	return c
}

func TestASystemUsersTokenDoesForAPageAndItsInstagramAccount(t *testing.T) {
	r := newRig(t)
	ch, stop := r.start(r.system())
	r.subscribed()
	news := r.meta.Post(townPage, townPage, "news")
	top := r.meta.Remark(instaID, "9001", r.meta.Media(instaID, "news"), "", "a remark")
	r.meta.Comment(townPage, resident, news, "", "a comment")
	r.meta.Write(townPage, resident, "a message")
	r.meta.Write(instaID, "9001", "a message on Instagram")
	r.Until("all four", func() bool { return len(items(r.Read(ch))) == 4 })
	stop()
	for n, m := range items(r.Read(ch)) {
		reply := answer(n, "we are coming, "+m.Text)
		r.meta.Fail(lostAnswer)
		if _, err := r.send(ch, addressOf(m), reply); err == nil {
			t.Fatal("the answer was not lost")
		}
		if _, err := r.open(r.system(), r.Deps()).Find(t.Context(), addressOf(m), reply); err != nil {
			t.Errorf("find the answer to %s: %v", m.Text, err)
		}
	}
	for _, a := range ch.accounts {
		if err := ch.look(t.Context(), a, &r.Inbox); err != nil {
			t.Errorf("look through %s: %v", a.Name, err)
		}
	}
	if got := r.meta.Texts(instaID, "9001"); !slices.Equal(got, []string{"we are coming, a message on Instagram"}) {
		t.Errorf("on Instagram came %q", got)
	}
	if got := r.meta.Answers(instaID, top); !slices.Equal(got, []string{"we are coming, a remark"}) {
		t.Errorf("under the remark stands %q", got)
	}
	if tried := ch.Check(t.Context()); tried[0].Err != nil {
		t.Errorf("check says %v", tried[0].Err)
	}
	if n := asks(r.meta.Calls()); n > 3*len(ch.accounts)+8 {
		t.Errorf("the page's token was asked for %d times", n)
	}
}

func TestAPagesTokenThatDiesIsAskedForAgain(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.system(), r.Deps())
	a := ch.accounts[0]
	r.look(ch)
	before := asks(r.meta.Calls())
	r.meta.Fail(graphsim.Fault{Call: "GET conversations", Status: 400, Body: `{"error":{"code":190,"error_subcode":463}}`})
	if err := ch.look(t.Context(), a, &r.Inbox); err == nil {
		t.Error("a dead token was no failure")
	}
	if err := ch.look(t.Context(), a, &r.Inbox); err != nil || asks(r.meta.Calls()) != before+1 {
		t.Errorf("afterwards: %v, asked %d times", err, asks(r.meta.Calls())-before)
	}
}

// asks counts the calls for a page's token.
func asks(calls []simulator.Call) (n int) {
	for _, call := range calls {
		if strings.Contains(call.Query, "fields=access_token") {
			n++
		}
	}
	return n
}
