package email

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"contactd/channels/accounts"
	"contactd/channels/email/form"
	"contactd/channels/email/imap"
	"contactd/channels/email/mail"
	"contactd/channels/email/oauth"
)

// Config lists the mailboxes to read. The zero value reads none.
type Config struct {
	// Accounts are read at the same time and independently.
	Accounts []Account `yaml:"accounts"`
}

// Account is one mailbox.
type Account struct {
	// Name identifies the account for good: it is part of every message's
	// identity. Letters, digits, ".", "_" and "-". Required.
	Name string `yaml:"name"`
	// Address is the server, host or host:port. Default port: 993, or 143
	// with tls: starttls or none.
	Address string `yaml:"address"`
	// TLS is "implicit" (default), "starttls" or "none".
	TLS imap.Security `yaml:"tls"`
	// AllowPlaintext permits tls: none with a server that is not on this
	// machine. Default: false.
	AllowPlaintext bool `yaml:"allow_plaintext"`
	// CAFile holds the authorities (PEM) that may have signed the server's
	// certificate. Default: those of the system.
	CAFile string `yaml:"ca_file"`
	// ServerName is the name in the server's certificate. Default: the host.
	ServerName string `yaml:"server_name"`

	// User is the name to log in with. Required.
	User string `yaml:"user"`
	// Password, or the file that holds it, read at every login.
	Password     oauth.Secret `yaml:"password"`
	PasswordFile string       `yaml:"password_file"`
	// Auth is "login" (default), "plain", "xoauth2" or "oauthbearer".
	Auth imap.Mechanism `yaml:"auth"`
	// OAuth is where tokens for the last two come from.
	OAuth oauth.Config `yaml:"oauth"`

	// Folders are read, each with a connection of its own. Default: INBOX.
	Folders []string `yaml:"folders"`
	// After is what happens to a mail that was accepted: "keep" (default),
	// "move:FOLDER" or "flag:KEYWORD".
	After string `yaml:"after"`
	// Poll is the pause between two looks on a server without IDLE.
	// Default: 15s.
	Poll time.Duration `yaml:"poll"`
	// Idle is how long the server is trusted to tell of new mail by itself.
	// Default: 4m.
	Idle time.Duration `yaml:"idle"`
	// Oversize is the size, in bytes, above which only the header and the
	// first MiB of a mail are taken. Default: 50MiB.
	Oversize int64 `yaml:"oversize"`

	// ThreadKeyFile holds the secrets that sign the thread tokens in our
	// replies, one a line of at least 16 characters: the first signs, all are
	// believed, so that a key can be changed. Default: none, and no token is
	// believed.
	ThreadKeyFile string `yaml:"thread_key_file"`

	// SMTP is how the account answers. Default: it cannot.
	SMTP Sending `yaml:"smtp"`
	// Acknowledge tells people at once that their mail has arrived. Default:
	// nothing is sent.
	Acknowledge Acknowledge `yaml:"acknowledge"`

	// Forms are web forms whose reports arrive here as mail. Default: none.
	Forms []form.Config `yaml:"forms"`

	// Config says how mails are read.
	mail.Config `yaml:",inline"`
}

// The defaults, which sample.yaml shows.
const (
	defaultPoll     = 15 * time.Second
	defaultIdle     = 4 * time.Minute
	defaultOversize = 50 << 20
)

// withDefaults returns the account with every unset value replaced.
func (a Account) withDefaults() Account {
	if a.TLS == "" {
		a.TLS = imap.Implicit
	}
	if a.Auth == "" {
		a.Auth = imap.Login
	}
	if len(a.Folders) == 0 {
		a.Folders = []string{"INBOX"}
	}
	if a.After == "" {
		a.After = "keep"
	}
	if a.Poll == 0 {
		a.Poll = defaultPoll
	}
	if a.Idle == 0 {
		a.Idle = defaultIdle
	}
	if a.Oversize == 0 {
		a.Oversize = defaultOversize
	}
	a.Address = withPort(a.Address, a.TLS, "993", "143")
	a.Config = a.Defaults()
	a.SMTP = a.SMTP.withDefaults(a)
	a.Acknowledge = a.Acknowledge.withDefaults()
	return a
}

