package twitter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/twitter/element"
	"contactd/channels/twitter/xtest"
	"contactd/contact"
)

// of returns the one message with an identity.
func of(t *testing.T, messages []contact.Message, id string) contact.Message {
	t.Helper()
	for _, m := range messages {
		if m.PlatformID == id {
			return m
		}
	}
	t.Fatalf("no message %s", id)
	return contact.Message{}
}

func TestNobodyIsLostInAnyWeather(t *testing.T) {
	for _, form := range []xtest.Form{xtest.AccountActivity, xtest.ActivityAPI} {
		t.Run(fmt.Sprint(form), func(t *testing.T) {
			r := newRig(t)
			r.x.Form(form)
			r.hook()
			r.x.Weather(xtest.Weather{Duplicate: 0.3, Drop: 0.3, Reorder: 0.5})
			r.x.Pages(7, nil)
			r.x.Fail(xtest.Fault{Call: "GET mentions", Times: 3, Status: 503, Body: "<html>over capacity</html>"})
			r.x.Fail(xtest.Fault{Call: "GET dm_events", Times: 3, Half: true})
			r.x.Fail(xtest.Fault{Call: "GET mentions", Times: 2})
			broken := errors.New("the disk is slow")
			turn := 0
			r.Inbox.Refuse(func([]channels.Original) error {
				if turn++; turn%3 == 0 {
					return broken
				}
				return nil
			})
			ch, stop := r.start(r.config())
			wanted := map[string]bool{}
			for n := range 60 {
				text := fmt.Sprintf("number %d needs help", n)
				if n%2 == 0 {
					wanted["x:dm:"+r.x.DM(resident, townID, text)] = true
				} else {
					wanted["x:post:"+r.x.Post(neighbour, xtest.Draft{Text: "@town " + text})] = true
				}
				if n == 30 {
					stop()
					ch, stop = r.start(r.config())
				}
			}
			r.Await(ch, len(wanted))
			if err := r.x.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			stop()
			messages := r.Read(ch)
			for _, m := range messages {
				if !wanted[m.PlatformID] {
					t.Errorf("taken without being written, or twice: %s", m.PlatformID)
				}
				delete(wanted, m.PlatformID)
			}
			if len(wanted) > 0 {
				t.Errorf("never taken: %v", wanted)
			}
		})
	}
}

func TestAWindowThatIsUsedUpInterruptsALookAndNotMore(t *testing.T) {
	r := newRig(t)
	r.x.Limit("GET /2/dm_events", 3)
	r.x.Pages(10, nil)
	for n := range 55 {
		r.x.DM(resident, townID, fmt.Sprint("message ", n))
	}
	ch, _ := r.start(r.config())
	r.Await(ch, 30) // three pages are all that a window allows
	r.x.Post(neighbour, xtest.Draft{Text: "@town mentions go on"})
	r.Await(ch, 31)
	asked := func() (n int) {
		for _, call := range r.x.Calls() {
			if strings.HasSuffix(call.Path, "dm_events") {
				n++
			}
		}
		return n
	}
	if n := asked(); n != 3 {
		t.Errorf("asked %d times within a window of 3", n)
	}
	// What is written meanwhile waits for the next look; the old look goes on
	// where it was.
	r.x.DM(resident, townID, "meanwhile")
	r.Clock.Pass(16 * time.Minute)
	r.Await(ch, 31+25)
	if n := asked(); n > 3+3 {
		t.Errorf("asked %d times, so the look began anew", n)
	}
	r.Clock.Pass(16 * time.Minute)
	r.Await(ch, 31+25+1)
	for _, err := range r.Health.Failures() {
		t.Errorf("a window is told as a failure: %v", err)
	}
}

