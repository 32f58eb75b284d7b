package facebook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/graphsim"
	"contactd/contact"
)

// items are the contacts among messages, without revisions.
func items(messages []contact.Message) []contact.Message {
	return slices.DeleteFunc(slices.Clone(messages), func(m contact.Message) bool { return m.Revision != nil })
}

func revisions(messages []contact.Message) []contact.Message {
	return slices.DeleteFunc(slices.Clone(messages), func(m contact.Message) bool { return m.Revision == nil })
}

func texts(messages []contact.Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Text)
	}
	slices.Sort(all)
	return all
}

// settle waits until nothing is delivered any more and the channel has looked
// through everything once more.
func (r *rig) settle(ch *Channel) {
	r.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := r.meta.Settle(ctx); err != nil {
		r.T.Fatalf("deliveries do not end: %v", err)
	}
	r.look(ch)
	r.Until("end of what is to be done", func() bool { return ch.accounts[0].todo.Len()+ch.accounts[0].files.Len() == 0 })
}

// look looks through everything now.
func (r *rig) look(ch *Channel) {
	r.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, a := range ch.accounts {
		if err := ch.look(ctx, a, &r.Inbox); err != nil {
			r.T.Fatal(err)
		}
	}
}

func TestMetaMakesSureThatTheAddressIsOurs(t *testing.T) {
	r := newRig(t)
	deps, log := r.Deps(), &bytes.Buffer{}
	deps.Log = slog.New(slog.NewTextHandler(log, nil))
	r.open(r.config(), deps)
	if err := r.meta.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	for _, query := range []string{"", "?hub.mode=subscribe&hub.challenge=1", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x", "?hub.mode=x&hub.challenge=1&hub.verify_token=" + verifyToken} {
		response, err := http.Get(r.Front + "/facebook" + query)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", query, response.StatusCode)
		}
	}
	if n := strings.Count(log.String(), "verify token"); n != 1 { // or strangers could fill the disk
		t.Errorf("told %d times", n)
	}
}

func TestWhatComesBySeveralWaysIsOneContactAndOurOwnIsNone(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	news := r.meta.Post(townPage, townPage, "our own news")
	r.meta.Post(townPage, resident, "a visitor's post")
	comment := r.meta.Comment(townPage, resident, news, "", "a comment")
	r.meta.Comment(townPage, "777", news, comment, "a reply to it")
	r.meta.Comment(townPage, townPage, news, comment, "our own reply")
	r.meta.Write(townPage, resident, "a private message")
	r.meta.Review(townPage, resident, "a review")
	r.meta.Mention(townPage, resident, "a mention with words", true, true)
	r.meta.Mention(townPage, resident, "a mention that can be fetched", false, true)
	// The comment that mentions us comes by feed and by mention.
	r.meta.Deliver(graphsim.Element{Account: townPage, List: "changes", Field: "mention", Value: fmt.Appendf(nil,
		`{"item":"comment","verb":"add","comment_id":%q,"post_id":%q}`, comment, news)})
	r.settle(ch)
	r.settle(ch) // and once more
	got := items(r.Read(ch))
	want := []string{"a comment", "a mention that can be fetched", "a mention with words", "a private message", "a reply to it", "a review", "a visitor's post"}
	if !slices.Equal(texts(got), want) {
		t.Errorf("taken: %q\nwant   %q", texts(got), want)
	}
	threads := map[string]string{}
	for _, m := range got {
		threads[m.Text] = m.Conversation
	}
	if threads["a comment"] != threads["a reply to it"] || threads["a comment"] == threads["a visitor's post"] {
		t.Errorf("conversations: %v", threads)
	}
}

