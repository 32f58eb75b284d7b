package facebook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graphsim"
	"contactd/contact"
)

const unknownError = `{"error":{"code":1,"message":"An unknown error occurred"}}`

func TestWhatCannotBeReadAgainHoldsNothingUpAndAPersonIsTold(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	r.meta.Fail(graphsim.Fault{Call: "GET tagged", Times: -1, Status: 500, Body: unknownError}) // so that polling brings nothing
	r.meta.Fail(graphsim.Fault{Call: "GET feed", Times: -1, Status: 500, Body: unknownError})
	r.look1(ch)
	r.meta.Weather(graphsim.Weather{Drop: 1}) // it is delivered when its fault is there
	mention := r.meta.Mention(townPage, resident, "he follows me, I am behind the station", false, true)
	r.meta.Weather(graphsim.Weather{})
	r.meta.Fail(graphsim.Fault{Call: "GET " + mention, Times: -1, Status: 500, Body: unknownError})
	r.meta.Deliver(graphsim.Element{Account: townPage, List: "changes", Field: "mention", Value: fmt.Appendf(nil, `{"item":"post","verb":"add","post_id":%q}`, mention)})
	post := r.meta.Post(townPage, townPage, "news")
	comment := r.meta.Comment(townPage, resident, post, "", "first words")
	r.meta.Change(comment, "edited", "second words")
	r.Until("the comment's words", func() bool { return slices.Contains(texts(revisions(r.Read(ch))), "second words") })
	id := contact.MessageID(Kind, "town", "fb:"+townPage+":post:"+mention)
	of := func(m contact.Message) bool { return m.ID == id }
	r.Until("the mention that cannot be read", func() bool { return slices.ContainsFunc(items(r.Read(ch)), of) })
	if n := ch.accounts[0].todo.Len(); n != 1 {
		t.Errorf("%d things remain to be done, not the mention alone", n)
	}
	r.meta.Mend()
	r.Until("the mention's words", func() bool {
		return slices.ContainsFunc(revisions(r.Read(ch)), func(m contact.Message) bool {
			return m.Revision.Of == id && m.Text == "he follows me, I am behind the station"
		})
	})
	r.Until("the end of what is to be done", func() bool { return ch.accounts[0].todo.Len() == 0 })
}

func TestWhatCanNeverBeReadAgainIsGivenUpInTheEnd(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	post := r.meta.Post(townPage, townPage, "news")
	r.meta.Weather(graphsim.Weather{Drop: 1})
	comment := r.meta.Comment(townPage, resident, post, "", "first words")
	r.meta.Weather(graphsim.Weather{})
	r.meta.Fail(graphsim.Fault{Call: "GET " + comment, Times: -1, Status: 500, Body: unknownError})
	ch := r.open(r.config(), r.Deps())
	ch.timing.reads = 7
	r.Run(ch)
	r.meta.Change(comment, "edited", "second words")
	r.Until("the edit", func() bool { return slices.Contains(texts(revisions(r.Read(ch))), "second words") })
	r.Until("the end of what is to be done", func() bool { return ch.accounts[0].todo.Len() == 0 })
}

// look1 looks once, whatever comes of it.
func (r *rig) look1(ch *Channel) {
	r.T.Helper()
	if err := ch.look(r.T.Context(), ch.accounts[0], &r.Inbox); err == nil {
		r.T.Error("looking through what cannot be read was no failure")
	}
}

func TestWhatMayNotBeLookedThroughLetsTheRestBeFound(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	r.meta.Weather(graphsim.Weather{Drop: 1})
	post := r.meta.Post(townPage, townPage, "news")
	r.meta.Comment(townPage, resident, post, "", "a comment")
	r.meta.Review(townPage, resident, "a review")
	r.meta.Write(townPage, resident, "a message")
	r.meta.Fail(graphsim.Fault{Call: "GET conversations", Times: -1, Status: 403, Body: `{"error":{"code":10}}`})
	ch, _ := r.start(r.config())
	if got := texts(items(r.Await(ch, 2))); !slices.Equal(got, []string{"a comment", "a review"}) {
		t.Errorf("taken %q", got)
	}
	told := func() bool {
		return strings.Contains(fmt.Sprint(r.Health.Failures()), "look through conversations: get conversations: a permission is missing")
	}
	r.Until("word of it", told)
	r.meta.Mend()
	r.Until("the message", func() bool { return slices.Contains(texts(items(r.Read(ch))), "a message") })
}

