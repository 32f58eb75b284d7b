package facebook

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/graphsim"
	"contactd/contact"
)

const (
	instaID = "17841400000000001"
	phoneID = "106540000000001"
	number  = "447700900123"
)

// family is a page with its Instagram account and WhatsApp number.
func (r *rig) family() Config {
	r.meta.Account(instaID, "instagram", true)
	r.meta.Account(phoneID, "whatsapp_business_account", false)
	c := r.config()
	token := r.File("token")
	c.Accounts = append(c.Accounts,
		Account{Name: "insta", Kind: "instagram", ID: instaID, TokenFile: token},
		Account{Name: "phone", Kind: "whatsapp", ID: phoneID, TokenFile: token})
	return c
}

func TestInstagramAndWhatsAppComeByTheSameDoorAndAreAnswered(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.family())
	r.subscribed() // or its call would meet the fault that is meant for an answer
	r.meta.Write(instaID, "9001", "hello from Instagram")
	r.meta.Write(phoneID, number, "hello from WhatsApp")
	r.meta.Deliver(graphsim.Element{Account: instaID, List: "changes", Field: "comments", Value: []byte(
		`{"id":"1790","text":"a comment on Instagram","from":{"id":"9001","username":"jo.r"},"media":{"id":"500"}}`)})
	r.Until("all three", func() bool { return len(items(r.Read(ch))) == 3 })
	for _, m := range items(r.Read(ch)) {
		switch m.Text {
		case "hello from Instagram":
			if m.Channel.Kind != "instagram" || m.Channel.Account != "insta" {
				t.Errorf("channel %+v", m.Channel)
			}
			reply := answer(1, strings.Repeat("Füße. ", 300)) // over 1,000 bytes
			if _, err := r.send(ch, addressOf(m), reply); err != nil {
				t.Fatal(err)
			}
			if got := r.meta.Texts(instaID, "9001"); len(got) != 3 || !strings.HasPrefix(got[1], "(2/3) ") {
				t.Errorf("received %d parts", len(got))
			}
			if _, err := r.open(r.familyAgain(), r.Deps()).Find(t.Context(), addressOf(m), reply); err != nil {
				t.Errorf("after a restart: %v", err)
			}
		case "hello from WhatsApp":
			if m.Channel.Kind != "whatsapp" || m.Sender.Address != number || m.Channel.ReplyWindowEndsAt == nil {
				t.Errorf("message %+v", m)
			}
			r.Reach(ch.Webhooks()[0])
			reply := answer(2, "we are coming")
			r.meta.Fail(lostAnswer)
			if _, err := r.send(ch, addressOf(m), reply); err == nil || channels.IsNotSent(err) {
				t.Fatalf("its answer was lost: %v", err)
			}
			r.Until("its states", func() bool { return slices.Contains(r.Outcomes.Of(reply.ID), contact.Confirmed) })
			if _, err := ch.Find(t.Context(), addressOf(m), reply); err != nil {
				t.Errorf("find: %v", err)
			}
			if _, err := ch.Find(t.Context(), addressOf(m), answer(3, "x")); err == nil || errors.Is(err, channels.ErrNotFound) {
				t.Errorf("WhatsApp cannot tell what was not sent: %v", err)
			}
			blob, _ := r.Blobs.Store(t.Context(), strings.NewReader("\xff\xd8\xff\xe0 a picture"))
			picture := answer(4, "")
			picture.Attachments = []contact.Attachment{{Blob: blob, Name: "map.jpg"}}
			if _, err := r.send(ch, addressOf(m), picture); err != nil {
				t.Error(err)
			}
			r.Clock.Pass(25 * time.Hour)
			if _, err := r.send(ch, addressOf(m), answer(5, "late")); !channels.IsRefused(err) || !strings.Contains(err.Error(), "window_closed") {
				t.Errorf("a day later: %v", err)
			}
			r.Clock.Pass(-25 * time.Hour)
		}
	}
}

// familyAgain is the same configuration for a restart.
func (r *rig) familyAgain() Config {
	c := r.config()
	token := r.File("token")
	c.Accounts = append(c.Accounts, Account{Name: "insta", Kind: "instagram", ID: instaID, TokenFile: token})
	return c
}

