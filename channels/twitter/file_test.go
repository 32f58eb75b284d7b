package twitter

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"contactd/channels"
	"contactd/channels/twitter/xtest"
	"contactd/contact"
)

var (
	png = []byte("\x89PNG\r\n\x1a\n0000")
	mp4 = []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")
)

// fetched are the files that came, as they are kept, by what they came with.
func (r *rig) fetched(ch *Channel) map[string][]string {
	r.T.Helper()
	all := map[string][]string{}
	for _, m := range r.Read(ch) {
		if m.Revision == nil || m.Revision.Action != contact.Attached {
			continue
		}
		told := "not had"
		for _, file := range m.Attachments {
			content, err := r.Blobs.Open(file.SHA256)
			if err != nil {
				r.T.Fatal(err)
			}
			raw, _ := io.ReadAll(content)
			told = fmt.Sprintf("%s %s %q", file.Name, file.MediaType, raw)
		}
		if len(m.Attachments) == 0 && !slices.Contains(m.Flags, contact.ParseDegraded) {
			r.T.Errorf("a file that cannot be had is told as %+v", m)
		}
		all[m.Revision.Of] = append(all[m.Revision.Of], told)
	}
	for _, each := range all {
		slices.Sort(each)
	}
	return all
}

func contactOf(id string) string { return contact.MessageID(Kind, "town", id) }

func picture(name string) string { return fmt.Sprintf("%s image/png %q", name, png) }

// asked counts the calls for files.
func (r *rig) asked(path string) (n int) {
	for _, call := range r.x.Calls() {
		if strings.HasPrefix(call.Path, path) {
			n++
		}
	}
	return n
}

func TestPicturesAndFilmsAreFetchedHoweverTheyCome(t *testing.T) {
	for name, each := range map[string]struct {
		form    xtest.Form
		hooked  bool
		version string
	}{
		"account activity": {xtest.AccountActivity, true, version2},
		"activity API":     {xtest.ActivityAPI, true, version2},
		"polling":          {xtest.AccountActivity, false, version2},
		"polling v1":       {xtest.AccountActivity, false, version1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.x.Form(each.form)
			if each.hooked {
				r.hook()
			}
			c := r.config()
			c.Accounts[0].Transport = each.version
			ch, _ := r.start(c)
			first, second := r.x.Media("photo", "first.png", png), r.x.Media("photo", "second.png", png)
			film, private := r.x.Media("video", "film.mp4", mp4), r.x.Media("photo", "private.png", png)
			post := r.x.Post(resident, xtest.Draft{Text: "@town look", Media: []string{first, second, film}})
			dm := r.x.DMWith(resident, townID, "this is his car", private)
			r.Until("files", func() bool {
				return ch.accounts[0].todo.Len() == 0 && len(r.fetched(ch)) == 2 && len(r.fetched(ch)[contactOf("x:post:"+post)]) == 3
			})
			got := r.fetched(ch)
			want := []string{fmt.Sprintf("film.mp4 video/mp4 %q", mp4), picture("first.png"), picture("second.png")}
			if !slices.Equal(got[contactOf("x:post:"+post)], want) || !slices.Equal(got[contactOf("x:dm:"+dm)], []string{picture("private.png")}) {
				t.Errorf("fetched %q", got)
			}
			looks := r.asked("/2/dm_events") + r.asked("/1.1/direct_messages")
			r.Until("more looks", func() bool { return r.asked("/2/dm_events")+r.asked("/1.1/direct_messages") > looks+3 })
			if n := r.asked("/media/") + r.asked("/vid/") + r.asked("/1.1/ton/"); n != 4 {
				t.Errorf("asked %d times for 4 files", n)
			}
			for _, m := range r.Read(ch) {
				if m.Revision == nil && m.Text == "" {
					t.Errorf("what it came with was %+v", m)
				}
			}
		})
	}
}

func TestAFileJoinsTheConversationOfWhatItCameWith(t *testing.T) {
	r := newRig(t)
	r.hook()
	ch, _ := r.start(r.config())
	dm := r.x.DMWith(resident, townID, "", r.x.Media("photo", "private.png", png))
	r.Until("the file", func() bool { return len(r.fetched(ch)) == 1 })
	all := r.Read(ch)
	if len(all) != 2 || all[0].Conversation == "" || all[0].Conversation != all[1].Conversation || all[0].ID != contactOf("x:dm:"+dm) {
		t.Fatalf("%+v", all)
	}
	if all[1].Sender.Address != resident || all[1].Channel.Visibility != "private" || all[1].Text != "" {
		t.Errorf("the news is %+v", all[1])
	}
}

