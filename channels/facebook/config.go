package facebook

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"contactd/channels/accounts"
	"contactd/channels/webhook"
)

// Config says which accounts on Meta's platforms are listened to. All belong to
// one app at Meta. The zero value listens to none.
type Config struct {
	// Mode is "on" (default), "answer_only" or "off". With answer_only what
	// people write is taken and handlers answer, but contactd writes nothing
	// of its own accord and hides nothing. With off nothing is taken or sent,
	// and what was taken before can still be read.
	Mode string `yaml:"mode"`
	// AppSecretFile holds the app's secret, which signs what Meta delivers;
	// during a change both, one a line, the new one first. Required.
	AppSecretFile string `yaml:"app_secret_file"`
	// VerifyTokenFile holds the word that Meta says when the webhook is set
	// up; it is yours to choose. Required.
	VerifyTokenFile string `yaml:"verify_token_file"`
	// Path is where Meta delivers, below the public listener. Default
	// "/facebook".
	Path string `yaml:"path"`
	// GraphURL is the API's address. Default "https://graph.facebook.com".
	GraphURL string `yaml:"graph_url"`
	// Version is the API's version. Default "v26.0".
	Version string `yaml:"version"`
	// Poll is the pause between two looks for what was not delivered. Default
	// 15m.
	Poll time.Duration `yaml:"poll"`
	// Since is how far the first look goes back. Default 24h.
	Since time.Duration `yaml:"since"`
	// PollOld is the pause between two looks through posts of the last year for
	// new comments; the others go back a week. Default 24h; -1s for never.
	PollOld time.Duration `yaml:"poll_old"`
	// MediaHosts are the hosts from which files are fetched, subdomains
	// included. Default Meta's.
	MediaHosts []string `yaml:"media_hosts"`
	// Accounts are listened to at the same time and independently.
	Accounts []Account `yaml:"accounts"`
}

// Account is one page, Instagram account or WhatsApp number.
type Account struct {
	// Name identifies the account for good: it is part of every message's
	// identity. Letters, digits, ".", "_" and "-". Required.
	Name string `yaml:"name"`
	// Kind is "page" (default), "instagram" or "whatsapp".
	Kind string `yaml:"kind"`
	// ID is Meta's: of the page, of the Instagram professional account, or of
	// the phone number. Required.
	ID string `yaml:"id"`
	// PageID is Meta's of the page that an Instagram account is linked to, by
	// which its messages are read and answered. Default none: only with Instagram's
	// own login do they belong to the account itself.
	PageID string `yaml:"page_id"`
	// TokenFile holds the access token, a system user's or the page's own, read
	// at every call. Required.
	TokenFile string `yaml:"token_file"`
	// HumanAgent says that Meta has approved the feature Human Agent, by which
	// handlers may answer for 7 days instead of 24 hours. Default false.
	HumanAgent bool `yaml:"human_agent"`
	// Fields are what a page is subscribed to, and looked through for. Default
	// all that is read here.
	Fields []string `yaml:"fields"`
}

// The kinds of account.
const (
	kindPage      = "page"
	kindInstagram = "instagram"
	kindWhatsApp  = "whatsapp"
)

// page is the page whose token an account's calls need, empty for none.
func (a Account) page() string {
	if a.Kind == kindPage {
		return a.ID
	}
	return a.PageID
}

// inbox is whose conversations an account's are.
func (a Account) inbox() string {
	if a.PageID != "" {
		return a.PageID
	}
	return a.ID
}

// fields are what a page is subscribed to. Meta's own pages disagree on some
// names; what Meta does not know is left out with a warning.
func fields() []string {
	return []string{
		"feed", "mention", "ratings", "messages", "messaging_postbacks", "message_echoes", "message_edits", "message_reactions",
		"messaging_referrals", "messaging_handovers", "standby", "message_deliveries", "message_reads", "messaging_optins", "messaging_policy_enforcement",
	}
}