func TestAMentionThatNobodyMayReadReachesAPersonAllTheSame(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	id := r.meta.Mention(townPage, resident, "hidden from us", false, false)
	r.settle(ch)
	got := items(r.Read(ch))
	if len(got) != 1 || got[0].PlatformID != "fb:"+townPage+":post:"+id || got[0].Text != "" || !strings.Contains(got[0].Channel.ThreadURL, id) {
		t.Fatalf("got %+v", got)
	}
	if of := revisions(r.Read(ch)); len(of) != 1 || of[0].Revision.Of != got[0].ID {
		t.Errorf("revisions %+v", of)
	}
}

func TestWhatMetaDidNotDeliverIsFound(t *testing.T) {
	r := newRig(t)
	r.meta.Weather(graphsim.Weather{Drop: 1})
	r.meta.Subscribe(townPage, fields()...)
	want := []string{}
	say := func(text string) string { want = append(want, text); return text }
	post := r.meta.Post(townPage, townPage, "news")
	for i := range 40 {
		r.meta.Write(townPage, fmt.Sprint(100+i%7), say(fmt.Sprintf("message %02d", i)))
		r.meta.Comment(townPage, fmt.Sprint(100+i), post, "", say(fmt.Sprintf("comment %02d", i)))
		r.meta.Post(townPage, fmt.Sprint(100+i), say(fmt.Sprintf("post %02d", i)))
		r.meta.Review(townPage, fmt.Sprint(100+i), say(fmt.Sprintf("review %02d", i)))
	}
	r.meta.Mention(townPage, "5", say("a mention"), true, true)
	// Pages of seven; something new comes between any two, and once the
	// cursors end on the way.
	late := 0
	r.meta.Pages(7, func() {
		switch late++; {
		case late <= 5:
			r.meta.Write(townPage, "900", say(fmt.Sprintf("late message %d", late)))
			r.meta.Post(townPage, "901", say(fmt.Sprintf("late post %d", late)))
			r.meta.Comment(townPage, "902", post, "", say(fmt.Sprintf("late comment %d", late)))
		case late == 9:
			r.meta.ExpireCursors()
		}
	})
	ch, stop := r.start(r.config())
	r.Until("all", func() bool { return len(r.Inbox.Accepted()) >= 150 })
	r.meta.Pages(25, nil)
	stop()
	ch, _ = r.start(r.config()) // a restart goes on from its marks
	r.Until("the rest", func() bool { r.look(ch); return len(items(r.Read(ch))) >= len(want) })
	slices.Sort(want)
	if got := texts(items(r.Read(ch))); !slices.Equal(got, want) {
		t.Errorf("taken %d, want %d:\n%q", len(got), len(want), got)
	}
}

func TestNothingIsLostAndNothingComesTwiceInAnyWeather(t *testing.T) {
	for name, sky := range map[string]graphsim.Weather{
		"duplicated": {Duplicate: 0.5}, "shuffled": {Reorder: 0.9}, "dropped": {Drop: 0.3}, "batched": {Batch: 100},
		"calls fail": {Drop: 0.3, Calls: 0.4}, "all at once": {Duplicate: 0.3, Reorder: 0.5, Drop: 0.2, Batch: 10, Calls: 0.2},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			r := newRig(t)
			r.meta.Weather(sky)
			calls := 0
			r.Inbox.Refuse(func([]channels.Original) error {
				if calls++; calls%3 == 0 {
					return errors.New("the disk is slow")
				}
				return nil
			})
			ch, stop := r.start(r.config())
			r.subscribed()
			post := r.meta.Post(townPage, townPage, "news")
			want := []string{}
			for i := range 300 {
				text := fmt.Sprintf("item %03d", i)
				want = append(want, text)
				switch i % 4 {
				case 0:
					r.meta.Write(townPage, fmt.Sprint(i%10), text)
				case 1:
					r.meta.Comment(townPage, fmt.Sprint(i), post, "", text)
				case 2:
					r.meta.Post(townPage, fmt.Sprint(i), text)
				default:
					r.meta.Review(townPage, fmt.Sprint(i), text)
				}
				if i == 150 {
					stop()
					ch, _ = r.start(r.config())
				}
			}
			r.Inbox.Refuse(nil)
			r.meta.Weather(graphsim.Weather{Duplicate: sky.Duplicate, Reorder: sky.Reorder, Batch: sky.Batch})
			r.settle(ch)
			if got := texts(items(r.Read(ch))); !slices.Equal(got, want) {
				t.Errorf("%d of %d taken", len(got), len(want))
			}
		})
	}
}

