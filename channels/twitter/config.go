package twitter

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"contactd/channels/accounts"
	"contactd/channels/twitter/address"
	"contactd/channels/twitter/element"
	"contactd/channels/webhook"
)

// Config says which accounts on X are listened to. All belong to one
// application at X. The zero value listens to none.
type Config struct {
	// Mode is "on" (default), "answer_only" or "off". With answer_only what
	// people write is taken and handlers answer, but contactd writes nothing
	// of its own accord and hides nothing. With off nothing is taken or sent,
	// and what was taken before can still be read.
	Mode string `yaml:"mode"`
	// ConsumerKey names the application (X calls it API key too).
	// ConsumerSecretFile holds its secret, which signs calls and deliveries;
	// during a change both, one a line, the new one first. Required.
	ConsumerKey        string `yaml:"consumer_key"`
	ConsumerSecretFile string `yaml:"consumer_secret_file"`
	// BearerTokenFile holds the application's own token, for what X gives to
	// applications alone: the webhook's state, the stream and the usage.
	// Default none.
	BearerTokenFile string `yaml:"bearer_token_file"`
	// Path is where X delivers, below the public listener. Default "/twitter".
	Path string `yaml:"path"`
	// WebhookURL is how X reaches Path from outside, https without a port. With
	// it and the bearer token contactd makes the webhook and the subscriptions
	// at X and looks every 10 minutes whether they stand. Default none: they are
	// yours to make.
	WebhookURL string `yaml:"webhook_url"`
	// Stream is what X sends over a connection that stays open, besides: "none"
	// (default), "posts" for all that name the accounts, replies to replies
	// included, or "activity" for the events of the activity API. Needs the
	// bearer token, and a plan with streams.
	Stream string `yaml:"stream"`
	// APIURL is the API's address. Default "https://api.x.com".
	APIURL string `yaml:"api_url"`
	// PollMentions and PollMessages are the pauses between two looks at the
	// mentions and at the direct messages. Default 60s and 120s: X allows 300
	// and 15 calls in 15 minutes.
	PollMentions time.Duration `yaml:"poll_mentions"`
	PollMessages time.Duration `yaml:"poll_messages"`
	// Since is how far the first look goes back. Default 24h.
	Since time.Duration `yaml:"since"`
	// Review is the pause between two looks at whether posts still stand, and
	// Follow for how long after it was written a post is looked at. X tells of
	// no deletion. Default 24h and 168h; review -1s for never.
	Review time.Duration `yaml:"review"`
	Follow time.Duration `yaml:"follow"`
	// LookupAfter is how long after an attempt an answer that X does not show
	// was certainly not taken. Default 1m, because X may show late what it took.
	LookupAfter time.Duration `yaml:"lookup_after"`
	// MediaHosts are the hosts from which files are fetched, subdomains
	// included. Default X's.
	MediaHosts []string `yaml:"media_hosts"`
	// Accounts are listened to at the same time and independently.
	Accounts []Account `yaml:"accounts"`
}

// Account is one account on X.
type Account struct {
	// Name identifies the account for good: it is part of every message's
	// identity. Letters, digits, ".", "_" and "-". Required.
	Name string `yaml:"name"`
	// UserID is X's number of the account, not its handle. Required.
	UserID string `yaml:"user_id"`
	// Transport is the version of the API: "v2" (default), "v1" (1.1, for
	// contracts that still include it), or "auto" for the one that works.
	Transport string `yaml:"transport"`
	// Auth is "oauth1" (default), whose tokens do not expire, or "oauth2".
	Auth string `yaml:"auth"`
	// TokenFile holds the account's access token and its secret, one a line,
	// read at every call. Required for oauth1.
	TokenFile string `yaml:"token_file"`
	// OAuth is needed for oauth2.
	OAuth OAuth `yaml:"oauth"`
	// Enterprise says that the contract lets the account answer people who
	// neither named nor quoted it. Default false.
	Enterprise bool `yaml:"enterprise"`
	// LongPosts says that the account may post more than 280 characters.
	// Default false.
	LongPosts bool `yaml:"long_posts"`
}

// OAuth is how tokens of OAuth 2.0 are renewed.
type OAuth struct {
	// ClientID names the application. ClientSecretFile holds its secret;
	// none for a public one.
	ClientID         string `yaml:"client_id"`
	ClientSecretFile string `yaml:"client_secret_file"`
	// RefreshTokenFile holds the refresh token. X changes it with every use,
	// so its folder must be writable.
	RefreshTokenFile string `yaml:"refresh_token_file"`
	// TokenURL is where tokens come from. Default the API's own.
	TokenURL string `yaml:"token_url"`
}

// The words of the configuration.
const (
	streamNone     = "none"
	streamPosts    = "posts"
	streamActivity = "activity"

	version1    = "v1"
	version2    = "v2"
	versionAuto = "auto"

	authOAuth1 = "oauth1"
	authOAuth2 = "oauth2"
)