func TestAfterAGapEverythingIsFoundWhileMoreComes(t *testing.T) {
	r := newRig(t)
	_, stop := r.start(r.config())
	r.x.Post(resident, xtest.Draft{Text: "@town before"})
	r.Until("the first", func() bool { return len(r.Inbox.Accepted()) == 1 })
	stop()
	for n := range 40 {
		r.x.Post(resident, xtest.Draft{Text: fmt.Sprint("@town in the gap ", n)})
	}
	extra := 0
	r.x.Pages(9, func() { // somebody writes between every two pages
		if extra < 5 {
			extra++
			r.x.Post(neighbour, xtest.Draft{Text: fmt.Sprint("@town between pages ", extra)})
		}
	})
	ch, _ := r.start(r.config())
	messages := r.Await(ch, 1+40+5)
	for n := range 40 {
		text := fmt.Sprint("@town in the gap ", n)
		if !slices.ContainsFunc(messages, func(m contact.Message) bool { return m.Text == text }) {
			t.Errorf("lost %q", text)
		}
	}
}

func TestMuchToCatchUpWithDoesNotStandBeforeACryForHelp(t *testing.T) {
	r := newRig(t)
	r.x.Pages(10, nil)
	for n := range 30 {
		r.x.Post(neighbour, xtest.Draft{Text: fmt.Sprint("@town chatter ", n)})
	}
	r.Backlog.Set(channels.Enough + 1)
	r.hook()
	ch, _ := r.start(r.config())
	r.Await(ch, 10) // one page, and the next waits
	help := r.x.DM(resident, townID, "he has a knife")
	of(t, r.Await(ch, 11), "x:dm:"+help)
	if n := len(r.Inbox.Accepted()); n != 11 {
		t.Errorf("%d were taken while what came before was not read", n)
	}
	r.Backlog.Set(0)
	r.Await(ch, 31)
}

func TestAnEditIsAVersionInEveryOrder(t *testing.T) {
	r := newRig(t)
	before := r.x.Post(resident, xtest.Draft{Text: "@town somebody is at the door"})
	ch, stop := r.start(r.config())
	r.Await(ch, 1)
	second := r.x.Edit(before, "@town he has a knife")
	// One that is seen only when it was edited already.
	other := r.x.Post(neighbour, xtest.Draft{Text: "@town wrong"})
	latest := r.x.Edit(r.x.Edit(other, "@town nearly"), "@town right")
	messages := r.Await(ch, 4)
	stop()
	edit := of(t, messages, "x:post:"+before+":version:"+second)
	if edit.Revision == nil || edit.Revision.Action != contact.Edited || edit.Text != "@town he has a knife" ||
		edit.Revision.Of != contact.MessageID(Kind, "town", "x:post:"+before) || !edit.SentAt.Equal(element.Moment(second)) {
		t.Errorf("the edit reads as %+v", edit)
	}
	if item := of(t, messages, "x:post:"+other); item.Text != "@town right" || item.Revision != nil {
		t.Errorf("the item of an edited post reads as %+v", item)
	}
	if version := of(t, messages, "x:post:"+other+":version:"+latest); version.Conversation != of(t, messages, "x:post:"+other).Conversation {
		t.Error("a version is in another conversation than the post")
	}
}

func TestWhatPeopleTakeBackIsMarked(t *testing.T) {
	r := newRig(t)
	deleted := r.x.Post(resident, xtest.Draft{Text: "@town I shall regret this"})
	hidden := r.x.Post(neighbour, xtest.Draft{Text: "@town for some eyes"})
	edited := r.x.Post(neighbour, xtest.Draft{Text: "@town first"})
	c := r.config()
	ch, stop := r.start(c)
	r.Await(ch, 3)
	stop() // what is reviewed outlives a restart
	r.x.Delete(deleted)
	r.x.Conceal(hidden)
	ch, _ = r.start(c)
	r.Await(ch, 5)
	messages := r.Read(ch)
	if m := of(t, messages, "x:post:"+deleted+":withdrawn"); m.Revision.Action != contact.Withdrawn || m.Text != "" || m.Thread.References[0] != "x:post:"+deleted {
		t.Errorf("a deleted post reads as %+v", m)
	}
	if m := of(t, messages, "x:post:"+hidden+":concealed"); m.Revision.Action != contact.Hidden {
		t.Errorf("a concealed post reads as %+v", m)
	}
	// An edit that the mentions do not show is found by the review.
	second := r.x.Edit(edited, "no longer to you")
	r.Await(ch, 6)
	if m := of(t, r.Read(ch), "x:post:"+edited+":version:"+second); m.Text != "no longer to you" {
		t.Errorf("reads as %+v", m)
	}
}