func TestASubscriptionThatMetaEndedIsRenewedAndTheGapClosed(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	r.Inbox.Refuse(func(o []channels.Original) error {
		if len(o) > 0 {
			return errors.New("the disk is full")
		}
		return nil
	})
	r.meta.Write(townPage, resident, "while the disk is full")
	r.Until("failures", func() bool { return r.meta.Failed() > 2 })
	r.Clock.Pass(61 * time.Minute)
	r.Until("the end of the subscription", func() bool { return !r.meta.Subscribed(townPage) })
	r.meta.Write(townPage, resident, "while nobody is subscribed")
	r.Inbox.Refuse(nil)
	ch.accounts[0].ask() // the time for it has come
	r.Until("a new subscription", func() bool { return r.meta.Subscribed(townPage) })
	got := texts(items(r.Await(ch, 2)))
	if !slices.Equal(got, []string{"while nobody is subscribed", "while the disk is full"}) {
		t.Errorf("taken %q", got)
	}
	told := fmt.Sprint(r.Health.Failures())
	if !strings.Contains(told, "subscription: it had been ended by Meta") {
		t.Errorf("told %s", told)
	}
	r.Clock.Pass(11 * time.Minute)
	ch.accounts[0].ask()
	r.recovers(20 * time.Second)
}

func TestWhatAnotherAppIsSubscribedToIsNotDeliveredToUs(t *testing.T) {
	r := newRig(t)
	others, _ := json.Marshal(map[string]any{"data": []map[string]any{{"id": "999", "name": "a bot", "subscribed_fields": fields()}}})
	r.meta.Fail(graphsim.Fault{Call: "GET subscribed_apps", Times: -1, Status: 200, Body: string(others)})
	r.start(r.config())
	r.subscribed()
}

func TestThePageIsSubscribedThoughMetaTellsNothingOfTheToken(t *testing.T) {
	r := newRig(t)
	r.meta.Fail(graphsim.Fault{Call: "GET debug_token", Times: -1, Status: 400, Body: `{"error":{"code":100}}`})
	r.start(r.config())
	r.subscribed()
}

func TestChangesNameWhatTheyChangeInAnyOrder(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	post := r.meta.Post(townPage, townPage, "news")
	r.meta.Weather(graphsim.Weather{Drop: 1}) // the first news are lost
	comment := r.meta.Comment(townPage, resident, post, "", "they are at the dor")
	mid := r.meta.Write(townPage, resident, "come quick")
	r.meta.Weather(graphsim.Weather{})
	r.meta.Change(comment, "edited", "they are at the door with knives")
	r.meta.Change(comment, "hide", "")
	r.meta.Change(comment, "unhide", "")
	r.meta.Edit(townPage, resident, mid, "come quick please", 1)
	r.meta.Unsend(townPage, resident, mid)
	r.meta.Change(comment, "remove", "")
	r.settle(ch)
	all := r.Read(ch)
	actions := map[string][]string{}
	for _, m := range revisions(all) {
		actions[m.Revision.Of] = append(actions[m.Revision.Of], string(m.Revision.Action)+" "+m.Text)
	}
	commentID := contact.MessageID(Kind, "town", "fb:"+townPage+":comment:"+comment)
	messageID := contact.MessageID(Kind, "town", "fb:"+townPage+":msg:"+mid)
	for _, want := range []string{"edited they are at the door with knives", "hidden ", "shown ", "withdrawn "} {
		if !slices.Contains(actions[commentID], want) {
			t.Errorf("the comment's changes are %q, without %q", actions[commentID], want)
		}
	}
	for _, want := range []string{"edited come quick please", "withdrawn "} {
		if !slices.Contains(actions[messageID], want) {
			t.Errorf("the message's changes are %q, without %q", actions[messageID], want)
		}
	}
	// The message that was never delivered is found by polling.
	found := false
	for _, m := range items(all) {
		found = found || m.ID == messageID
	}
	if !found {
		t.Errorf("items %q", texts(items(all)))
	}
	conversations := map[string]bool{}
	for _, m := range all {
		if m.Revision != nil && m.Revision.Of == commentID {
			conversations[m.Conversation] = true
		}
	}
	if len(conversations) != 1 {
		t.Errorf("the changes of one comment are in %d conversations", len(conversations))
	}
}