// mediaHosts are Meta's hosts of files [recall].
func mediaHosts() []string {
	return []string{"fbcdn.net", "fbsbx.com", "cdninstagram.com", "lookaside.facebook.com", "lookaside.instagram.com"}
}

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	set(&c.Mode, accounts.On)
	set(&c.Path, "/facebook")
	set(&c.GraphURL, "https://graph.facebook.com")
	set(&c.Version, "v26.0")
	c.GraphURL = strings.TrimSuffix(c.GraphURL, "/")
	if c.Poll == 0 {
		c.Poll = 15 * time.Minute
	}
	if c.Since == 0 {
		c.Since = 24 * time.Hour
	}
	if c.PollOld == 0 {
		c.PollOld = 24 * time.Hour
	}
	if len(c.MediaHosts) == 0 {
		c.MediaHosts = mediaHosts()
	}
	accounts := make([]Account, len(c.Accounts))
	for i, account := range c.Accounts {
		set(&account.Kind, kindPage)
		if len(account.Fields) == 0 {
			account.Fields = fields()
		}
		accounts[i] = account
	}
	c.Accounts = accounts
	return c
}

// WebhookPath is where Meta delivers, empty when nothing is taken.
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

var (
	platformID = regexp.MustCompile(`^[0-9]{1,30}$`)
	version    = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]{1,2}$`)
	fieldName  = regexp.MustCompile(`^[a-z_]{2,60}$`)
)

// Validate returns all that is wrong with c, each with its key.
func (c Config) Validate() error {
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	c = c.WithDefaults()
	if err := accounts.CheckMode(c.Mode); err != nil {
		wrong = append(wrong, err)
	}
	if len(c.Accounts) > 0 && c.AppSecretFile == "" {
		problem("app_secret_file: missing")
	}
	if len(c.Accounts) > 0 && c.VerifyTokenFile == "" {
		problem("verify_token_file: missing")
	}
	if err := webhook.CheckPath(c.Path); err != nil {
		wrong = append(wrong, err)
	}
	if !accounts.IsService(c.GraphURL) {
		problem("graph_url: want https://host; http only to this machine")
	}
	if !version.MatchString(c.Version) {
		problem("version: want a version such as v26.0")
	}
	if c.Poll < time.Minute || c.Poll > 24*time.Hour {
		problem("poll: want 1m to 24h")
	}
	if c.PollOld > 0 && (c.PollOld < time.Hour || c.PollOld > 30*24*time.Hour) {
		problem("poll_old: want 1h to 720h, or -1s for never")
	}
	if c.Since < 0 || c.Since > 30*24*time.Hour {
		problem("since: want up to 720h")
	}
	var names, ids []string
	for i, account := range c.Accounts {
		names, ids = append(names, account.Name), append(ids, account.ID)
		wrong = append(wrong, account.validate(fmt.Sprintf("accounts[%d]", i))...)
	}
	wrong = append(wrong, accounts.Doubles(names, ids, "id")...)
	return errors.Join(wrong...)
}

func (a Account) validate(key string) (wrong []error) {
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(key+"."+format, args...)) }
	if err := accounts.CheckName(a.Name); err != nil {
		problem("name: %w", err)
	}
	if !slices.Contains([]string{kindPage, kindInstagram, kindWhatsApp}, a.Kind) {
		problem("kind: want page, instagram or whatsapp")
	}
	if !platformID.MatchString(a.ID) {
		problem("id: want Meta's id, a number")
	}
	if a.PageID != "" && (a.Kind != kindInstagram || !platformID.MatchString(a.PageID)) {
		problem("page_id: want Meta's id, a number, of the page of an Instagram account")
	}
	if a.TokenFile == "" {
		problem("token_file: missing")
	}
	for i, field := range a.Fields {
		if !fieldName.MatchString(field) {
			problem("fields[%d]: want the name of a webhook field", i)
		}
	}
	return wrong
}
