package twitter

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/twitter/address"
	"contactd/channels/twitter/xtest"
	"contactd/contact"
)

// answer is a reply with a text, asked for now.
func (r *rig) answer(text string) contact.Reply {
	return contact.Reply{ID: contact.ReplyID("c", text), Text: text, RequestedAt: r.Clock.Now()}
}

// answered takes what somebody wrote, and returns where an answer to it goes.
func (r *rig) answered(ch *Channel, id string) (channels.Address, contact.Message) {
	r.T.Helper()
	r.Until(id, func() bool {
		for _, original := range r.Inbox.Accepted() {
			if original.ID == id {
				return true
			}
		}
		return false
	})
	for _, m := range r.Read(ch) {
		if m.PlatformID == id {
			return channels.Address{Account: "town", Answer: m.Answer.Address}, m
		}
	}
	r.T.Fatalf("no message %s", id)
	return channels.Address{}, contact.Message{}
}

func TestOnlyWhoCalledUsIsAnsweredInPublic(t *testing.T) {
	r := newRig(t)
	r.hook()
	news := r.x.Post(townID, xtest.Draft{Text: "our news"})
	ch, _ := r.start(r.config())
	for name, each := range map[string]struct {
		draft  xtest.Draft
		called bool
	}{
		"named":   {xtest.Draft{Text: "@town named"}, true},
		"quoted":  {xtest.Draft{Text: "quoted", Quoted: news}, true},
		"replied": {xtest.Draft{Text: "replied", InReplyTo: news}, false},
	} {
		to, m := r.answered(ch, "x:post:"+r.x.Post(resident, each.draft))
		rules := m.Answer.Rules
		if !rules.Allowed || (rules.Reason == address.NotSummoned) == each.called || rules.TextLimit != 280 {
			t.Errorf("%s: the event says %+v", name, rules)
		}
		calls := len(r.x.Calls())
		_, err := ch.Reply(t.Context(), to, r.answer("thank you, "+name))
		if (err == nil) != each.called || err != nil && !channels.IsRefused(err) {
			t.Errorf("%s: answered with %v", name, err)
		}
		if !each.called && len(r.x.Calls()) > calls+2 { // looks go on beside it
			t.Errorf("%s: X was asked all the same", name)
		}
		// In private everybody can be answered.
		private := r.answer("in private, " + name)
		private.Way = contact.Privately
		if _, err := ch.Reply(t.Context(), to, private); err != nil {
			t.Errorf("%s: in private: %v", name, err)
		}
	}
	if got := r.x.Received(townID, resident); len(got) != 3 {
		t.Errorf("received %q", got)
	}
	// With a contract everybody can.
	c := r.config()
	c.Accounts[0].Enterprise = true
	r.x.Change(townID, func(a *xtest.Account) { a.Enterprise = true })
	ch = r.open(c, r.Deps())
	post := r.x.Post(resident, xtest.Draft{Text: "replied again", InReplyTo: news})
	if _, err := ch.Reply(t.Context(), channels.Address{Account: "town", Answer: address.Address{Kind: address.Post, To: post, Writer: resident}.Encode()}, r.answer("with a contract")); err != nil {
		t.Error(err)
	}
}

