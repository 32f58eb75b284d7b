package twitter

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"contactd/channels/accounts"
	"contactd/channels/twitter/xtest"
)

func TestAllProblemsAreToldWithTheirKeys(t *testing.T) {
	c := Config{
		Mode: "loud", ConsumerKey: "a b", Path: "twitter/", APIURL: "http://api.example", WebhookURL: "https://x.example:8443/", Stream: "posts", PollMentions: time.Second, PollMessages: time.Second,
		Since: 1, Review: 1, Follow: 1, LookupAfter: 1, Accounts: []Account{
			{Name: "a b", UserID: "@town", Transport: "v3", Auth: "basic"},
			{Name: "x", UserID: "1", TokenFile: "t"},
			{Name: "x", UserID: "1"},
			{Name: "y", UserID: "2", Transport: "v1", Auth: "oauth2", OAuth: OAuth{TokenURL: "ftp://x"}},
		},
	}
	err := fmt.Sprint(c.Validate())
	for _, want := range []string{
		"mode: ", "consumer_key: ", "consumer_secret_file: ", "path: ", "api_url: ", "webhook_url: want ", "webhook_url: needs ", "stream: needs ", "poll_mentions: ", "poll_messages: ", "since: ", "review: ", "follow: ", "lookup_after: ",
		"accounts[0].name: ", "accounts[0].user_id: ", "accounts[0].transport: ", "accounts[0].auth: ",
		"accounts[2].name: \"x\" is used twice", "accounts[2].user_id: \"1\" is used twice", "accounts[2].token_file: ",
		"accounts[3].auth: version 1.1", "accounts[3].oauth.client_id: ", "accounts[3].oauth.refresh_token_file: ", "accounts[3].oauth.token_url: ",
	} {
		if !strings.Contains("\n"+err, "\n"+want) {
			t.Errorf("%q is not told in:\n%s", want, err)
		}
	}
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("nothing configured: %v", err)
	}
}

func TestCheckSaysWhatWorksAndWhatToClick(t *testing.T) {
	r := newRig(t)
	check := func(change func(*Config)) (detail, wrong string) {
		c := r.config()
		change(&c)
		tried := r.open(c, r.Deps()).Check(t.Context())
		if tried[0].Err != nil {
			wrong = tried[0].Err.Error()
		}
		return tried[0].Detail, wrong
	}
	for name, each := range map[string]struct {
		change       func(*Config)
		before       func()
		detail, told string
	}{
		"a good account": {change: func(*Config) {}, detail: "@town, API 2, mentions can be read, messages can be read, webhook and usage not watched (no bearer_token_file), answers in public only who named"},
		"a contract":     {change: func(c *Config) { c.Accounts[0].Enterprise = true }, detail: "answers everybody"},
		"no secret":      {change: func(c *Config) { c.ConsumerSecretFile = r.File("gone") }, told: "consumer_secret_file: read secret"},
		"a wrong token":  {change: func(c *Config) { c.Accounts[0].TokenFile = r.File("wrong") }, told: "Keys and tokens"},
		"another user":   {change: func(c *Config) { c.Accounts[0].UserID = "77" }, detail: "@town", told: "the token is of user " + townID},
		"off":            {change: func(c *Config) { c.Mode = accounts.Off }, detail: "switched off"},
		"only the older": {change: func(c *Config) { c.Accounts[0].Transport = versionAuto }, before: func() { r.x.Plan(true, false) }, detail: "API 1.1"},
		"neither":        {change: func(c *Config) { c.Accounts[0].Transport = versionAuto }, before: func() { r.x.Plan(false, false) }, told: "plan"},
		"capped":         {change: func(*Config) {}, before: func() { r.x.Change(townID, func(a *xtest.Account) { a.Capped = true }) }, told: "Billing"},
	} {
		r.x.Plan(true, true)
		r.x.Change(townID, func(a *xtest.Account) { a.Capped = false })
		if each.before != nil {
			each.before()
		}
		detail, told := check(each.change)
		if !strings.Contains(detail, each.detail) || !strings.Contains(told, each.told) || each.told == "" && told != "" {
			t.Errorf("%s: %q, %q", name, detail, told)
		}
		if strings.Contains(detail+told, wrongSecret) || strings.Contains(detail+told, tokenSecret) {
			t.Errorf("%s tells a secret", name)
		}
	}
}