// Validate returns all that is wrong with c, each with its key.
func (c Config) Validate() error {
	var wrong []error
	names := map[string]bool{}
	for i, account := range c.Accounts {
		key := fmt.Sprintf("accounts[%d]", i)
		if names[account.Name] {
			wrong = append(wrong, fmt.Errorf("%s.name: %q is used twice", key, account.Name))
		}
		names[account.Name] = true
		wrong = append(wrong, accounts.Under(key, account.validate()))
	}
	return errors.Join(append(wrong, twice(c.WithDefaults().Accounts)...)...)
}

func (a Account) validate() error {
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	set := a.withDefaults()
	if err := accounts.CheckName(a.Name); err != nil {
		problem("name: %w", err)
	}
	host, err := hostOf(set.Address)
	if err != nil {
		problem("address: %w", err)
	}
	switch set.TLS {
	case imap.Implicit, imap.StartTLS:
	case imap.None:
		if !a.AllowPlaintext && !loopback(host) {
			problem("tls: none would send the password readable to %s; use implicit or starttls, or set allow_plaintext", host)
		}
	default:
		problem("tls: want implicit, starttls or none")
	}
	if a.User == "" {
		problem("user: missing")
	}
	for i, each := range a.Forms {
		wrong = append(wrong, accounts.Under(fmt.Sprintf("forms[%d]", i), each.Validate()))
	}
	wrong = append(wrong, set.validateSecret(), set.validateReading(), set.SMTP.validate(set), set.Acknowledge.validate(set), a.Config.Validate())
	return errors.Join(wrong...)
}

func (a Account) validateSecret() error {
	switch a.Auth {
	case imap.Login, imap.Plain:
		if (a.Password == "") == (a.PasswordFile == "") {
			return errors.New("password: set either password or password_file")
		}
	case imap.XOAuth2, imap.OAuthBearer:
		var unused error
		if a.Password != "" || a.PasswordFile != "" {
			unused = fmt.Errorf("password: not used with auth: %s", a.Auth)
		}
		return errors.Join(unused, accounts.Under("oauth", a.OAuth.Validate()))
	default:
		return errors.New("auth: want login, plain, xoauth2 or oauthbearer")
	}
	return nil
}

var keyword = regexp.MustCompile(`^[A-Za-z$][A-Za-z0-9_.$-]{0,63}$`)

func (a Account) validateReading() error {
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	seen := map[string]bool{}
	for i, name := range a.Folders {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
			problem("folders[%d]: want a folder's name", i)
		}
		if seen[canonical(name)] {
			problem("folders[%d]: %q is listed twice", i, name)
		}
		seen[canonical(name)] = true
	}
	switch kind, target, _ := strings.Cut(a.After, ":"); {
	case kind == "keep" && target == "":
	case kind == "move" && target != "":
		if seen[canonical(target)] {
			problem("after: %q is read too, its mails would come twice", target)
		}
	case kind == "flag" && keyword.MatchString(target):
	default:
		problem("after: want keep, move:FOLDER or flag:KEYWORD")
	}
	if a.Poll < time.Second || a.Poll > time.Hour {
		problem("poll: want 1s to 1h")
	}
	if a.Idle < time.Second || a.Idle > 28*time.Minute {
		problem("idle: want 1s to 28m") // servers may end an IDLE after 30 minutes (RFC 2177)
	}
	if a.Oversize < 2<<20 {
		problem("oversize: want 2MiB or more")
	}
	return errors.Join(wrong...)
}

// canonical is a folder's name as it stands in identities: INBOX is the only
// name that a server reads in any case.
func canonical(folder string) string {
	if strings.EqualFold(folder, "INBOX") {
		return "INBOX"
	}
	return folder
}
