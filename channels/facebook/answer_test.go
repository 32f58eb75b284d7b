package facebook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/graphsim"
	"contactd/contact"
)

func answer(n int, text string) contact.Reply {
	conversation := contact.ConversationID(Kind, "town", fmt.Sprint(n))
	return contact.Reply{ID: contact.ReplyID(conversation, "1"), Conversation: conversation, Text: text, Author: "h214", RequestedAt: time.Now()}
}

func (r *rig) send(ch *Channel, to channels.Address, reply contact.Reply) (channels.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return ch.Reply(ctx, to, reply)
}

// addressOf is how a message that was taken is answered.
func addressOf(m contact.Message) channels.Address {
	return channels.Address{Account: m.Channel.Account, Answer: m.Answer.Address}
}

func TestTheEventSaysUntilWhenAPersonCanBeAnswered(t *testing.T) {
	for human, want := range map[bool]time.Duration{false: 24 * time.Hour, true: 7 * 24 * time.Hour} {
		r := newRig(t)
		c := r.config()
		c.Accounts[0].HumanAgent = human
		ch, _ := r.start(c)
		r.subscribed()
		r.meta.Write(townPage, resident, "hello")
		m := r.Await(ch, 1)[0]
		if m.Channel.ReplyWindowEndsAt == nil || m.Channel.ReplyWindowEndsAt.Sub(m.SentAt.Truncate(time.Second)) != want {
			t.Errorf("human agent %v: window ends at %v, sent at %v", human, m.Channel.ReplyWindowEndsAt, m.SentAt)
		}
		if !m.Answer.Rules.Allowed || m.Answer.Rules.TextLimit == 0 {
			t.Errorf("rules %+v", m.Answer.Rules)
		}
	}
}

func TestAnAnswerKeepsToTheWindowsAndAMachineNeverPassesForAPerson(t *testing.T) {
	for _, each := range []struct {
		name             string
		after            time.Duration
		human, automatic bool
		sent, tagged     bool
	}{
		{"within a day", 23 * time.Hour, true, false, true, false},
		{"automatic within a day", 23 * time.Hour, true, true, true, false},
		{"a person within a week", 6 * 24 * time.Hour, true, false, true, true},
		{"automatic within a week", 6 * 24 * time.Hour, true, true, false, false},
		{"a person within a week, feature not approved", 6 * 24 * time.Hour, false, false, false, false},
		{"a person after a week", 8 * 24 * time.Hour, true, false, false, false},
	} {
		t.Run(strings.ReplaceAll(each.name, " ", "_"), func(t *testing.T) {
			r := newRig(t)
			c := r.config()
			c.Accounts[0].HumanAgent = each.human
			r.meta.Write(townPage, resident, "hello")
			wrote := r.Clock.Now()
			r.Clock.Pass(each.after)
			reply := answer(1, "we are coming")
			reply.Automatic = each.automatic
			_, err := r.send(r.open(c, r.Deps()), answerTo(address.Messenger, resident, wrote), reply)
			if (err == nil) != each.sent || err != nil && !channels.IsRefused(err) {
				t.Errorf("sent: %v", err)
			}
			messages := r.meta.Messages(townPage, resident)
			if last := messages[len(messages)-1]; each.sent && (last.Tag == "HUMAN_AGENT") != each.tagged {
				t.Errorf("sent as %+v", last)
			}
			if !each.sent && len(messages) != 1 {
				t.Error("it was sent all the same")
			}
		})
	}
}