func TestBothDialectsAreSpoken(t *testing.T) {
	r := newRig(t)
	r.x.Newer(true)
	post := r.x.Post(resident, xtest.Draft{Text: "@town hello"})
	reply := r.x.Post(resident, xtest.Draft{Text: "@town and more", InReplyTo: post})
	ch, _ := r.start(r.config())
	messages := r.Await(ch, 2)
	if of(t, messages, "x:post:"+reply).Conversation != of(t, messages, "x:post:"+post).Conversation {
		t.Error("an answer to one's own post begins another conversation")
	}
	// X changes its mind while we run.
	r.x.Newer(false)
	r.x.Post(resident, xtest.Draft{Text: "@town still there?"})
	r.Await(ch, 3)
	for _, err := range r.Health.Failures() {
		t.Errorf("told as a failure: %v", err)
	}
}

func TestACapStopsLookingAndNothingElse(t *testing.T) {
	r := newRig(t)
	r.hook()
	ch, _ := r.start(r.config())
	r.healthy(func(err error, told bool) bool { return told && err == nil })
	r.x.Change(townID, func(a *xtest.Account) { a.Capped = true })
	r.healthy(func(err error, _ bool) bool { return err != nil && strings.Contains(err.Error(), "usage cap") })
	calls := len(r.x.Calls())
	r.x.DM(resident, townID, "deliveries go on")
	r.Await(ch, 1)
	receipt, err := ch.Reply(t.Context(), toPerson(resident), contact.Reply{ID: "r-1", Text: "so do answers", RequestedAt: r.Clock.Now()})
	if err != nil || receipt.PlatformID == "" {
		t.Errorf("an answer while capped: %+v, %v", receipt, err)
	}
	if more := len(r.x.Calls()) - calls; more > 5 {
		t.Errorf("%d calls while capped", more)
	}
	r.x.Change(townID, func(a *xtest.Account) { a.Capped = false })
	r.Clock.Pass(2 * time.Hour)
	r.healthy(func(err error, told bool) bool { return told && err == nil })
}

func TestAWithdrawnConsentIsToldAtOnce(t *testing.T) {
	for _, form := range []xtest.Form{xtest.AccountActivity, xtest.ActivityAPI} {
		r := newRig(t)
		r.x.Form(form)
		r.hook()
		ch := r.open(r.config(), r.Deps())
		ch.timing.mentions, ch.timing.messages = time.Hour, time.Hour
		r.Run(ch)
		r.healthy(func(err error, told bool) bool { return told && err == nil })
		r.x.Revoke(townID)
		// A look that works afterwards says that the access is there again.
		r.Until("alarm", func() bool {
			return slices.ContainsFunc(r.Health.Failures(), func(err error) bool { return errors.Is(err, errRevoked) })
		})
	}
}

func TestAnEncryptedMessageIsNeverSilence(t *testing.T) {
	r := newRig(t)
	r.hook()
	ch, _ := r.start(r.config())
	id := r.x.Encrypted(resident, townID)
	m := of(t, r.Await(ch, 1), "x:chat:"+id)
	if m.Text != element.EncryptedNotice || !slices.Contains(m.Flags, contact.Encrypted) || m.Answer.Rules.Allowed || m.Answer.Rules.Reason != "answers_elsewhere" || m.Channel.Kind != "x_dm" {
		t.Errorf("reads as %+v", m)
	}
}

