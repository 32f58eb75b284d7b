package facebook

import (
	"slices"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/graphsim"
	"contactd/contact"
)

// toRemark leads under a comment on Instagram.
func toRemark(comment string) channels.Address {
	return channels.Address{Account: "insta", Answer: address.Address{Kind: address.Remark, To: comment, Item: comment}.Encode()}
}

func TestOnInstagramAnAnswerIsFoundWhereItStandsWhateverItAnswers(t *testing.T) {
	r := newRig(t)
	ch, stop := r.start(r.family())
	r.subscribed()
	media := r.meta.Media(instaID, "our news")
	top := r.meta.Remark(instaID, "9001", media, "", "where was that?")
	r.meta.Remark(instaID, "9002", media, top, "at our door, come quickly")
	r.Until("both", func() bool { return len(items(r.Read(ch))) == 2 })
	to := map[string]channels.Address{}
	for _, m := range items(r.Read(ch)) {
		to[m.Text] = addressOf(m)
	}
	stop()
	for text, where := range to {
		reply := answer(len(text), "we are coming, "+text)
		r.meta.Fail(lostAnswer)
		if _, err := r.send(ch, where, reply); err == nil {
			t.Fatal("the answer was not lost")
		}
		if receipt, err := r.open(r.familyAgain(), r.Deps()).Find(t.Context(), where, reply); err != nil || receipt.PlatformID == "" {
			t.Errorf("of the answer to %q: %v", text, err)
		}
	}
	if got := r.meta.Answers(instaID, top); len(got) != 2 { // Instagram knows no deeper thread
		t.Errorf("under the comment stands %q", got)
	}
	private := answer(1, "please call us")
	private.Way = contact.Privately
	if _, err := r.send(ch, to["at our door, come quickly"], private); err != nil {
		t.Error(err)
	}
	if got := r.meta.Texts(instaID, "9002"); !slices.Equal(got, []string{"please call us"}) {
		t.Errorf("in private came %q", got)
	}
}

func TestWhatInstagramDidNotDeliverIsFoundAnswersToCommentsToo(t *testing.T) {
	r := newRig(t)
	c := r.family()
	r.meta.Weather(graphsim.Weather{Drop: 1})
	media := r.meta.Media(instaID, "our news")
	var want []string
	say := func(parent, text string) string {
		want = append(want, text)
		return r.meta.Remark(instaID, "9001", media, parent, text)
	}
	top := say("", "where was that?")
	ch := r.open(c, r.Deps())
	look := func() {
		for range 2 {
			if err := ch.look(t.Context(), ch.accounts.Of("insta"), &r.Inbox); err != nil {
				t.Fatal(err)
			}
		}
		if got := texts(items(r.Read(ch))); !slices.Equal(got, sorted(want)) {
			t.Errorf("found %q, want %q", got, sorted(want))
		}
	}
	look()
	r.Clock.Pass(24 * time.Hour) // the comment lies before the mark by now
	for range 3 {
		say("", "another")
	}
	look()
	r.Clock.Pass(time.Hour)
	r.meta.Pages(4, nil)
	for _, text := range []string{"at our door", "come", "come quickly", "please", "now"} {
		say(top, text)
	}
	r.meta.Remark(instaID, instaID, media, top, "we are coming")
	look()
}

func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }

func TestRemarksKeepThePromisesOfAReplier(t *testing.T) {
	channelstest.RunReplier(t, channelstest.ReplySetup{Secret: "planted-wrong-token", New: func(t *testing.T) channelstest.ReplyPlatform {
		r := newRig(t)
		c := r.family()
		top := r.meta.Remark(instaID, "9001", r.meta.Media(instaID, "our news"), "", "is anybody there?")
		return channelstest.ReplyPlatform{
			Open:     func(deps channelstest.Deps) channels.Replier { return r.open(c, deps) },
			Refusing: func(deps channelstest.Deps) channels.Replier { return r.open(r.withWrongTokens(c), deps) },
			To:       toRemark(top), Nobody: toRemark("17900999"), Received: func() []string { return r.meta.Answers(instaID, top) },
			Silent: r.meta.Silent, Lose: func() { r.meta.Fail(lostAnswer) }, Away: r.away,
		}
	}})
}