func TestXsOwnRefusalIsFinalAndSaysSo(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	r.x.ClosePerson(neighbour)
	unseen := r.x.Post(resident, xtest.Draft{Text: "not to you"})
	for name, to := range map[string]channels.Address{"closed messages": toPerson(neighbour), "not called": toPost(unseen)} {
		if _, err := ch.Reply(t.Context(), to, r.answer(name)); !channels.IsRefused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatCannotBeSentIsRefusedBeforeXIsAsked(t *testing.T) {
	r := newRig(t)
	post, dm := toPost("100"), toPerson(resident)
	long := strings.Repeat("a", 281)
	for name, each := range map[string]struct {
		mode  string
		to    channels.Address
		reply contact.Reply
	}{
		"a foreign address":      {"", channels.Address{Account: "town", Answer: "jo@example.org"}, contact.Reply{Text: "x"}},
		"an account that is not": {"", channels.Address{Account: "gone", Answer: dm.Answer}, contact.Reply{Text: "x"}},
		"nothing":                {"", dm, contact.Reply{Text: " \n"}},
		"a file":                 {"", dm, contact.Reply{Text: "x", Attachments: []contact.Attachment{{Name: "x"}}}},
		"too long a post":        {"", post, contact.Reply{Text: long}},
		"too long in Chinese":    {"", post, contact.Reply{Text: strings.Repeat("警", 141)}},
		"too long a message":     {"", dm, contact.Reply{Text: strings.Repeat("a", 10_001)}},
		"hiding a message":       {"", dm, contact.Reply{Way: contact.Hide}},
		"hiding a foreign post":  {"", post, contact.Reply{Way: contact.Hide}},
		"private of a message":   {"", dm, contact.Reply{Way: contact.Privately, Text: "x"}},
		"an automatic text":      {accounts.AnswerOnly, dm, contact.Reply{Automatic: true, Text: "x"}},
		"hiding when answering":  {accounts.AnswerOnly, post, contact.Reply{Way: contact.Hide}},
		"anything when off":      {accounts.Off, dm, contact.Reply{Text: "x"}},
	} {
		c := r.config()
		c.Mode = each.mode
		if _, err := r.open(c, r.Deps()).Reply(t.Context(), each.to, each.reply); !channels.IsRefused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(r.x.Calls()); n != 0 {
		t.Errorf("X was asked %d times", n)
	}
	c := r.config()
	c.Accounts[0].LongPosts = true
	r.x.Change(townID, func(a *xtest.Account) { a.Long = true })
	to := toPost(r.x.Post(resident, xtest.Draft{Text: "@town hello"}))
	if _, err := r.open(c, r.Deps()).Reply(t.Context(), to, r.answer(long)); err != nil {
		t.Errorf("a long post of an account that may: %v", err)
	}
}

func TestAnswersToOurPostsAreHiddenAndShown(t *testing.T) {
	r := newRig(t)
	r.hook()
	news := r.x.Post(townID, xtest.Draft{Text: "our news"})
	ch, _ := r.start(r.config())
	post := r.x.Post(resident, xtest.Draft{Text: "@town rude words", InReplyTo: news})
	to, m := r.answered(ch, "x:post:"+post)
	if got := fmt.Sprint(m.Answer.Rules.Ways); got != "[private hide show]" {
		t.Errorf("ways: %s", got)
	}
	for way, want := range map[contact.Way]bool{contact.Hide: true, contact.Show: false} {
		reply := contact.Reply{ID: string("r-" + way), Way: way}
		// The answer is lost: it is certainly harmless to do it again.
		r.x.Fail(lostAnswer("PUT"))
		if _, err := ch.Reply(t.Context(), to, reply); !channels.IsNotSent(err) {
			t.Errorf("%s with a lost answer: %v", way, err)
		}
		// Nor is it done because X answered something.
		r.x.Fail(xtest.Fault{Call: "PUT ", Status: 200, Body: fmt.Sprintf(`{"data":{"hidden":%v}}`, !want)})
		if receipt, err := ch.Reply(t.Context(), to, reply); !channels.IsNotSent(err) {
			t.Errorf("%s that was not done: %+v, %v", way, receipt, err)
		}
		receipt, err := ch.Reply(t.Context(), to, reply)
		if err != nil || !receipt.Confirmed || r.x.Hidden(post) != want {
			t.Errorf("%s: %+v, %v, hidden %v", way, receipt, err, r.x.Hidden(post))
		}
	}
}

func TestARestartFindsWhatWasSentAndNothingElse(t *testing.T) {
	r := newRig(t)
	post := r.x.Post(resident, xtest.Draft{Text: "@town is anybody there?"})
	other := r.x.Post(neighbour, xtest.Draft{Text: "@town is anybody there?"})
	text := "Yes & we are <coming>.\n\nPlease wait."
	for name, to := range map[string]channels.Address{"post": toPost(post), "message": toPerson(resident)} {
		reply := r.answer(text)
		r.x.Fail(lostAnswer("POST"))
		if _, err := r.open(r.config(), r.Deps()).Reply(t.Context(), to, reply); err == nil {
			t.Fatalf("%s: the answer was lost and yet came", name)
		}
		again := r.open(r.config(), r.Deps()) // after a crash nothing is remembered
		receipt, err := again.Find(t.Context(), to, reply)
		if err != nil || receipt.PlatformID == "" {
			t.Errorf("%s: found %+v, %v", name, receipt, err)
		}
		// The same words to somebody else are another reply.
		elsewhere := map[string]channels.Address{"post": toPost(other), "message": toPerson(neighbour)}[name]
		if _, err := again.Find(t.Context(), elsewhere, reply); !errors.Is(err, channels.ErrNotFound) {
			t.Errorf("%s: found elsewhere: %v", name, err)
		}
		// And what was said before it was asked for is not it.
		later := reply
		later.ID, later.RequestedAt = "r-later", r.Clock.Now().Add(time.Minute)
		if _, err := again.Find(t.Context(), to, later); !errors.Is(err, channels.ErrNotFound) {
			t.Errorf("%s: found what was said before: %v", name, err)
		}
	}
}

func TestAnAnswerOfAnAccountThatWasTakenOutIsNotSaidToBeUnsent(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	to := toPerson(resident)
	to.Account = "village"
	if _, err := ch.Find(t.Context(), to, r.answer("x")); err == nil || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("find: %v", err)
	}
	if _, err := ch.Reply(t.Context(), to, r.answer("x")); !channels.IsRefused(err) {
		t.Errorf("reply: %v", err)
	}
}

func TestAbsenceMeansSomethingOnlyAfterAWhile(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	ch.timing.settle = time.Minute
	if _, err := ch.Find(t.Context(), toPerson(resident), r.answer("x")); err == nil || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("just after the start: %v", err)
	}
	r.Clock.Pass(2 * time.Minute)
	if _, err := ch.Find(t.Context(), toPerson(resident), r.answer("x")); !errors.Is(err, channels.ErrNotFound) {
		t.Errorf("long after: %v", err)
	}
}

func TestATextThatXHasAlreadyIsLookedUp(t *testing.T) {
	r := newRig(t)
	to := toPost(r.x.Post(resident, xtest.Draft{Text: "@town hello"}))
	reply := r.answer("hello to you")
	r.x.Fail(lostAnswer("POST"))
	ch := r.open(r.config(), r.Deps())
	_, _ = ch.Reply(t.Context(), to, reply)
	if _, err := ch.Reply(t.Context(), to, reply); err == nil || channels.IsNotSent(err) || channels.IsRefused(err) {
		t.Errorf("X says that it has it: %v", err)
	}
	if _, err := ch.Find(t.Context(), to, reply); err != nil {
		t.Error(err)
	}
}

func TestATextThatStandsThereAsAnotherAnswerIsRefusedAndNotTriedForEver(t *testing.T) {
	for _, restart := range []bool{false, true} {
		r := newRig(t)
		to := toPost(r.x.Post(resident, xtest.Draft{Text: "@town hello"}))
		ch := r.open(r.config(), r.Deps())
		first, second := r.answer("we are coming"), r.answer("we are coming")
		if _, err := ch.Reply(t.Context(), to, first); err != nil {
			t.Fatal(err)
		}
		if r.Clock.Pass(time.Minute); restart {
			ch = r.open(r.config(), r.Deps())
		}
		second.ID, second.RequestedAt = "r-second", r.Clock.Now()
		if _, err := ch.Reply(t.Context(), to, second); !channels.IsRefused(err) {
			t.Errorf("after a restart %v: %v", restart, err)
		}
	}
}

func TestReceiptsConfirmWhatWasReadAndNoMore(t *testing.T) {
	for _, form := range []xtest.Form{xtest.AccountActivity, xtest.ActivityAPI} {
		r := newRig(t)
		r.x.Form(form)
		r.hook()
		ch, _ := r.start(r.config())
		first, second, other := r.answer("first"), r.answer("second"), r.answer("to another")
		for to, reply := range map[string]contact.Reply{resident: first, neighbour: other} {
			if _, err := ch.Reply(t.Context(), toPerson(to), reply); err != nil {
				t.Fatal(err)
			}
		}
		r.x.Read(resident, townID)
		r.Until("a receipt", func() bool { return len(r.Outcomes.Of(first.ID)) > 0 })
		r.Clock.Pass(time.Second)
		if _, err := ch.Reply(t.Context(), toPerson(resident), second); err != nil {
			t.Fatal(err)
		}
		if err := r.x.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(r.Outcomes.Of(second.ID)) > 0 || len(r.Outcomes.Of(other.ID)) > 0 || r.Outcomes.Of(first.ID)[0] != contact.Confirmed {
			t.Errorf("confirmed: first %v, second %v, other %v", r.Outcomes.Of(first.ID), r.Outcomes.Of(second.ID), r.Outcomes.Of(other.ID))
		}
	}
}

func TestWhoAnswersOurAnswerStaysInTheConversation(t *testing.T) {
	r := newRig(t)
	r.hook() // account activity does not say in which thread a post stands
	c := r.config()
	ch, stop := r.start(c)
	post := r.x.Post(resident, xtest.Draft{Text: "@town somebody is at the door"})
	to, first := r.answered(ch, "x:post:"+post)
	receipt, err := ch.Reply(t.Context(), to, r.answer("who is it?"))
	if err != nil {
		t.Fatal(err)
	}
	for _, restart := range []bool{false, true} {
		if restart {
			r.Until("note of the thread", func() bool {
				cursor, err := r.Inbox.Cursor(t.Context(), "twitter/town/threads")
				return err == nil && cursor.Value != ""
			})
			stop()
			ch, _ = r.start(c)
		}
		next := r.x.Post(resident, xtest.Draft{Text: fmt.Sprint("@town a man in black ", restart), InReplyTo: receipt.PlatformID})
		if _, m := r.answered(ch, "x:post:"+next); m.Conversation != first.Conversation {
			t.Errorf("restart %v: in %q, not in %q", restart, m.Conversation, first.Conversation)
		}
	}
}

func TestATooBusyWindowMakesAnAnswerWait(t *testing.T) {
	r := newRig(t)
	r.x.Limit("POST /2/dm_conversations/with/:id/messages", 2)
	ch := r.open(r.config(), r.Deps())
	for n := range 4 {
		_, err := ch.Reply(t.Context(), toPerson(resident), r.answer(fmt.Sprint(n)))
		if n < 2 && err != nil || n >= 2 && !channels.IsNotSent(err) {
			t.Errorf("answer %d of 2 allowed: %v", n, err)
		}
	}
	if n := len(r.x.Calls()); n != 2 {
		t.Errorf("X was called %d times", n)
	}
	r.Clock.Pass(16 * time.Minute)
	if _, err := ch.Reply(t.Context(), toPerson(resident), r.answer("in the next window")); err != nil {
		t.Error(err)
	}
}

// TestNothingIsSentTwiceOrLostOverTenThousandReplies plays what the pipeline
// does, over a platform that fails a third of the calls in every way.
func TestNothingIsSentTwiceOrLostOverTenThousandReplies(t *testing.T) {
	count := 10_000
	if testing.Short() {
		count = 500
	}
	r := newRig(t)
	random := rand.New(rand.NewPCG(7, 7))
	post := r.x.Post(resident, xtest.Draft{Text: "@town many questions"})
	ch := r.open(r.config(), r.Deps())
	faults := []xtest.Fault{
		{After: true},
		{After: true, Half: true},
		{},
		{Half: true},
		{Status: 503, Body: "over capacity"},
		{Status: 503, After: true},
		{Status: 429, Body: "{}"},
		{Status: 200, After: true},
		{Status: 200, Body: "{}", After: true},
		{Status: 401, Body: "{}"},
	}
	people := []string{}
	for n := range 50 {
		id := fmt.Sprint(1700000000000000000 + n)
		r.x.Person(id, fmt.Sprint("p", n), "Person")
		people = append(people, id)
	}
	for n := range count {
		to := toPerson(people[n%len(people)])
		if n%4 == 0 {
			to = toPost(post)
		}
		reply := r.answer(fmt.Sprintf("answer number %d", n))
		if random.IntN(200) == 0 {
			ch = r.open(r.config(), r.Deps()) // a crash
		}
		sent := false
		for tries := 0; !sent; tries++ {
			if tries > 50 {
				t.Fatalf("reply %d is never sent", n)
			}
			if random.IntN(3) == 0 {
				r.x.Fail(faults[random.IntN(len(faults))])
			}
			_, err := ch.Reply(t.Context(), to, reply)
			for ; err != nil && !channels.IsNotSent(err); tries++ {
				if channels.IsRefused(err) {
					t.Fatalf("reply %d: %v", n, err)
				}
				r.Clock.Pass(2 * time.Minute)
				if _, err = ch.Find(t.Context(), to, reply); errors.Is(err, channels.ErrNotFound) {
					break
				}
			}
			sent = err == nil
			r.Clock.Pass(2 * time.Minute) // whatever window is closed
		}
		r.x.Mend()
	}
	texts := r.x.Answers(townID, post)
	for _, id := range people {
		texts = append(texts, r.x.Received(townID, id)...)
	}
	seen := map[string]int{}
	for _, text := range texts {
		seen[text]++
	}
	for n := range count {
		if text := fmt.Sprintf("answer number %d", n); seen[text] != 1 {
			t.Errorf("%q was received %d times", text, seen[text])
		}
	}
}