func TestOnlyWhatAPageIsToBeToldOfIsLookedThrough(t *testing.T) {
	r := newRig(t)
	c := r.config()
	c.Accounts[0].Fields = []string{"messages", "feed"}
	ch := r.open(c, r.Deps())
	r.look(ch)
	for _, call := range r.meta.Calls() {
		if strings.HasSuffix(call.Path, "/ratings") || strings.HasSuffix(call.Path, "/tagged") {
			t.Errorf("called %s", call.Path)
		}
	}
	if n := len(r.meta.Calls()) - asks(r.meta.Calls()); n != 2 {
		t.Errorf("%d calls", n)
	}
}

// TestPollingLeavesPartOfTheAllowanceToAnswersAndEndsAllTheSame gives so few
// calls an hour that one look takes several hours.
func TestPollingLeavesPartOfTheAllowanceToAnswersAndEndsAllTheSame(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	r.meta.Weather(graphsim.Weather{Drop: 1})
	var want []string
	for i := range 130 {
		text := fmt.Sprintf("message %03d", i)
		want = append(want, text)
		r.meta.Write(townPage, fmt.Sprint(3000+i), text)
	}
	r.meta.Pages(2, nil)
	wrote := r.Clock.Now()
	r.meta.Allow(graphsim.Allowance{Calls: 40, Per: time.Hour})
	ch := r.open(r.config(), r.Deps())
	hours := 0
	for ch.look(t.Context(), ch.accounts[0], &r.Inbox) != nil {
		if hours++; hours > 10 {
			t.Fatal("a look takes for ever")
		}
		for i := range 3 {
			if _, err := r.send(ch, answerTo(address.Messenger, "3000", wrote), answer(10*hours+i, fmt.Sprintf("answer %d of hour %d", i, hours))); err != nil {
				t.Errorf("what is left is for answers: %v", err)
			}
		}
		r.Clock.Pass(61 * time.Minute)
	}
	if got := texts(items(r.Read(ch))); !slices.Equal(got, want) {
		t.Errorf("%d of %d were found", len(got), len(want))
	}
	if n := r.meta.Refused(); n != 0 || hours == 0 {
		t.Errorf("%d calls were more than is allowed, in %d hours", n, hours)
	}
}

func TestConversationsAreReadAsSlowlyAsMetaAsksFor(t *testing.T) {
	r := newRig(t)
	r.paced = true
	r.meta.Subscribe(townPage, fields()...)
	r.meta.Weather(graphsim.Weather{Drop: 1})
	for i := range 40 {
		r.meta.Write(townPage, fmt.Sprint(3000+i), "hello")
	}
	r.meta.Pages(5, nil)
	r.meta.Allow(graphsim.Allowance{Conversations: 2})
	ch := r.open(r.config(), r.Deps())
	r.look(ch)
	if n := len(items(r.Read(ch))); n != 40 || r.meta.Refused() != 0 {
		t.Errorf("%d of 40 were found, %d calls came too soon", n, r.meta.Refused())
	}
}