func TestAnEditThatComesBeforeItsCommentBringsTheCommentAlong(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	post := r.meta.Post(townPage, townPage, "news")
	ch, _ := r.start(r.config())
	r.meta.Weather(graphsim.Weather{Drop: 1})
	comment := r.meta.Comment(townPage, resident, post, "", "first words")
	r.meta.Weather(graphsim.Weather{})
	r.meta.Change(comment, "edited", "second words")
	r.Until("the comment itself", func() bool { return len(items(r.Read(ch))) == 1 })
	if got := items(r.Read(ch))[0]; got.Text != "second words" || got.PlatformID != "fb:"+townPage+":comment:"+comment {
		t.Errorf("got %+v", got)
	}
}

func TestWhatADeliveryTellsWholeIsToldOnce(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	post := r.meta.Post(townPage, townPage, "news")
	comment := r.meta.Comment(townPage, resident, post, "", "first words")
	for i, each := range []struct{ verb, words string }{{"edited", "second words"}, {"hide", ""}, {"unhide", ""}} {
		r.meta.Change(comment, each.verb, each.words)
		r.Until("the change", func() bool { return len(r.Inbox.Accepted()) >= i+2 })
		r.settle(ch)
	}
	var got []string
	for _, m := range revisions(r.Read(ch)) {
		got = append(got, string(m.Revision.Action)+" "+m.Text)
	}
	if want := []string{"edited second words", "hidden ", "shown "}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	// What was changed once more since is told by what Graph says.
	r.meta.Fail(graphsim.Fault{Call: "GET " + comment, Times: 5, Status: 500, Body: unknownError})
	r.meta.Weather(graphsim.Weather{})
	r.meta.Change(comment, "edited", "third words")
	r.meta.Weather(graphsim.Weather{Drop: 1})
	r.meta.Change(comment, "edited", "fourth words")
	r.Until("the fourth words", func() bool { return slices.Contains(texts(revisions(r.Read(ch))), "fourth words") })
}

func TestFilesAreFetchedWhileTheirAddressesHold(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	png := []byte("\x89PNG\r\n\x1a\n0000")
	good := r.meta.WriteWith(townPage, resident, "", r.meta.File("good.png", png))
	gone := r.meta.WriteWith(townPage, resident, "look", r.meta.URL()+"/files/gone.png")
	foreign := r.meta.WriteWith(townPage, resident, "and this", "http://127.0.0.1:1/secret")
	r.Until("files", func() bool { return len(revisions(r.Read(ch))) == 3 })
	for _, m := range revisions(r.Read(ch)) {
		if m.Revision.Action != contact.Attached {
			t.Errorf("action %s", m.Revision.Action)
		}
		switch m.Revision.Of {
		case contact.MessageID(Kind, "town", "fb:"+townPage+":msg:"+good):
			if len(m.Attachments) != 1 || m.Attachments[0].MediaType != "image/png" || m.Attachments[0].Name != "good.png" {
				t.Errorf("attachments %+v", m.Attachments)
			}
		case contact.MessageID(Kind, "town", "fb:"+townPage+":msg:"+gone), contact.MessageID(Kind, "town", "fb:"+townPage+":msg:"+foreign):
			if len(m.Attachments) != 0 || !slices.Contains(m.Flags, contact.ParseDegraded) {
				t.Errorf("a file that cannot be had is told as %+v", m)
			}
		default:
			t.Errorf("of %s", m.Revision.Of)
		}
	}
	for _, m := range items(r.Read(ch)) {
		if m.Conversation != revisions(r.Read(ch))[0].Conversation {
			t.Error("the file is in another conversation than its message")
		}
	}
}