func TestWhatMetaRefusesIsToldAndWhatAnOperatorCanMendWaits(t *testing.T) {
	for name, each := range map[string]struct {
		body    string
		refused bool
	}{
		"window":             {`{"error":{"code":10,"error_subcode":2018278}}`, true},
		"another window":     {`{"error":{"code":10,"error_subcode":2534022}}`, true},
		"unreachable":        {`{"error":{"code":551}}`, true},
		"unreachable by 200": {`{"error":{"code":200,"error_subcode":1545041}}`, true},
		"bad argument":       {`{"error":{"code":100}}`, true},
		"duplicate":          {`{"error":{"code":506}}`, true},
		"token":              {`{"error":{"code":190,"error_subcode":463}}`, false},
		"permission":         {`{"error":{"code":10}}`, false},
		"another permission": {`{"error":{"code":200}}`, false},
		"throttled":          {`{"error":{"code":613}}`, false},
		"throttled page":     {`{"error":{"code":80001}}`, false},
		"blocked":            {`{"error":{"code":368}}`, false},
		"barred":             {`{"error":{"code":10,"error_subcode":1893063}}`, false},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			r := newRig(t)
			c := r.config()
			c.Accounts[0].HumanAgent = false
			ch := r.open(c, r.Deps())
			r.meta.Write(townPage, resident, "hello")
			r.meta.Fail(graphsim.Fault{Call: "POST messages", Status: 400, Body: each.body})
			_, err := r.send(ch, answerTo(address.Messenger, resident, time.Now()), answer(1, "the text"))
			if channels.IsRefused(err) != each.refused || channels.IsNotSent(err) == each.refused {
				t.Errorf("got %v", err)
			}
		})
	}
	// Behind Meta's own troubles nobody knows.
	for _, body := range []string{`{"error":{"code":1}}`, `{"error":{"code":2,"is_transient":true}}`, `<html>`, ``} {
		r := newRig(t)
		ch := r.open(r.config(), r.Deps())
		r.meta.Write(townPage, resident, "hello")
		r.meta.Fail(graphsim.Fault{Call: "POST messages", Status: 500, Body: body})
		if _, err := r.send(ch, answerTo(address.Messenger, resident, time.Now()), answer(1, "x")); err == nil || channels.IsRefused(err) || channels.IsNotSent(err) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestNothingIsCalledWhileMetaAsksForFewerCalls(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	r.meta.Write(townPage, resident, "hello")
	to := answerTo(address.Messenger, resident, time.Now())
	r.meta.Usage(`{"` + townPage + `":[{"type":"messenger","call_count":100,"total_cputime":20,"total_time":30,"estimated_time_to_regain_access":7}]}`)
	if _, err := r.send(ch, to, answer(1, "first")); err != nil {
		t.Fatal(err)
	}
	r.meta.Usage("")
	before := len(r.meta.Calls())
	if _, err := r.send(ch, to, answer(2, "second")); !channels.IsNotSent(err) {
		t.Errorf("while throttled: %v", err)
	}
	if err := ch.look(t.Context(), ch.accounts[0], &r.Inbox); err == nil {
		t.Error("polling went on")
	}
	if n := len(r.meta.Calls()); n != before {
		t.Errorf("%d calls were made", n-before)
	}
	r.Clock.Pass(8 * time.Minute)
	if _, err := r.send(ch, to, answer(2, "second")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	r.meta.Usage(`{"` + townPage + `":[{"type":"pages","call_count":91}]}`)
	if _, err := r.send(ch, to, answer(3, "third")); err != nil {
		t.Error(err)
	}
	if err := ch.look(t.Context(), ch.accounts[0], &r.Inbox); err == nil {
		t.Error("polling goes on above 90 percent")
	}
	if _, err := r.send(ch, to, answer(4, "fourth")); err != nil {
		t.Errorf("what is left is for answers: %v", err)
	}
}

func TestACommentIsAnsweredPrivatelyOnceAndHidden(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	news := r.meta.Post(townPage, townPage, "news")
	comment := r.meta.Comment(townPage, resident, news, "", "my name is Jo and he lives at 7 Mill Lane")
	under := r.meta.Comment(townPage, resident, news, comment, "call me")
	all := r.Await(ch, 2)
	to := map[string]channels.Address{}
	for _, m := range all {
		to[m.Text] = addressOf(m)
	}
	private := answer(1, "please do not write that in public")
	private.Way = contact.Privately
	if _, err := r.send(ch, to["my name is Jo and he lives at 7 Mill Lane"], private); err != nil {
		t.Fatal(err)
	}
	if got := r.meta.Texts(townPage, resident); len(got) != 1 {
		t.Errorf("received %q", got)
	}
	private.ID = contact.ReplyID(private.Conversation, "2")
	if _, err := r.send(ch, to["my name is Jo and he lives at 7 Mill Lane"], private); !channels.IsRefused(err) || !strings.Contains(err.Error(), "once") {
		t.Errorf("a second time: %v", err)
	}
	hide := answer(2, "")
	hide.Way = contact.Hide
	if _, err := r.send(ch, to["my name is Jo and he lives at 7 Mill Lane"], hide); err != nil {
		t.Fatal(err)
	}
	if o, _ := r.meta.Find(comment); !o.Hidden {
		t.Error("it is not hidden")
	}
	if receipt, err := ch.Find(t.Context(), to["my name is Jo and he lives at 7 Mill Lane"], hide); err != nil || !receipt.Confirmed {
		t.Errorf("find: %v", err)
	}
	// Facebook takes no answer under an answer: it goes under the thread's head.
	if _, err := r.send(ch, to["call me"], answer(3, "we will")); err != nil {
		t.Errorf("under %s: %v", under, err)
	}
	if got := r.meta.Answers(townPage, comment); !slices.Equal(got, []string{"we will"}) {
		t.Errorf("answers %q", got)
	}
}

func TestALongAnswerIsSentInPartsAndGoesOnWhereItEnded(t *testing.T) {
	r := newRig(t)
	r.meta.Write(townPage, resident, "hello")
	to := answerTo(address.Messenger, resident, time.Now())
	long := answer(1, strings.Repeat("One sentence of a long answer to you. ", 130))
	ch := r.open(r.config(), r.Deps())
	r.meta.Fail(graphsim.Fault{Call: "POST messages", Times: 1, Delay: time.Nanosecond, Status: 0, After: true})
	if _, err := r.send(ch, to, long); err == nil || channels.IsNotSent(err) || channels.IsRefused(err) {
		t.Fatalf("the first part's answer was lost: %v", err)
	}
	// contactd restarts, looks it up, and finds that it is not all there.
	ch = r.open(r.config(), r.Deps())
	if _, err := ch.Find(t.Context(), to, long); !errors.Is(err, channels.ErrNotFound) {
		t.Fatalf("find: %v", err)
	}
	ch = r.open(r.config(), r.Deps())
	receipt, err := r.send(ch, to, long)
	if err != nil || receipt.PlatformID == "" {
		t.Fatal(err)
	}
	got := r.meta.Texts(townPage, resident)
	if len(got) != 3 || !strings.HasPrefix(got[0], "(1/3) ") || !strings.HasPrefix(got[2], "(3/3) ") || !strings.HasSuffix(got[0], "you.") {
		t.Errorf("received %d parts: %.40q", len(got), got)
	}
	if _, err := ch.Find(t.Context(), to, long); err != nil {
		t.Errorf("find: %v", err)
	}
}

func TestTheEchoAndReceiptsTellWhatBecameOfAnAnswer(t *testing.T) {
	for _, when := range []graphsim.Echo{graphsim.EchoAfter, graphsim.EchoBefore} {
		r := newRig(t)
		ch, _ := r.start(r.config())
		r.subscribed()
		r.meta.Echoes(when)
		r.meta.Write(townPage, resident, "hello")
		to := addressOf(r.Await(ch, 1)[0])
		reply := answer(1, "we are coming")
		r.meta.Fail(lostAnswer)
		if _, err := r.send(ch, to, reply); err == nil {
			t.Fatal("the answer was not lost")
		}
		r.Until("the echo", func() bool { return slices.Contains(r.Outcomes.Of(reply.ID), contact.HandedOver) })
		receipt, err := ch.Find(t.Context(), to, reply)
		if err != nil || receipt.PlatformID == "" {
			t.Errorf("find: %v", err)
		}
		r.Clock.Pass(time.Second)
		r.meta.Read(townPage, resident)
		r.Until("the receipt", func() bool { return slices.Contains(r.Outcomes.Of(reply.ID), contact.Confirmed) })
		if n := len(r.Inbox.Accepted()); n != 1 {
			t.Errorf("%d originals: echoes and receipts are no contacts", n)
		}
	}
}

func TestItIsTooSoonToSayThatAnAnswerWasNotSent(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	ch.timing.settle = time.Minute
	ch.started = r.Clock.Now()
	r.meta.Write(townPage, resident, "hello")
	to, reply := answerTo(address.Messenger, resident, time.Now()), answer(1, "x")
	if _, err := ch.Find(t.Context(), to, reply); err == nil || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("just after the start: %v", err)
	}
	r.Clock.Pass(2 * time.Minute)
	if _, err := ch.Find(t.Context(), to, reply); !errors.Is(err, channels.ErrNotFound) {
		t.Errorf("two minutes later: %v", err)
	}
	// Meta has taken the next one, but shows it late.
	slow := answer(2, "y")
	r.meta.Lag(true)
	r.meta.Fail(lostAnswer)
	if _, err := r.send(ch, to, slow); err == nil {
		t.Fatal("the answer was not lost")
	}
	if _, err := ch.Find(t.Context(), to, slow); err == nil || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("what is not shown yet: %v", err)
	}
	r.meta.Lag(false)
	if receipt, err := ch.Find(t.Context(), to, slow); err != nil || receipt.PlatformID == "" {
		t.Errorf("what is shown now: %v", err)
	}
}

