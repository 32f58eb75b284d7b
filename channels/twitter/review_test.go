package twitter

import (
	"testing"

	"contactd/channels/twitter/xtest"
	"contactd/contact"
)

func TestVersion1TellsWhatWasDeletedFromWhatIsConcealedAndFromAnAnswerThatHoldsNothing(t *testing.T) {
	r := newRig(t)
	deleted := r.x.Post(resident, xtest.Draft{Text: "@town I shall regret this"})
	concealed := r.x.Post(neighbour, xtest.Draft{Text: "@town for some eyes"})
	r.x.Post(neighbour, xtest.Draft{Text: "@town for all eyes"})
	r.x.Post(neighbour, xtest.Draft{Text: "@town of which X says nothing clear"})
	c := r.config()
	c.Accounts[0].Transport = version1
	r.x.Fail(xtest.Fault{Call: "GET lookup.json", Times: -1, Status: 200, Body: "[]"})
	ch, _ := r.start(c)
	r.Await(ch, 4)
	looked := func(n int) { r.Until("more reviews", func() bool { return r.asked("/1.1/statuses/lookup.json") >= n }) }
	looked(3)
	if got := r.Read(ch); len(got) != 4 {
		t.Fatalf("of posts that stand something was told: %+v", got[4:])
	}
	r.x.Delete(deleted)
	r.x.Conceal(concealed)
	messages := r.Await(ch, 6)
	if m := of(t, messages, "x:post:"+deleted+":withdrawn"); m.Revision.Action != contact.Withdrawn {
		t.Errorf("a deleted post reads as %+v", m)
	}
	if m := of(t, messages, "x:post:"+concealed+":concealed"); m.Revision.Action != contact.Hidden {
		t.Errorf("a concealed post reads as %+v", m)
	}
	r.x.Fail(xtest.Fault{Call: "GET show.json", Times: -1, Status: 404, Body: `{"errors":[{"code":34,"message":"Sorry, that page does not exist"}]}`})
	looked(r.asked("/1.1/statuses/lookup.json") + 3)
	if n := len(r.Read(ch)); n != 6 {
		t.Errorf("%d are told", n)
	}
}