func TestAFileThatWhatsAppRefusesIsNotTriedForEver(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.family(), r.Deps())
	r.meta.Write(phoneID, number, "is anybody there?")
	to := channels.Address{Account: "phone", Answer: address.Address{Kind: address.WhatsApp, To: number, At: time.Now().Unix()}.Encode()}
	blob, _ := r.Blobs.Store(t.Context(), strings.NewReader("a drawing"))
	reply := answer(1, "")
	reply.Attachments = []contact.Attachment{{Blob: blob, Name: "plan.dwg"}}
	r.meta.Fail(graphsim.Fault{Call: "POST media", Status: 400, Body: `{"error":{"code":100,"message":"Param file must be of another type"}}`})
	if _, err := r.send(ch, to, reply); !channels.IsRefused(err) {
		t.Errorf("of a type that it does not take: %v", err)
	}
	r.meta.Fail(graphsim.Fault{Call: "POST media", Status: 400, Body: `{"error":{"code":190}}`})
	if _, err := r.send(ch, to, reply); !channels.IsNotSent(err) || len(r.Health.Failures()) == 0 {
		t.Errorf("with a dead token: %v, told %v", err, r.Health.Failures())
	}
	r.meta.Fail(graphsim.Fault{Call: "POST media", After: true})
	if _, err := r.send(ch, to, reply); !channels.IsNotSent(err) {
		t.Errorf("without an answer: %v", err)
	}
}

func TestWhoWasWrittenToTooOftenWaitsAndNobodyElse(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.family(), r.Deps())
	to := func(person string) channels.Address {
		r.meta.Write(phoneID, person, "is anybody there?")
		return channels.Address{Account: "phone", Answer: address.Address{Kind: address.WhatsApp, To: person, At: time.Now().Unix()}.Encode()}
	}
	r.meta.Fail(graphsim.Fault{Call: "POST messages", Status: 400, Body: `{"error":{"code":131056,"message":"(Business Account, Consumer Account) pair rate limit hit"}}`})
	if _, err := r.send(ch, to(number), answer(1, "first")); !channels.IsNotSent(err) {
		t.Errorf("who was written to too often: %v", err)
	}
	if _, err := r.send(ch, to("447700900124"), answer(2, "second")); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if _, err := r.send(ch, to(number), answer(1, "first")); err != nil {
		t.Errorf("later: %v", err)
	}
}

// withWrongTokens is a configuration with tokens that Meta does not know.
func (r *rig) withWrongTokens(c Config) Config {
	c.Accounts = slices.Clone(c.Accounts)
	for i := range c.Accounts {
		c.Accounts[i].TokenFile = r.File("wrong")
	}
	return c
}

func TestWhatsAppKeepsThePromisesOfAReplier(t *testing.T) {
	channelstest.RunReplier(t, channelstest.ReplySetup{Secret: "planted-wrong-token", CannotTell: true, New: func(t *testing.T) channelstest.ReplyPlatform {
		r := newRig(t)
		c := r.family()
		r.meta.Write(phoneID, number, "is anybody there?")
		to := func(person string) channels.Address {
			return channels.Address{Account: "phone", Answer: address.Address{Kind: address.WhatsApp, To: person, At: time.Now().Unix()}.Encode()}
		}
		return channelstest.ReplyPlatform{
			Open:     func(deps channelstest.Deps) channels.Replier { return r.open(c, deps) },
			Refusing: func(deps channelstest.Deps) channels.Replier { return r.open(r.withWrongTokens(c), deps) },
			To:       to(number), Nobody: to("440000000000"), Received: func() []string { return r.meta.Texts(phoneID, number) },
			Silent: r.meta.Silent, Lose: func() { r.meta.Fail(lostAnswer) }, Away: r.away,
		}
	}})
}