func TestFilesOfMessagesNeedTheAccountsAuthorisation(t *testing.T) {
	t.Run("OAuth 2.0 asks the API", func(t *testing.T) {
		r := newRig(t)
		r.hook()
		r.Write("refresh", "refresh-0")
		r.x.Change(townID, func(a *xtest.Account) { a.Refresh = "refresh-0" })
		c := r.config()
		c.Accounts[0].Auth = authOAuth2
		c.Accounts[0].OAuth = OAuth{ClientID: "client", RefreshTokenFile: r.File("refresh")}
		ch, _ := r.start(c)
		dm := r.x.DMWith(resident, townID, "look", r.x.Media("photo", "private.png", png))
		r.Until("the file", func() bool { return len(r.fetched(ch)) == 1 })
		if got := r.fetched(ch)[contactOf("x:dm:"+dm)]; !slices.Equal(got, []string{picture("private.png")}) || r.asked("/1.1/ton/") != 0 {
			t.Errorf("fetched %q, with %d calls of the older host", got, r.asked("/1.1/ton/"))
		}
	})
	t.Run("a token that is refused waits for a better one", func(t *testing.T) {
		r := newRig(t)
		r.hook()
		c := r.config()
		c.Accounts[0].TokenFile = r.File("changing")
		r.Write("changing", "town-token\n"+wrongSecret)
		ch, _ := r.start(c)
		dm := r.x.DMWith(resident, townID, "look", r.x.Media("photo", "private.png", png))
		r.Until("many tries", func() bool { return r.asked("/1.1/ton/") > 20 })
		if texts := r.Read(ch); len(texts) != 1 || texts[0].Text != "look" {
			t.Errorf("the text did not come at once: %+v", texts)
		}
		r.Write("changing", "town-token\n"+tokenSecret)
		r.Until("the file", func() bool { return len(r.fetched(ch)) == 1 })
		if got := r.fetched(ch)[contactOf("x:dm:"+dm)]; !slices.Equal(got, []string{picture("private.png")}) {
			t.Errorf("fetched %q", got)
		}
	})
}

func TestAFileThatCannotBeHadIsTold(t *testing.T) {
	r := newRig(t)
	r.hook()
	ch, _ := r.start(r.config())
	gone := r.x.Media("photo", "gone.png", png)
	r.x.Remove(gone)
	post := r.x.Post(resident, xtest.Draft{Text: "@town look", Media: []string{gone}})
	r.x.Raw(fmt.Appendf(nil, `{"for_user_id":%q,"direct_message_events":[{"type":"message_create","id":"2117727054853046272","message_create":{"sender_id":%q,"target":{"recipient_id":"1"},`+
		`"message_data":{"text":"and this","attachment":{"type":"media","media":{"id_str":"7","type":"photo","media_url_https":"http://127.0.0.1:1/secret"}}}}}]}`, townID, resident))
	r.Until("word of both", func() bool { return len(r.fetched(ch)) == 2 })
	got := r.fetched(ch)
	if !slices.Equal(got[contactOf("x:post:"+post)], []string{"not had"}) || !slices.Equal(got[contactOf("x:dm:2117727054853046272")], []string{"not had"}) {
		t.Errorf("told %q", got)
	}
	if n := r.asked("/media/gone.png"); n != 14 {
		t.Errorf("tried %d times", n)
	}
}

func TestWhatRemainsToBeFetchedSurvivesARestart(t *testing.T) {
	r := newRig(t)
	r.hook()
	r.x.Fail(xtest.Fault{Call: "GET late.png", Times: -1, Status: 503})
	ch, stop := r.start(r.config())
	post := r.x.Post(resident, xtest.Draft{Text: "@town look", Media: []string{r.x.Media("photo", "late.png", png)}})
	r.Until("a try", func() bool { return r.asked("/media/late.png") > 1 })
	stop()
	r.x.Mend()
	r.Inbox.SetCursor(channels.Cursor{Name: "twitter/town/mentions", Value: markVersion + r.x.Post(neighbour, xtest.Draft{Text: "later"})}) // so that no list shows it
	ch, _ = r.start(r.config())
	r.Until("the file", func() bool { return len(r.fetched(ch)) == 1 })
	if got := r.fetched(ch)[contactOf("x:post:"+post)]; !slices.Equal(got, []string{picture("late.png")}) {
		t.Errorf("fetched %q", got)
	}
}

func TestAPageInPlaceOfAPictureIsTriedAgainAndDoesNotPassForIt(t *testing.T) {
	const page = "<!DOCTYPE html><html>please sign in</html>"
	r := newRig(t)
	r.hook()
	r.x.Fail(xtest.Fault{Call: "GET later.png", Times: 5, Status: 200, Body: page})
	r.x.Fail(xtest.Fault{Call: "GET never.png", Times: -1, Status: 200, Body: page})
	ch, _ := r.start(r.config())
	later := r.x.Post(resident, xtest.Draft{Text: "@town look", Media: []string{r.x.Media("photo", "later.png", png)}})
	never := r.x.Post(resident, xtest.Draft{Text: "@town look", Media: []string{r.x.Media("photo", "never.png", png)}})
	r.Until("both", func() bool { return len(r.fetched(ch)) == 2 })
	if got := r.fetched(ch)[contactOf("x:post:"+later)]; !slices.Equal(got, []string{picture("later.png")}) {
		t.Errorf("fetched %q", got)
	}
	for _, m := range r.Read(ch) {
		if m.Revision == nil || m.Revision.Of != contactOf("x:post:"+never) {
			continue
		}
		if len(m.Attachments) != 1 || m.Attachments[0].MediaType != "text/html; charset=utf-8" || !slices.Contains(m.Flags, contact.ParseDegraded) {
			t.Errorf("a page is told as %+v", m)
		}
	}
}
