package email

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"contactd/channels/accounts"
	"contactd/channels/email/imap"
	"contactd/channels/email/mail"
	"contactd/channels/email/oauth"
	"contactd/channels/email/smtp"
)

// Sending is how an account answers. The zero value cannot.
type Sending struct {
	// Address is the submission server, host or host:port. Default port: 587
	// with tls: starttls or none, or 465 with tls: implicit. Empty: the account
	// sends nothing.
	Address string `yaml:"address"`
	// TLS is "starttls" (default), "implicit" or "none".
	TLS imap.Security `yaml:"tls"`
	// AllowPlaintext permits tls: none with a server that is not on this
	// machine. Default: false.
	AllowPlaintext bool `yaml:"allow_plaintext"`
	// CAFile and ServerName are as for the mailbox. Default: the mailbox's
	// ca_file, and the host.
	CAFile     string `yaml:"ca_file"`
	ServerName string `yaml:"server_name"`

	// User, Password or PasswordFile, Auth and OAuth are as for the mailbox,
	// and the mailbox's when neither user nor auth is set. Auth may be "none"
	// too.
	User         string         `yaml:"user"`
	Password     oauth.Secret   `yaml:"password"`
	PasswordFile string         `yaml:"password_file"`
	Auth         imap.Mechanism `yaml:"auth"`
	OAuth        oauth.Config   `yaml:"oauth"`

	// From is the address that answers come from. Default: the first of
	// addresses. Name is the name beside it. Default: none.
	From string `yaml:"from"`
	Name string `yaml:"name"`
	// Signature stands under answers whose author signs with nothing.
	// Default: none.
	Signature string `yaml:"signature"`
	// PlusAddressing says that name+anything@domain reaches this mailbox, so
	// that Reply-To can carry the thread token. Default: false.
	PlusAddressing bool `yaml:"plus_addressing"`

	// Copy is where a copy of each answer goes, by which an answer is found
	// whose sending broke off: an address whose mail lands in this mailbox, or
	// "none". Default: From, or "none" when SentFolder is set.
	Copy string `yaml:"copy"`
	// SentFolder is where the server itself keeps what it was given to send,
	// as Gmail and Exchange Online do. Default: none.
	SentFolder string `yaml:"sent_folder"`
	// LookupAfter is how long after an attempt an answer that is not in the
	// mailbox was certainly not taken. Default: 15m, because a mail server that
	// cannot reach the mailbox for a moment tries again after some minutes.
	LookupAfter time.Duration `yaml:"lookup_after"`
	// Confirm asks the recipient's server to report delivery. Default: false.
	Confirm bool `yaml:"confirm"`

	// TextLimit is the longest answer in characters. Default: 100000.
	TextLimit int `yaml:"text_limit"`
	// AttachmentLimit is how many files may go with it, AttachmentBytes how
	// large they may be together. Default: 10 and 18MiB, which is 25 MB on the
	// wire, what large providers take.
	AttachmentLimit int   `yaml:"attachment_limit"`
	AttachmentBytes int64 `yaml:"attachment_bytes"`
}

const noCopy = "none"

// enabled reports whether the account can send.
func (s Sending) enabled() bool { return s.Address != "" }

// withDefaults fills unset values; a is the account it belongs to.
func (s Sending) withDefaults(a Account) Sending {
	if s.TLS == "" {
		s.TLS = imap.StartTLS
	}
	if s.User == "" && s.Auth == "" {
		s.User, s.Auth = a.User, a.Auth
		if s.Password == "" && s.PasswordFile == "" {
			s.Password, s.PasswordFile = a.Password, a.PasswordFile
		}
		if s.OAuth.TokenURL == "" {
			s.OAuth = a.OAuth
		}
	}
	if s.Auth == "" {
		s.Auth = imap.Login
	}
	if s.CAFile == "" {
		s.CAFile = a.CAFile
	}
	if s.From == "" && len(a.Addresses) > 0 {
		s.From = a.Addresses[0]
	}
	s.From, s.Copy = mail.Canonical(s.From), mail.Canonical(s.Copy)
	switch {
	case s.Copy != "":
	case s.SentFolder != "":
		s.Copy = noCopy
	default:
		s.Copy = s.From
	}
	if s.LookupAfter == 0 {
		s.LookupAfter = 15 * time.Minute // Postfix: minimal_backoff_time is 5 minutes
	}
	if s.TextLimit == 0 {
		s.TextLimit = 100_000
	}
	if s.AttachmentLimit == 0 {
		s.AttachmentLimit = 10
	}
	if s.AttachmentBytes == 0 {
		s.AttachmentBytes = 18 << 20
	}
	s.Address = withPort(s.Address, s.TLS, "465", "587")
	return s
}

// validate returns what is wrong with the sending of an account that has its
// defaults.
func (s Sending) validate(a Account) error {
	if !s.enabled() {
		return nil
	}
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf("smtp."+format, args...)) }
	host, err := hostOf(s.Address)
	if err != nil {
		problem("address: %w", err)
	}
	switch s.TLS {
	case imap.Implicit, imap.StartTLS:
	case imap.None:
		if !s.AllowPlaintext && !loopback(host) {
			problem("tls: none would send what people write readable to %s; use starttls or implicit, or set allow_plaintext", host)
		}
	default:
		problem("tls: want starttls, implicit or none")
	}
	if s.Auth != smtp.NoLogin {
		if s.User == "" {
			problem("user: missing")
		}
		login := Account{Auth: s.Auth, Password: s.Password, PasswordFile: s.PasswordFile, OAuth: s.OAuth}
		wrong = append(wrong, accounts.Under("smtp", login.validateSecret()))
	}
	if !isAddress(s.From) {
		problem("from: want the address that answers come from, here or first in addresses")
	}
	if strings.ContainsFunc(s.Name, func(r rune) bool { return r < ' ' }) {
		problem("name: want one line")
	}
	if s.Copy != noCopy && !isAddress(s.Copy) {
		problem("copy: want an address or none")
	}
	if s.LookupAfter < time.Second || s.LookupAfter > 24*time.Hour {
		problem("lookup_after: want 1s to 24h")
	}
	if s.TextLimit < 1 || s.AttachmentLimit < 0 || s.AttachmentBytes < 0 {
		problem("text_limit, attachment_limit, attachment_bytes: want no less than 1, 0 and 0")
	}
	if a.ThreadKeyFile == "" && len(a.ThreadKeys) == 0 {
		wrong = append(wrong, errors.New("thread_key_file: needed to send: answers and bounces are known by tokens that it signs"))
	}
	return errors.Join(wrong...)
}

// isAddress reports whether s is one plain address.
func isAddress(s string) bool {
	parsed, err := netmail.ParseAddress(s)
	return err == nil && parsed.Name == "" && parsed.Address == s
}