func TestAPermissionThatIsMissingIsNamedAndStopsNothingElse(t *testing.T) {
	for missing, wants := range map[string]struct {
		found []string
		told  string
	}{
		"pages_messaging":         {[]string{"a comment", "a mention", "a review"}, "look through conversations"},
		"pages_read_engagement":   {[]string{"a mention", "a message", "a review"}, "look through feed"},
		"pages_read_user_content": {[]string{"a comment", "a message"}, "look through ratings"},
		"pages_manage_metadata":   {[]string{"a comment", "a mention", "a message", "a review"}, ""},
		"pages_manage_engagement": {[]string{"a comment", "a mention", "a message", "a review"}, ""},
	} {
		t.Run(missing, func(t *testing.T) {
			r := newRig(t)
			r.meta.Subscribe(townPage, fields()...)
			r.meta.Weather(graphsim.Weather{Drop: 1})
			post := r.meta.Post(townPage, townPage, "news")
			r.meta.Comment(townPage, resident, post, "", "a comment")
			r.meta.Review(townPage, resident, "a review")
			r.meta.Write(townPage, resident, "a message")
			r.meta.Mention(townPage, resident, "a mention", true, true)
			r.meta.Scopes(slices.DeleteFunc(scopes(kindPage), func(scope string) bool { return scope == missing })...)
			ch := r.open(r.config(), r.Deps())
			told := ""
			if err := ch.look(t.Context(), ch.accounts[0], &r.Inbox); err != nil {
				told = err.Error()
			}
			if got := texts(items(r.Read(ch))); !slices.Equal(got, wants.found) {
				t.Errorf("found %q, want %q", got, wants.found)
			}
			if !strings.Contains(told, wants.told) || (told == "") != (wants.told == "") {
				t.Errorf("told %q, want %q", told, wants.told)
			}
			if tried := ch.Check(t.Context()); tried[0].Err == nil || !strings.Contains(tried[0].Err.Error(), missing) {
				t.Errorf("check says %v", tried[0].Err)
			}
		})
	}
}