func TestCheckSaysWhatWorksAndWhatToClick(t *testing.T) {
	r := newRig(t)
	c := r.family()
	tried := r.open(c, r.Deps()).Check(t.Context())
	if len(tried) != 3 || tried[0].Err != nil || !strings.Contains(tried[0].Detail, "not subscribed yet; contactd run does it") ||
		!strings.Contains(tried[0].Detail, "7 days (human_agent)") || !strings.Contains(tried[0].Detail, "token good") {
		t.Errorf("a good page: %+v", tried[0])
	}
	if tried[1].Err == nil || !strings.Contains(tried[1].Err.Error(), "instagram_manage_messages") || !strings.Contains(tried[1].Err.Error(), "App Review") {
		t.Errorf("a token without permissions: %v", tried[1].Err)
	}
	if r.meta.Subscribed(townPage) {
		t.Error("checking changed the subscription")
	}
	r.meta.Subscribe(townPage, fields()...)
	if tried = r.open(c, r.Deps()).Check(t.Context()); !strings.Contains(tried[0].Detail, ", subscribed,") {
		t.Errorf("subscribed: %+v", tried[0])
	}
	for name, change := range map[string]func(*Config){
		"System users → Generate":             func(*Config) {},
		"put it into token_file":              func(c *Config) { c.Accounts[0].TokenFile = r.File("wrong") },
		"page among the system user's assets": func(c *Config) { c.Accounts[0].ID = "999" },
		"version v22.0 ends on 2027-05-20":    func(c *Config) { c.Version = "v22.0" },
		"no such file":                        func(c *Config) { c.Accounts[0].TokenFile = r.File("gone") },
		"app_secret_file: read secret":        func(c *Config) { c.AppSecretFile = r.File("gone") },
		"verify_token_file: read secret":      func(c *Config) { c.VerifyTokenFile = r.File("gone") },
	} {
		c := r.familyAgain()
		change(&c)
		ch := r.open(c, r.Deps())
		if c.Version == "v22.0" {
			ch.now = func() time.Time { return time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC) }
		}
		told := ""
		for _, each := range ch.Check(t.Context()) {
			told += fmt.Sprintln(each.Err)
		}
		if !strings.Contains(told, name) || strings.Contains(told, "planted") {
			t.Errorf("want %q in:\n%s", name, told)
		}
	}
}

func TestAllProblemsOfTheConfigurationAreToldWithTheirKeys(t *testing.T) {
	c := Config{
		Mode: "loud", Path: "facebook", GraphURL: "http://graph.facebook.com", Version: "26", Poll: time.Second, Since: -1,
		Accounts: []Account{{Name: "a b", Kind: "group", ID: "town", Fields: []string{"Feed!"}}, {Name: "x", ID: "1", TokenFile: "t"}, {Name: "x", ID: "1", TokenFile: "t", PageID: "2"}},
	}
	err := fmt.Sprint(c.Validate())
	for _, want := range []string{
		"mode: ", "app_secret_file: ", "verify_token_file: ", "path: ", "graph_url: ", "version: ", "poll: ", "since: ",
		"accounts[0].name: ", "accounts[0].kind: ", "accounts[0].id: ", "accounts[0].token_file: ", "accounts[0].fields[0]: ", "accounts[2].name: ", "accounts[2].id: ", "accounts[2].page_id: ",
	} {
		if !strings.Contains("\n"+err, "\n"+want) {
			t.Errorf("%q is not told in:\n%s", want, err)
		}
	}
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("nothing configured: %v", err)
	}
}

func TestOnlyThePlatformsHostsAreAskedForFiles(t *testing.T) {
	ch, err := New(Config{}, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string]bool{
		"https://scontent.xx.fbcdn.net/v/1.jpg?oh=1": true, "https://lookaside.fbsbx.com/x": true, "https://scontent.cdninstagram.com/x": true,
		"http://scontent.xx.fbcdn.net/1.jpg": false, "https://fbcdn.net.evil.example/1": false, "https://evilfbcdn.net/1": false, "https://user@fbcdn.net/": false,
		"https://fbcdn.net:8443/": false, "https://169.254.169.254/latest": false, "file:///etc/passwd": false, "//fbcdn.net/x": false, "": false, "https://graph.facebook.com/x": false,
	} {
		if got := ch.fetcher().Allowed(link); got != want {
			t.Errorf("%s: %v", link, got)
		}
	}
}