func TestWhatRemainsToBeDoneSurvivesARestart(t *testing.T) {
	r := newRig(t)
	r.meta.Subscribe(townPage, fields()...)
	r.meta.Fail(graphsim.Fault{Call: "GET good.png", Times: -1, Status: 500})
	ch, stop := r.start(r.config())
	id := r.meta.Mention(townPage, resident, "words to be fetched", false, true)
	r.meta.Fail(graphsim.Fault{Call: "GET " + id, Times: -1, Status: 500, Body: `{"error":{"code":2,"is_transient":true}}`})
	r.meta.Fail(graphsim.Fault{Call: "GET tagged", Times: -1, Status: 500})
	r.Await(ch, 1)
	stop()
	r.meta.Mend()
	ch, _ = r.start(r.config())
	r.Until("the words", func() bool { return slices.Contains(texts(items(r.Read(ch))), "words to be fetched") })
}

func TestADeliveryThatIsNoneIsKeptWhole(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	for _, body := range []string{`{"object":"page","entry":`, `[]`, `{"object":"page","entry":[{"id":"` + townPage + `","messaging":[7]}]}`, `{"object":"zebra","entry":[{"id":"1","changes":[{"field":"stripes","value":{}}]}]}`, `{"object":"page","entry":[{"id":"4711","time":1,"messaging":[{"sender":{"id":"5"},"message":{"mid":"m_1","text":"to a page that is not ours"}}]}]}`} {
		if status := r.post([]byte(body)); status != http.StatusOK {
			t.Errorf("%s: %d", body, status)
		}
	}
	for _, original := range r.Inbox.Accepted() {
		m, err := ch.Read(t.Context(), original)
		if original.Account == "unconfigured-4711" {
			if err != nil || m.Text == "" || !slices.Contains(m.Flags, contact.NotAddressed) {
				t.Errorf("to a page that is not configured: %+v, %v", m, err)
			}
			continue
		}
		if err == nil && m.Unreadable == "" {
			t.Errorf("%s was read as %+v", original.ID, m)
		}
	}
	if n := len(r.Inbox.Accepted()); n != 5 {
		t.Errorf("%d were kept", n)
	}
}

// post delivers a body, signed.
func (r *rig) post(body []byte) int {
	r.T.Helper()
	status := 0
	r.Until("an open channel", func() bool {
		request, err := http.NewRequest(http.MethodPost, r.Front+"/facebook", strings.NewReader(string(body)))
		if err != nil {
			r.T.Fatal(err)
		}
		request.Header.Set("X-Hub-Signature-256", graphsim.Sign(appSecret, body))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			r.T.Fatal(err)
		}
		response.Body.Close()
		status = response.StatusCode
		return status != http.StatusServiceUnavailable
	})
	return status
}

func TestTheSimulatorRemembersOverARestart(t *testing.T) {
	r := newRig(t)
	post := r.meta.Post(townPage, townPage, "news")
	comment := r.meta.Comment(townPage, resident, post, "", "before the restart")
	r.meta.Write(townPage, resident, "hello")
	file := filepath.Join(t.TempDir(), "meta.json")
	if err := r.meta.Save(file); err != nil {
		t.Fatal(err)
	}
	again, err := graphsim.Start(graphsim.Options{AppSecret: appSecret, Token: accessToken})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Load(file); err != nil {
		t.Fatal(err)
	}
	if o, there := again.Find(comment); !there || o.Text != "before the restart" || len(again.Messages(townPage, resident)) != 1 {
		t.Errorf("remembered %+v", o)
	}
}