func TestTheSameWordsOfTwoAnswersAreNotTakenForOne(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	r.meta.Write(townPage, resident, "hello")
	to := answerTo(address.Messenger, resident, time.Now())
	if _, err := r.send(ch, to, answer(1, "thank you")); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Find(t.Context(), to, answer(2, "thank you")); !errors.Is(err, channels.ErrNotFound) {
		t.Errorf("the second was never sent: %v", err)
	}
}

// TestNoAnswerIsSentTwice carries answers as the pipeline does: what may have
// been sent is looked up, and sent again only when it is certainly not there.
func TestNoAnswerIsSentTwice(t *testing.T) {
	const answers, people, senders = 10_000, 500, 8
	r := newRig(t)
	r.meta.Echoes(graphsim.EchoNever) // so that everything must be read
	ch := r.open(r.config(), r.Deps())
	for i := range people {
		r.meta.Write(townPage, fmt.Sprint(1000+i), "hello")
	}
	for range answers / 10 {
		r.meta.Fail(graphsim.Fault{Call: "POST messages", After: true})                                                             // taken, answer lost
		r.meta.Fail(graphsim.Fault{Call: "POST messages", Half: true})                                                              // not taken, connection broken
		r.meta.Fail(graphsim.Fault{Call: "POST messages", Status: 500, Body: `{"error":{"code":2,"is_transient":true}}`})           // not taken
		r.meta.Fail(graphsim.Fault{Call: "POST messages", After: true, Status: 500, Body: `{"error":{"code":1,"message":"oops"}}`}) // taken
	}
	wrote := time.Now()
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for i := sender; i < answers; i += senders {
				to := answerTo(address.Messenger, fmt.Sprint(1000+i%people), wrote)
				reply := answer(i, fmt.Sprintf("answer %05d", i))
				for {
					if _, err := r.send(ch, to, reply); err == nil {
						break
					} else if channels.IsRefused(err) {
						t.Errorf("answer %d: %v", i, err)
						return
					} else if channels.IsNotSent(err) {
						continue
					}
					if _, err := ch.Find(context.Background(), to, reply); err == nil {
						break
					} else if !errors.Is(err, channels.ErrNotFound) {
						t.Errorf("find answer %d: %v", i, err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	seen := map[string]int{}
	for i := range people {
		for _, text := range r.meta.Texts(townPage, fmt.Sprint(1000+i)) {
			seen[text]++
		}
	}
	double := 0
	for _, n := range seen {
		if n > 1 {
			double++
		}
	}
	if len(seen) != answers || double != 0 {
		t.Errorf("%d of %d answers arrived, %d twice", len(seen), answers, double)
	}
}

func TestAForceDecidesHowFarTheChannelGoes(t *testing.T) {
	r := newRig(t)
	r.meta.Write(townPage, resident, "hello")
	news := r.meta.Post(townPage, townPage, "news")
	comment := r.meta.Comment(townPage, resident, news, "", "a comment")
	to, under := answerTo(address.Messenger, resident, time.Now()), answerTo(address.Comment, comment, time.Now())
	automatic, hide := answer(1, "we have got it"), answer(2, "")
	automatic.Automatic, hide.Way = true, contact.Hide
	c := r.config()
	c.Mode = "answer_only"
	ch := r.open(c, r.Deps())
	if _, err := r.send(ch, to, automatic); !channels.IsRefused(err) {
		t.Errorf("answer_only, automatic: %v", err)
	}
	if _, err := r.send(ch, under, hide); !channels.IsRefused(err) {
		t.Errorf("answer_only, hide: %v", err)
	}
	if _, err := r.send(ch, to, answer(3, "by a person")); err != nil {
		t.Errorf("answer_only: %v", err)
	}
	c.Mode = "off"
	ch = r.open(c, r.Deps())
	if _, err := r.send(ch, to, answer(4, "x")); !channels.IsRefused(err) || ch.Webhooks() != nil || ch.AccountNames() != nil {
		t.Errorf("off: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ch.Receive(ctx, &r.Inbox); err != nil {
		t.Error(err)
	}
}

func TestFilesAreSent(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	blob, err := r.Blobs.Store(t.Context(), strings.NewReader("%PDF-1.4"))
	if err != nil {
		t.Fatal(err)
	}
	r.meta.Write(townPage, resident, "hello")
	reply := answer(1, "the form that you asked for")
	reply.Attachments = []contact.Attachment{{Blob: blob, Name: "form.pdf"}}
	if _, err := r.send(ch, answerTo(address.Messenger, resident, time.Now()), reply); err != nil {
		t.Fatal(err)
	}
	messages := r.meta.Messages(townPage, resident)
	if len(messages) != 3 || messages[1].Text != reply.Text || !strings.HasSuffix(messages[2].File, "/form.pdf") {
		t.Errorf("sent %+v", messages)
	}
}
