package facebook

import (
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

func TestAnAnswerIsFoundWhateverWasWrittenSince(t *testing.T) {
	r := newRig(t)
	r.meta.Echoes(graphsim.EchoNever)
	ch := r.open(r.config(), r.Deps())
	news := r.meta.Post(townPage, townPage, "news")
	comment := r.meta.Comment(townPage, "77", news, "", "he lives at number 7")
	r.meta.Write(townPage, resident, "hello")
	now := time.Now()
	private, public, direct := answer(1, "please  do not\n\n\nwrite that in public"), answer(2, "we  are\r\n\r\ncoming"), answer(3, "what is the number?")
	private.Way = contact.Privately
	under, to := answerTo(address.Comment, comment, now), answerTo(address.Messenger, resident, now)
	for _, each := range []struct {
		to    channels.Address
		reply contact.Reply
	}{{under, private}, {under, public}, {to, direct}} {
		r.meta.Fail(lostAnswer)
		if _, err := r.send(ch, each.to, each.reply); err == nil {
			t.Fatal("no answer was lost")
		}
	}
	for i := range 120 {
		r.meta.Write(townPage, resident, fmt.Sprintf("and another thing %d", i))
		r.meta.Write(townPage, fmt.Sprint(5000+i), "hello")
		r.meta.Comment(townPage, fmt.Sprint(5000+i), news, comment, "I know him")
	}
	ch = r.open(r.config(), r.Deps())
	for i, each := range []struct {
		to    channels.Address
		reply contact.Reply
	}{{under, private}, {under, public}, {to, direct}} {
		if receipt, err := ch.Find(t.Context(), each.to, each.reply); err != nil || receipt.PlatformID == "" {
			t.Errorf("answer %d: %v", i, err)
		}
	}
}

func TestTheSameWordsToAnotherPersonAreNoSignOfAPrivateAnswer(t *testing.T) {
	r := newRig(t)
	r.meta.Echoes(graphsim.EchoNever)
	ch, _ := r.start(r.config())
	r.subscribed()
	news := r.meta.Post(townPage, townPage, "news")
	r.meta.Comment(townPage, "77", news, "", "from 77")
	r.meta.Comment(townPage, "78", news, "", "from 78")
	to := map[string]channels.Address{}
	for _, m := range r.Await(ch, 2) {
		to[m.Text] = addressOf(m)
	}
	first, second := answer(1, "please write to us in private"), answer(2, "please write to us in private")
	first.Way, second.Way = contact.Privately, contact.Privately
	r.meta.Fail(lostAnswer)
	if _, err := r.send(ch, to["from 77"], first); err == nil {
		t.Fatal("the answer was not lost")
	}
	ch = r.open(r.config(), r.Deps()) // and the restart knows nothing of either
	if _, err := ch.Find(t.Context(), to["from 78"], second); !errors.Is(err, channels.ErrNotFound) {
		t.Errorf("what was never sent: %v", err)
	}
	if _, err := ch.Find(t.Context(), to["from 77"], first); err != nil {
		t.Errorf("what was sent: %v", err)
	}
}

func TestAnAnswerOfAnAccountThatWasTakenOutIsNotSaidToBeUnsent(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	to := answerTo(address.Messenger, resident, time.Now())
	to.Account = "village"
	if _, err := ch.Find(t.Context(), to, answer(1, "x")); err == nil || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("find: %v", err)
	}
	if _, err := r.send(ch, to, answer(1, "x")); !channels.IsRefused(err) {
		t.Errorf("reply: %v", err)
	}
}

func TestWhatWhatsAppHasOfAnAnswerIsNotSentAgain(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.family(), r.Deps())
	r.meta.Write(phoneID, number, "where is it?")
	blob, err := r.Blobs.Store(t.Context(), strings.NewReader("\xff\xd8\xff\xe0 a picture"))
	if err != nil {
		t.Fatal(err)
	}
	to := channels.Address{Account: "phone", Answer: address.Address{Kind: address.WhatsApp, To: number, At: time.Now().Unix()}.Encode()}
	reply := answer(1, "here is a map")
	reply.Attachments = []contact.Attachment{{Blob: blob, Name: "map.jpg"}}
	r.meta.Fail(graphsim.Fault{Call: "POST media", Status: 400, Body: `{"error":{"code":131053}}`})
	if _, err := r.send(ch, to, reply); !channels.IsRefused(err) || !strings.HasPrefix(err.Error(), "1 of 2 parts were sent: ") {
		t.Errorf("got %v", err)
	}
	if got := r.meta.Texts(phoneID, number); !slices.Equal(got, []string{"here is a map"}) {
		t.Errorf("received %q", got)
	}
}

func TestAPartThatDidNotArriveFailsItsAnswer(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.family(), r.Deps()) // nothing is remembered of what an earlier run sent
	phone, reply := ch.accounts.Of("phone"), answer(1, "here is a map").ID
	told := delivery.Sent{Metadata: metadata(reply, 1, 2), IDs: []string{"wamid.1"}, Thread: number, Reached: true}
	if err := ch.heard(t.Context(), phone, told); err != nil || len(r.Outcomes.Of(reply)) != 0 {
		t.Errorf("one of two has arrived: %v, %v", r.Outcomes.Of(reply), err)
	}
	told = delivery.Sent{Metadata: metadata(reply, 2, 2), IDs: []string{"wamid.2"}, Thread: number, Failed: "WhatsApp could not deliver it"}
	if err := ch.heard(t.Context(), phone, told); err != nil || !slices.Equal(r.Outcomes.Of(reply), []contact.ReplyState{contact.Failed}) {
		t.Errorf("the other has not: %v, %v", r.Outcomes.Of(reply), err)
	}
	other := answer(2, "here is another").ID
	told.Metadata, told.IDs = metadata(other, 1, 2), []string{"wamid.3"}
	if err := ch.heard(t.Context(), phone, told); err != nil || !slices.Equal(r.Outcomes.Of(other), []contact.ReplyState{contact.Failed}) {
		t.Errorf("the first of two has not: %v, %v", r.Outcomes.Of(other), err)
	}
}

func TestAnAnswerWithoutWordsNeverLeft(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	if _, err := ch.Find(t.Context(), answerTo(address.Messenger, resident, time.Now()), answer(1, " ")); !errors.Is(err, channels.ErrNotFound) {
		t.Errorf("find: %v", err)
	}
}

func TestHidingACommentThatIsGoneIsSettled(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	comment := r.meta.Comment(townPage, "77", r.meta.Post(townPage, townPage, "news"), "", "where?")
	r.meta.Change(comment, "remove", "")
	hide := answer(1, "")
	hide.Way = contact.Hide
	to := answerTo(address.Comment, comment, time.Now())
	if _, err := ch.Find(t.Context(), to, hide); !errors.Is(err, channels.ErrNotFound) {
		t.Errorf("find: %v", err)
	}
	if _, err := r.send(ch, to, hide); !channels.IsRefused(err) {
		t.Errorf("reply: %v", err)
	}
}