func TestXMakesSureOfUs(t *testing.T) {
	r := newRig(t)
	r.hook()
	r.open(r.config(), r.Deps()) // the challenge works before anything is received
	if err := r.x.Challenge(t.Context(), "Y2hhbGxlbmdlLTEyMw=="); err != nil {
		t.Error(err)
	}
	// Whoever could have JSON signed could forge a delivery.
	if err := r.x.Challenge(t.Context(), `{"for_user_id":"1","direct_message_events":[]}`); err == nil {
		t.Error("a delivery was signed for somebody who asked")
	}
}

func TestForgedDeliveriesAreRefusedAndAnOldSecretHoldsForAWhile(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	body := []byte(`{"for_user_id":"` + townID + `","direct_message_events":[{"type":"message_create","id":"77","created_timestamp":"1793740450000","message_create":{"target":{"recipient_id":"` + townID + `"},"sender_id":"5","message_data":{"text":"forged"}}}]}`)
	post := func(signature string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.Front+"/twitter", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		if signature != "" {
			request.Header.Set("X-Twitter-Webhooks-Signature", signature)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	r.Until("an open receiver", func() bool { return post("sha256=AAAA") == http.StatusUnauthorized })
	for name, signature := range map[string]string{"none": "", "of another secret": xtest.Sign("another", body), "of another body": xtest.Sign(consumerSecret, []byte("x")), "hexadecimal": "sha256=" + strings.Repeat("ab", 32)} {
		if status := post(signature); status != http.StatusUnauthorized {
			t.Errorf("signature %s: %d", name, status)
		}
	}
	if n := len(r.Inbox.Accepted()); n != 0 {
		t.Errorf("%d forged messages were taken", n)
	}
	r.Write("secret", "the-new-secret\n"+consumerSecret)
	for _, secret := range []string{consumerSecret, "the-new-secret"} {
		if status := post(xtest.Sign(secret, body)); status != http.StatusOK {
			t.Errorf("signed with %s during the change: %d", secret, status)
		}
	}
	r.Await(ch, 1)
}

func TestWhatXDeliversForOthersIsKept(t *testing.T) {
	r := newRig(t)
	r.hook()
	ch, _ := r.start(r.config())
	r.x.Raw([]byte(`{"for_user_id":"99","direct_message_events":[{"type":"message_create","id":"78","created_timestamp":"1793740450000","message_create":{"target":{"recipient_id":"99"},"sender_id":"5","message_data":{"text":"hello"}}}]}`))
	r.x.Raw([]byte(`what is this`))
	r.x.Raw([]byte(`{"for_user_id":"` + townID + `","smoke_signal_events":[{"puffs":3}]}`))
	r.Until("three originals", func() bool { return len(r.Inbox.Accepted()) == 3 })
	for _, original := range r.Inbox.Accepted() {
		m, err := ch.Read(t.Context(), original)
		if err != nil {
			t.Errorf("%s: %v", original.ID, err)
		}
		switch {
		case original.Account == "unconfigured-99" && m.Text == "hello" && slices.Contains(m.Flags, contact.NotAddressed):
		case original.Account == "town" && m.Unreadable != "":
		default:
			t.Errorf("%s of %s reads as %+v", original.ID, original.Account, m)
		}
	}
}

func TestOAuth2KeepsTheNewTokenBeforeItIsUsed(t *testing.T) {
	r := newRig(t)
	r.x.Change(townID, func(a *xtest.Account) { a.Refresh = "refresh-0"; a.Token = "" })
	r.Write("refresh", "refresh-0")
	c := r.config()
	c.Accounts[0].Auth, c.Accounts[0].TokenFile = authOAuth2, ""
	c.Accounts[0].OAuth = OAuth{ClientID: "app", RefreshTokenFile: r.File("refresh")}
	r.x.DM(resident, townID, "first")
	ch, stop := r.start(c)
	r.Await(ch, 1)
	r.Clock.Pass(3 * time.Hour) // the access token is old
	r.x.DM(resident, townID, "second")
	r.Await(ch, 2)
	stop() // the file holds the only token that X still takes
	r.x.DM(resident, townID, "third")
	ch, _ = r.start(c)
	r.Await(ch, 3)
	if n := refreshed(r); n != 3 {
		t.Errorf("asked for %d tokens, want 3", n)
	}
	// X ends a token before its time: another is got at once.
	r.x.Change(townID, func(a *xtest.Account) { clear(a.Access) })
	r.x.DM(resident, townID, "fourth")
	r.Await(ch, 4)
}

func refreshed(r *rig) (n int) {
	for _, call := range r.x.Calls() {
		if call.Path == "/2/oauth2/token" {
			n++
		}
	}
	return n
}

func TestADamagedMemoryOfPostsStopsNothing(t *testing.T) {
	r := newRig(t)
	r.Inbox.SetCursor(channels.Cursor{Name: "twitter/town/posts", Value: `[{"f":"../x"},{"f":"12","l":"z"},7`})
	r.Inbox.SetCursor(channels.Cursor{Name: "twitter/town/mentions", Value: "1/whatever"})
	r.x.Post(resident, xtest.Draft{Text: "@town hello"})
	ch, _ := r.start(r.config())
	r.Await(ch, 1)
}

func TestOriginalsKeepXsBytes(t *testing.T) {
	r := newRig(t)
	r.hook()
	raw := `{"type":"message_create","id":"79","created_timestamp":"1793740450000" , "message_create":{"target":{"recipient_id":"` + townID + `"},"sender_id":"5","message_data":{"text":"caf\u00e9 \/ é"}}}`
	ch, _ := r.start(r.config())
	r.x.Raw([]byte(`{"for_user_id":"` + townID + `","direct_message_events":[` + raw + `]}`))
	if m := r.Await(ch, 1)[0]; m.Text != "café / é" {
		t.Errorf("reads %q", m.Text)
	}
	if original := r.Inbox.Accepted()[0]; !strings.HasSuffix(string(original.Bytes), `"raw":`+raw+`}`) || !json.Valid(original.Bytes) {
		t.Errorf("kept %s", original.Bytes)
	}
}

func TestOffTakesNothingAndReadsWhatWasTaken(t *testing.T) {
	r := newRig(t)
	c := r.config()
	c.Mode = accounts.Off
	ch := r.open(c, r.Deps())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ch.Receive(ctx, &r.Inbox); err != nil || len(r.x.Calls()) > 0 || ch.Webhooks() != nil || ch.AccountNames() != nil {
		t.Errorf("off: %v, %d calls", err, len(r.x.Calls()))
	}
	e := element.Element{Owner: townID, Dialect: element.V2, Kind: element.Post, Via: element.Poll, Raw: []byte(`{"id":"100","text":"hello","author_id":"5"}`)}
	if m, err := ch.Read(t.Context(), channels.Original{Channel: Kind, Account: "town", ID: "x:post:100", Bytes: e.Original()}); err != nil || m.Text != "hello" {
		t.Errorf("read %+v, %v", m, err)
	}
}

// TestAMarkFromAClockThatWasAheadHidesNothing begins as a first start leaves it
// whose clock was days ahead.
func TestAMarkFromAClockThatWasAheadHidesNothing(t *testing.T) {
	r := newRig(t)
	ahead := markVersion + element.FirstOf(r.Clock.Now().Add(48*time.Hour))
	for _, list := range []string{"mentions", "messages"} {
		r.Inbox.SetCursor(channels.Cursor{Name: "twitter/town/" + list, Value: ahead})
	}
	post, dm := r.x.Post(resident, xtest.Draft{Text: "@town is anybody there?"}), r.x.DM(resident, townID, "hello?")
	ch := r.open(r.config(), r.Deps())
	for _, look := range []func(context.Context) error{ch.mentions(ch.accounts[0], &r.Inbox), ch.messages(ch.accounts[0], &r.Inbox)} {
		if err := look(t.Context()); err != nil {
			t.Error(err)
		}
	}
	taken := map[string]bool{}
	for _, m := range r.Read(ch) {
		taken[m.PlatformID] = true
	}
	if !taken["x:post:"+post] || !taken["x:dm:"+dm] {
		t.Errorf("taken %v", taken)
	}
}