func TestASecretThatCannotBeReadIsToldAndWaitedFor(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	c := r.config()
	c.AppSecretFile, c.VerifyTokenFile = r.File("secret later"), r.File("verify later")
	ch, _ := r.start(c)
	told := func(want string) {
		t.Helper()
		r.Until(want, func() bool {
			return slices.ContainsFunc(r.Health.Failures(), func(err error) bool { return strings.Contains(err.Error(), want) })
		})
	}
	told("deliveries: app_secret_file: read secret: ")
	told("webhook: verify_token_file: read secret: ")
	r.meta.Write(townPage, resident, "hello")
	if n := len(r.Inbox.Accepted()); n != 0 {
		t.Errorf("%d messages were taken without the secret that shows whose they are", n)
	}
	send := func() error {
		_, err := r.send(ch, answerTo(address.Messenger, resident, time.Now()), answer(1, "how can I help?"))
		return err
	}
	if err := send(); !channels.IsNotSent(err) || channels.IsRefused(err) {
		t.Errorf("an answer without a proof is not tried again: %v", err)
	}
	r.Write("secret later", appSecret)
	r.Write("verify later", verifyToken)
	if got := r.Await(ch, 1); got[0].Text != "hello" {
		t.Errorf("taken %+v", got)
	}
	if err := send(); err != nil {
		t.Errorf("the answer, again: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := r.Health.Await(ctx, Kind, "town", func(err error, _ bool) bool { return err == nil }); err != nil {
		t.Error(err)
	}
}

func TestAMentionThatTheJournalRefusesAtFirstReachesAPersonAllTheSame(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	for _, list := range []string{"tagged", "feed"} { // so that polling brings nothing
		r.meta.Fail(graphsim.Fault{Call: "GET " + list, Times: -1, Status: 500, Body: unknownError})
	}
	r.meta.Weather(graphsim.Weather{Drop: 1}) // it is delivered when its fault is there
	mention := r.meta.Mention(townPage, resident, "he follows me", false, true)
	r.meta.Weather(graphsim.Weather{})
	r.meta.Fail(graphsim.Fault{Call: "GET " + mention, Times: -1, Status: 500, Body: unknownError})
	id, refused := "fb:"+townPage+":post:"+mention, false
	r.Inbox.Refuse(func(all []channels.Original) error {
		if !refused && slices.ContainsFunc(all, func(o channels.Original) bool { return o.ID == id }) {
			refused = true
			return errors.New("the disk is full")
		}
		return nil
	})
	ch, _ := r.start(r.config())
	r.meta.Deliver(graphsim.Element{Account: townPage, List: "changes", Field: "mention", Value: fmt.Appendf(nil, `{"item":"post","verb":"add","post_id":%q}`, mention)})
	r.Until("the mention that cannot be read", func() bool {
		return slices.ContainsFunc(items(r.Read(ch)), func(m contact.Message) bool { return m.ID == contact.MessageID(Kind, "town", id) })
	})
}

func TestATokenThatIsGoodAgainIsNoFailureAnyMore(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	ch, _ := r.start(r.config())
	post := r.meta.Post(townPage, townPage, "news")
	comment := r.meta.Comment(townPage, resident, post, "", "first words")
	r.meta.Fail(graphsim.Fault{Call: "GET " + comment, Status: 400, Body: `{"error":{"code":190,"error_subcode":463}}`})
	r.meta.Change(comment, "edited", "second words")
	r.Until("the failure", func() bool {
		return strings.Contains(fmt.Sprint(r.Health.Failures()), "the access token is no longer valid")
	})
	r.Until("the end of what is to be done", func() bool { return ch.accounts[0].todo.Len() == 0 })
	r.recovers(5 * time.Second)
}

func TestAListThatLeadsBackToItselfEnds(t *testing.T) {
	r := newRig(t)
	at := time.Now().UTC().Format(time.RFC3339)
	comments := fmt.Sprintf(`{"data":[{"id":"7_8","message":"a comment","from":{"id":%q},"created_time":%q}],"paging":{"cursors":{"after":"A"},"next":"more"}}`, resident, at)
	r.meta.Fail(graphsim.Fault{Call: "GET comments", Times: -1, Status: 200, Body: comments})
	r.meta.Fail(graphsim.Fault{Call: "GET feed", Status: 200, Body: fmt.Sprintf(
		`{"data":[{"id":"%s_7","message":"news","from":{"id":%q},"created_time":%q,"comments":%s}]}`, townPage, townPage, at, comments)})
	ch := r.open(r.config(), r.Deps())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := ch.look(ctx, ch.accounts[0], &r.Inbox); err != nil {
		t.Error(err)
	}
	if got := texts(items(r.Read(ch))); !slices.Contains(got, "a comment") {
		t.Errorf("taken %q", got)
	}
}

func TestWhileTheSecretIsChangedNoAnswerFailsAndNoChangeIsMissed(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	r.Write("secret", appSecret)
	ch, _ := r.start(r.config())
	r.subscribed()
	r.meta.Write(townPage, resident, "hello")
	to := addressOf(r.Await(ch, 1)[0])
	r.Write("secret", "planted-next-secret\n"+appSecret) // and Meta has the old one still
	if _, err := r.send(ch, to, answer(1, "we are coming")); err != nil {
		t.Errorf("with both: %v", err)
	}
	r.Write("secret", "planted-next-secret")
	if _, err := r.send(ch, to, answer(2, "they are there")); !channels.IsNotSent(err) {
		t.Errorf("with the next alone: %v", err)
	}
	mention := r.meta.Mention(townPage, resident, "he is behind the station", false, true)
	_, err := ch.readAgain(t.Context(), ch.accounts[0], delivery.Reference{Kind: "post", ID: mention, Mention: true})
	if err == nil {
		t.Error("a mention is given up for want of the secret")
	}
}

func TestWhatDoesNotSayThatItWasDoneWasNotDone(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	comment := r.meta.Comment(townPage, resident, r.meta.Post(townPage, townPage, "news"), "", "he lives at number 7")
	hide := answer(1, "")
	hide.Way = contact.Hide
	for _, body := range []string{"<html>we will be back</html>", `{"success":false}`, `{}`} {
		r.meta.Fail(graphsim.Fault{Call: "POST " + comment, Status: 200, Body: body})
		if receipt, err := r.send(ch, answerTo(address.Comment, comment, time.Now()), hide); !channels.IsNotSent(err) || receipt.Confirmed {
			t.Errorf("%s: %+v, %v", body, receipt, err)
		}
	}
}

func TestAnAnswerIsNotSentAgainBecauseNoListCame(t *testing.T) {
	r := newRig(t)
	r.meta.Echoes(graphsim.EchoNever)
	ch := r.open(r.config(), r.Deps())
	r.meta.Write(townPage, resident, "hello")
	comment := r.meta.Comment(townPage, resident, r.meta.Post(townPage, townPage, "news"), "", "hello")
	for i, each := range []struct {
		to   channels.Address
		call string
	}{{answerTo(address.Messenger, resident, time.Now()), "GET conversations"}, {answerTo(address.Comment, comment, time.Now()), "GET comments"}} {
		reply := answer(i, "we are coming")
		r.meta.Fail(lostAnswer)
		if _, err := r.send(ch, each.to, reply); err == nil {
			t.Fatal("no answer was lost")
		}
		r.meta.Fail(graphsim.Fault{Call: each.call, Status: 200, Body: `{"message":"upstream request timeout"}`})
		if _, err := ch.Find(t.Context(), each.to, reply); err == nil || errors.Is(err, channels.ErrNotFound) {
			t.Errorf("%s: %v", each.call, err)
		}
		if _, err := ch.Find(t.Context(), each.to, reply); err != nil {
			t.Errorf("%s, when it is back: %v", each.call, err)
		}
	}
}

func TestAListThatMayNotBeReadToItsEndStopsNoOther(t *testing.T) {
	for _, body := range []string{`{"error":{"code":10}}`, `{"error":{"code":100}}`} {
		r := newRig(t)
		r.meta.Subscribe(townPage, fields()...)
		r.meta.Weather(graphsim.Weather{Drop: 1})
		r.meta.Pages(2, nil)
		first := r.meta.Post(townPage, townPage, "old news")
		r.meta.Comment(townPage, resident, first, "", "help")
		closed := r.meta.Post(townPage, townPage, "news")
		for i := range 5 {
			r.meta.Comment(townPage, resident, closed, "", fmt.Sprint("comment ", i))
		}
		r.meta.Fail(graphsim.Fault{Call: "GET " + closed + "/comments", Times: -1, Status: 400, Body: body})
		ch := r.open(r.config(), r.Deps())
		for range 2 {
			if err := ch.look(t.Context(), ch.accounts[0], &r.Inbox); err != nil {
				t.Errorf("%s: %v", body, err)
			}
		}
		got := texts(items(r.Read(ch)))
		for _, want := range []string{"help", "comment 4"} {
			if !slices.Contains(got, want) {
				t.Errorf("%s: %q is not among %q", body, want, got)
			}
		}
	}
}

// TestAMarkFromAClockThatWasAheadHidesNothing begins as a first start leaves it
// whose clock was days ahead.
func TestAMarkFromAClockThatWasAheadHidesNothing(t *testing.T) {
	r := newRig(t)
	r.meta.Weather(graphsim.Weather{Drop: 1})
	r.meta.Subscribe(townPage, fields()...)
	r.meta.Write(townPage, resident, "is anybody there?")
	ch := r.open(r.config(), r.Deps())
	name := markName(ch.accounts[0].Account, edges(ch.accounts[0].Account)[0])
	r.Inbox.SetCursor(channels.Cursor{Name: name, Value: mark{At: r.Clock.Now().Add(48 * time.Hour)}.encode()})
	for range 2 { // and none moves it there again
		r.look(ch)
	}
	if got := texts(items(r.Read(ch))); !slices.Equal(got, []string{"is anybody there?"}) {
		t.Errorf("taken %q", got)
	}
	r.meta.Write(townPage, resident, "hello?")
	r.look(ch)
	if got := texts(items(r.Read(ch))); !slices.Contains(got, "hello?") {
		t.Errorf("taken %q", got)
	}
}

func TestAnAnswerWithoutTheObjectDoesNotEndItsReading(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	mention := r.meta.Mention(townPage, resident, "he is behind the station", false, true)
	reference := delivery.Reference{Kind: "post", ID: mention, Mention: true}
	for _, body := range []string{`{"message":"upstream request timeout"}`, `{}`, `null`, `7`} {
		r.meta.Fail(graphsim.Fault{Call: "GET " + mention, Status: 200, Body: body})
		if originals, err := ch.readAgain(t.Context(), ch.accounts[0], reference); err == nil {
			t.Errorf("%s: read as %d originals", body, len(originals))
		}
	}
	if originals, err := ch.readAgain(t.Context(), ch.accounts[0], reference); err != nil || len(originals) != 1 {
		t.Errorf("%d originals, %v", len(originals), err)
	}
}