// mediaHosts are X's hosts of files; that of direct messages may have come to
// x.com too [recall].
func mediaHosts() []string { return []string{"twimg.com", "ton.twitter.com", "ton.x.com"} }

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	set(&c.Mode, accounts.On)
	set(&c.Path, "/twitter")
	set(&c.Stream, streamNone)
	set(&c.APIURL, "https://api.x.com")
	c.APIURL = strings.TrimSuffix(c.APIURL, "/")
	for _, each := range []struct {
		value *time.Duration
		to    time.Duration
	}{{&c.PollMentions, time.Minute}, {&c.PollMessages, 2 * time.Minute}, {&c.Since, 24 * time.Hour}, {&c.Review, 24 * time.Hour}, {&c.Follow, 7 * 24 * time.Hour}, {&c.LookupAfter, time.Minute}} {
		if *each.value == 0 {
			*each.value = each.to
		}
	}
	if len(c.MediaHosts) == 0 {
		c.MediaHosts = mediaHosts()
	}
	accounts := make([]Account, len(c.Accounts))
	for i, account := range c.Accounts {
		set(&account.Transport, version2)
		set(&account.Auth, authOAuth1)
		if account.Auth == authOAuth2 {
			set(&account.OAuth.TokenURL, c.APIURL+"/2/oauth2/token")
		}
		accounts[i] = account
	}
	c.Accounts = accounts
	return c
}

// WebhookPath is where X delivers, empty when nothing is taken.
func (c Config) WebhookPath() string {
	if len(c.Accounts) == 0 || c.Mode == accounts.Off {
		return ""
	}
	return c.WithDefaults().Path
}

func set(value *string, to string) {
	if *value == "" {
		*value = to
	}
}

// rights are what the account may do.
func (a Account) rights() address.Rights {
	return address.Rights{Enterprise: a.Enterprise, Long: a.LongPosts}
}

var consumerKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// Validate returns all that is wrong with c, each with its key.
func (c Config) Validate() error {
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	c = c.WithDefaults()
	if err := accounts.CheckMode(c.Mode); err != nil {
		wrong = append(wrong, err)
	}
	if len(c.Accounts) > 0 && !consumerKey.MatchString(c.ConsumerKey) {
		problem("consumer_key: want the application's key")
	}
	if len(c.Accounts) > 0 && c.ConsumerSecretFile == "" {
		problem("consumer_secret_file: missing")
	}
	if err := webhook.CheckPath(c.Path); err != nil {
		wrong = append(wrong, err)
	}
	if !accounts.IsService(c.APIURL) {
		problem("api_url: want https://host; http only to this machine")
	}
	if c.WebhookURL != "" && !isWebhook(c.WebhookURL, c.APIURL) {
		problem("webhook_url: want https://host/path without a port")
	}
	if c.WebhookURL != "" && c.BearerTokenFile == "" {
		problem("webhook_url: needs bearer_token_file")
	}
	if !slices.Contains([]string{streamNone, streamPosts, streamActivity}, c.Stream) {
		problem("stream: want none, posts or activity")
	} else if c.Stream != streamNone && c.BearerTokenFile == "" {
		problem("stream: needs bearer_token_file")
	}
	between := func(key string, value, least, most time.Duration) {
		if value < least || value > most {
			problem("%s: want %s to %s", key, least, most)
		}
	}
	// Below the least X's own windows would run out before their end.
	between("poll_mentions", c.PollMentions, 5*time.Second, 24*time.Hour)
	between("poll_messages", c.PollMessages, time.Minute, 24*time.Hour)
	between("since", c.Since, time.Minute, 30*24*time.Hour)
	if c.Review > 0 {
		between("review", c.Review, 10*time.Minute, 30*24*time.Hour)
	}
	between("lookup_after", c.LookupAfter, time.Second, 24*time.Hour)
	between("follow", c.Follow, time.Hour, 90*24*time.Hour)
	var names, ids []string
	for i, account := range c.Accounts {
		names, ids = append(names, account.Name), append(ids, account.UserID)
		wrong = append(wrong, account.validate(fmt.Sprintf("accounts[%d]", i))...)
	}
	wrong = append(wrong, accounts.Doubles(names, ids, "user_id")...)
	return errors.Join(wrong...)
}

func (a Account) validate(key string) (wrong []error) {
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(key+"."+format, args...)) }
	if err := accounts.CheckName(a.Name); err != nil {
		problem("name: %w", err)
	}
	if !element.Digits(a.UserID) {
		problem("user_id: want X's number of the account, not its handle")
	}
	if !slices.Contains([]string{version1, version2, versionAuto}, a.Transport) {
		problem("transport: want v2, v1 or auto")
	}
	switch a.Auth {
	case authOAuth1:
		if a.TokenFile == "" {
			problem("token_file: missing")
		}
	case authOAuth2:
		if a.Transport == version1 {
			problem("auth: version 1.1 takes oauth1 alone")
		}
		if a.OAuth.ClientID == "" {
			problem("oauth.client_id: missing")
		}
		if a.OAuth.RefreshTokenFile == "" {
			problem("oauth.refresh_token_file: missing")
		}
		if !accounts.IsService(a.OAuth.TokenURL) {
			problem("oauth.token_url: want https://host/path; http only to this machine")
		}
	default:
		problem("auth: want oauth1 or oauth2")
	}
	return wrong
}

// isWebhook reports whether X would take an address; a simulator on this
// machine takes any.
func isWebhook(text, service string) bool {
	at, err := url.Parse(text)
	return err == nil && at.Host != "" && at.User == nil && at.RawQuery == "" &&
		(at.Scheme == "https" && at.Port() == "" || strings.HasPrefix(service, "http://") && accounts.IsService(service) && accounts.IsService(text))
}
