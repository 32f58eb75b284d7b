package facebook

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/graphsim"
	"contactd/channels/simulator"
	"contactd/contact"
)

func TestAPermissionThatIsLostAndComesBackLosesNoEdit(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	r.look(ch)
	comment := r.meta.Comment(townPage, resident, r.meta.Post(townPage, townPage, "news"), "", "first words")
	r.Await(ch, 1)
	reads := func() (n int) {
		for _, call := range r.meta.Calls() {
			if strings.HasSuffix(call.Path, "/"+comment) {
				n++
			}
		}
		return n
	}
	r.meta.Scopes("pages_messaging", "pages_manage_metadata")
	r.meta.Weather(graphsim.Weather{Drop: 1}) // what is delivered holds no words
	r.meta.Change(comment, "edited", "he has a knife")
	r.meta.Weather(graphsim.Weather{})
	r.meta.Deliver(graphsim.Element{Account: townPage, List: "changes", Field: "feed", Value: fmt.Appendf(nil,
		`{"item":"comment","verb":"edited","comment_id":%q,"post_id":"1","from":{"id":%q}}`, comment, resident)})
	r.Until("some tries", func() bool { return reads() > 3 })
	r.meta.Scopes(scopes(kindPage)...)
	r.Until("the words", func() bool { return slices.Contains(texts(revisions(r.Read(ch))), "he has a knife") })
}

func TestAMentionReachesAPersonThoughMetaAnswersNothing(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	r.look(ch)
	r.away(true)
	var want []string
	for range 3 {
		id := r.meta.Mention(townPage, resident, "he follows me", false, true)
		want = append(want, contact.MessageID(Kind, "town", "fb:"+townPage+":post:"+id))
	}
	told := func() (ids []string) {
		for _, m := range items(r.Read(ch)) {
			ids = append(ids, m.ID)
		}
		return ids
	}
	r.Await(ch, 3)
	if got := told(); len(got) != 0 {
		t.Errorf("%q are told at once, before it is tried", got)
	}
	r.Clock.Pass(time.Minute)
	r.Until("all mentions", func() bool { return slices.Equal(sorted(told()), sorted(want)) })
	r.away(false)
	r.Until("their words", func() bool {
		return len(texts(revisions(r.Read(ch)))) >= 6 && slices.Contains(texts(revisions(r.Read(ch))), "he follows me")
	})
}

func TestFilesThatHangDoNotKeepAMentionWaiting(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	r.look(ch)
	r.meta.Fail(graphsim.Fault{Call: "GET hangs.png", Times: -1, Delay: time.Hour})
	for range 3 {
		r.meta.WriteWith(townPage, resident, "look", r.meta.File("hangs.png", []byte("x")))
	}
	r.Until("a file is asked for", func() bool {
		return slices.ContainsFunc(r.meta.Calls(), func(c simulator.Call) bool { return strings.HasSuffix(c.Path, "/hangs.png") })
	})
	r.meta.Mention(townPage, resident, "he follows me", false, true)
	r.Until("the mention's words", func() bool { return slices.Contains(texts(items(r.Read(ch))), "he follows me") })
}

func TestAPageInPlaceOfAPictureIsTriedAgainAndDoesNotPassForIt(t *testing.T) {
	const page = "<!DOCTYPE html><html>please sign in</html>"
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	png := []byte("\x89PNG\r\n\x1a\n0000")
	r.meta.Fail(graphsim.Fault{Call: "GET later.png", Times: 5, Status: 200, Body: page})
	r.meta.Fail(graphsim.Fault{Call: "GET never.png", Times: -1, Status: 200, Body: page})
	later := r.meta.WriteWith(townPage, resident, "", r.meta.File("later.png", png))
	r.meta.WriteWith(townPage, resident, "", r.meta.File("never.png", png))
	r.Until("both", func() bool { return len(revisions(r.Read(ch))) == 2 })
	for _, m := range revisions(r.Read(ch)) {
		if len(m.Attachments) != 1 {
			t.Fatalf("attachments %+v", m.Attachments)
		}
		want, degraded := "text/html; charset=utf-8", true
		if m.Revision.Of == contact.MessageID(Kind, "town", "fb:"+townPage+":msg:"+later) {
			want, degraded = "image/png", false
		}
		if m.Attachments[0].MediaType != want || slices.Contains(m.Flags, contact.ParseDegraded) != degraded {
			t.Errorf("told as %+v, flags %v", m.Attachments, m.Flags)
		}
	}
}

func TestWhatIsUsedUpForThePageLeavesMessengerAlone(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	news := r.meta.Post(townPage, townPage, "news")
	comment := r.meta.Comment(townPage, resident, news, "", "where?")
	r.meta.Write(townPage, resident, "hello")
	message, under := answerTo(address.Messenger, resident, r.Clock.Now()), answerTo(address.Comment, comment, r.Clock.Now())
	r.meta.Usage(`{"` + townPage + `":[{"type":"pages","call_count":101,"estimated_time_to_regain_access":40},{"type":"messenger","call_count":3}]}`)
	if _, err := r.send(ch, message, answer(1, "first")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.send(ch, message, answer(2, "second")); err != nil {
		t.Errorf("by Messenger: %v", err)
	}
	if _, err := r.send(ch, under, answer(3, "third")); !channels.IsNotSent(err) {
		t.Errorf("under a comment: %v", err)
	}
	r.meta.Usage("")
	r.Clock.Pass(41 * time.Minute)
	r.meta.Fail(graphsim.Fault{Call: "POST comments", Status: 400, Body: `{"error":{"code":80001}}`})
	if _, err := r.send(ch, under, answer(3, "third")); !channels.IsNotSent(err) {
		t.Errorf("a comment that is one too many: %v", err)
	}
	if _, err := r.send(ch, message, answer(4, "fourth")); err != nil {
		t.Errorf("by Messenger meanwhile: %v", err)
	}
}
