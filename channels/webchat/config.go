package webchat

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"contactd/channels/accounts"
	"contactd/channels/listen"
	"contactd/channels/proxy"
	"contactd/channels/webchat/clamav"
	"contactd/channels/webchat/forms"
	"contactd/channels/webchat/hours"
)

// Config is the chat's own web server and the sites that show the chat. The
// zero value serves one site to its own pages on 127.0.0.1.
type Config struct {
	// Listen is the address, host:port; port 0 takes a free one. Default
	// "127.0.0.1:8090".
	Listen string `yaml:"listen"`
	// CertFile and KeyFile turn on TLS; a renewed one is read by itself. Default
	// none: plain HTTP, for a proxy on this machine.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// URL is the name under which browsers reach the server, such as
	// https://chat.example.police.uk: pages of that origin may chat. Default:
	// whatever name a browser used.
	URL string `yaml:"url"`
	// TrustedProxies are the addresses or networks whose X-Forwarded-For and
	// X-Forwarded-Proto are believed. Default none.
	TrustedProxies []string `yaml:"trusted_proxies"`

	// Sites show the chat. Default: one named "main", on the server's own
	// pages.
	Sites []Site `yaml:"sites"`
	// Forms are structured forms, served at /forms/<name>. Default none, and
	// with Demo those that are ready.
	Forms []forms.Form `yaml:"forms"`
	// Demo serves the page /demo, and counts programs on this machine as
	// different people in the limits for one address. Default false.
	Demo bool `yaml:"demo"`
	// LanguagesDir holds texts of further languages, <tag>.json each.
	// Default none.
	LanguagesDir string `yaml:"languages_dir"`

	// AbandonAfter is how long a person who wrote may be gone, without having
	// ended the chat, before that is told. Default 2m.
	AbandonAfter time.Duration `yaml:"abandon_after"`
	// Retention is how long after its last word a session can be taken up
	// again; its messages are kept elsewhere. Default 7d.
	Retention time.Duration `yaml:"retention"`

	Limits  Limits        `yaml:"limits"`
	Uploads Uploads       `yaml:"uploads"`
	ClamAV  clamav.Config `yaml:"clamav"`
}

// Site is one public site with the chat on its pages.
type Site struct {
	// Name identifies the site for good: it is part of every message's
	// identity. Letters, digits, ".", "_" and "-". Required.
	Name string `yaml:"name"`
	// Origins may embed the chat, such as https://www.example.police.uk.
	// Default none but the server's own pages.
	Origins []string `yaml:"origins"`
	// Hours say when somebody reads. Default: always.
	Hours hours.Config `yaml:"hours"`
	// Promise says to people, by language, what happens with what they write.
	// Default: the chat's own words.
	Promise map[string]string `yaml:"promise"`
	// ExitURL is where the quick exit leads. Default: a neutral site.
	ExitURL string `yaml:"exit_url"`
	// FormURL is a web form for who cannot chat. Default: the site's first of
	// Config.Forms, if any.
	FormURL string `yaml:"form_url"`
	// Phone is the number for emergencies. Default 999.
	Phone string `yaml:"phone"`
}

// Limits bound what one address, one session and all together may do.
type Limits struct {
	// Connections is how many may be open. Default 12000.
	Connections int `yaml:"connections"`
	// ConnectionsPerAddress is how many of them one address may have; an IPv6
	// network /64 is one address. Default 100.
	ConnectionsPerAddress int `yaml:"connections_per_address"`
	// SessionsPerAddress is how many chats an address may begin in an hour.
	// Default 300.
	SessionsPerAddress int `yaml:"sessions_per_address"`
	// MessagesPerMinute is what a session may write before its messages are
	// confirmed late. Default 30.
	MessagesPerMinute int `yaml:"messages_per_minute"`
	// MessagesPerAddress is the same for all sessions of an address. Default
	// 600.
	MessagesPerAddress int `yaml:"messages_per_address"`
	// MessagesPerHour is what a session may write before it has to wait.
	// Default 600.
	MessagesPerHour int `yaml:"messages_per_hour"`
	// TextBytes is the length of a message, UTF-8. Default 8KiB.
	TextBytes int `yaml:"text_bytes"`
}

// Uploads say what people may send along.
type Uploads struct {
	// FileBytes is the size of one file. Default 25MiB.
	FileBytes int64 `yaml:"file_bytes"`
	// FilesPerMessage and FilesPerSession count them. Defaults 5 and 30.
	FilesPerMessage int `yaml:"files_per_message"`
	FilesPerSession int `yaml:"files_per_session"`
	// MediaTypes are taken, as the bytes look and not as they are called;
	// "image/*" never includes SVG. Default image/*, video/*, application/pdf.
	MediaTypes []string `yaml:"media_types"`
}

// defaultExit is a site that everybody may have open.
const defaultExit = "https://www.bbc.co.uk/weather"

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	fill(&c.Listen, "127.0.0.1:8090")
	if len(c.Sites) == 0 {
		c.Sites = []Site{{Name: "main"}}
	}
	c.Sites = slices.Clone(c.Sites)
	for i := range c.Sites {
		site := &c.Sites[i]
		site.Origins = slices.Clone(site.Origins)
		for j, origin := range site.Origins {
			site.Origins[j] = cmp.Or(originOf(origin), origin)
		}
		fill(&site.ExitURL, defaultExit)
		fill(&site.Phone, "999")
		site.Hours = site.Hours.WithDefaults()
	}
	fill(&c.AbandonAfter, 2*time.Minute)
	fill(&c.Retention, 7*24*time.Hour)
	l := &c.Limits
	fill(&l.Connections, 12000)
	fill(&l.ConnectionsPerAddress, 100)
	fill(&l.SessionsPerAddress, 300)
	fill(&l.MessagesPerMinute, 30)
	fill(&l.MessagesPerAddress, 600)
	fill(&l.MessagesPerHour, 600)
	fill(&l.TextBytes, 8<<10)
	u := &c.Uploads
	fill(&u.FileBytes, 25<<20)
	fill(&u.FilesPerMessage, 5)
	fill(&u.FilesPerSession, 30)
	if len(u.MediaTypes) == 0 {
		u.MediaTypes = []string{"image/*", "video/*", "application/pdf"}
	}
	c.ClamAV = c.ClamAV.WithDefaults()
	return c
}

// Listens is the address at which the chat listens.
func (c Config) Listens() string { return c.WithDefaults().Listen }

// Certificate is the files of the server's own certificate, empty without one.
func (c Config) Certificate() (certFile, keyFile string) { return c.CertFile, c.KeyFile }

func fill[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// Validate returns all that is wrong with c, each with its key.
func (c Config) Validate() error {
	set := c.WithDefaults()
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if err := listen.Check(set.Listen); err != nil {
		problem("listen: %w", err)
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problem("cert_file: needs key_file, and the other way round")
	}
	if c.URL != "" && originOf(c.URL) == "" {
		problem("url: want a name such as https://chat.example.police.uk, got %q", c.URL)
	}
	if _, err := c.trusted(); err != nil {
		wrong = append(wrong, err)
	}
	if c.AbandonAfter < 0 || set.AbandonAfter < time.Second {
		problem("abandon_after: want 1s or more")
	}
	if set.Retention < time.Hour {
		problem("retention: want 1h or more")
	}
	names := map[string]bool{}
	for i, site := range c.Sites {
		if names[site.Name] {
			problem("sites[%d].name: %q is used twice", i, site.Name)
		}
		names[site.Name] = true
		wrong = append(wrong, accounts.Under(fmt.Sprintf("sites[%d]", i), site.validate()))
	}
	wrong = append(wrong, set.Limits.validate(), set.Uploads.validate(), set.formsConfig().Validate(), accounts.Under("clamav", c.ClamAV.Validate()))
	return errors.Join(wrong...)
}

func (s Site) validate() error {
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if err := accounts.CheckName(s.Name); err != nil {
		problem("name: %w", err)
	}
	for i, origin := range s.Origins {
		if _, rest, _ := strings.Cut(origin, "://"); originOf(origin) == "" || strings.ContainsAny(rest, "/?#") {
			problem("origins[%d]: want scheme and name alone, such as https://www.example.police.uk, got %q", i, origin)
		}
	}
	for key, link := range map[string]string{"exit_url": s.ExitURL, "form_url": s.FormURL} {
		if u, err := url.Parse(link); err != nil || u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http" {
			problem("%s: want a web address, got %q", key, link)
		}
	}
	return errors.Join(append(wrong, accounts.Under("hours", s.Hours.Validate()))...)
}

// mostTextBytes is the longest text that can be allowed: a message must fit into
// a frame of 32 KiB, though JSON doubles line ends and quotes.
const mostTextBytes = 16 << 10

func (l Limits) validate() error {
	var wrong []error
	for key, value := range map[string]int{
		"connections": l.Connections, "connections_per_address": l.ConnectionsPerAddress, "sessions_per_address": l.SessionsPerAddress,
		"messages_per_minute": l.MessagesPerMinute, "messages_per_address": l.MessagesPerAddress, "messages_per_hour": l.MessagesPerHour,
	} {
		if value < 1 {
			wrong = append(wrong, fmt.Errorf("limits.%s: want 1 or more", key))
		}
	}
	if l.TextBytes < 100 || l.TextBytes > mostTextBytes {
		wrong = append(wrong, errors.New("limits.text_bytes: want 100 to 16KiB"))
	}
	return errors.Join(wrong...)
}

func (u Uploads) validate() error {
	var wrong []error
	if u.FileBytes < 1 || u.FilesPerMessage < 1 || u.FilesPerSession < 1 || u.FilesPerMessage > 50 {
		wrong = append(wrong, errors.New("uploads: want sizes and counts of 1 or more, and at most 50 files in a message"))
	}
	for i, pattern := range u.MediaTypes {
		if kind, sub, ok := strings.Cut(pattern, "/"); !ok || kind == "" || sub == "" || strings.ContainsAny(pattern, " ;\"") {
			wrong = append(wrong, fmt.Errorf("uploads.media_types[%d]: want a type such as image/* or application/pdf, got %q", i, pattern))
		}
	}
	return errors.Join(wrong...)
}

// originOf is the origin of a web address as browsers write it, empty when it is
// none: scheme and host in small letters of ASCII, and a port that the scheme
// does not say already.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	host, err := idna.New(idna.MapForLookup(), idna.StrictDomainName(false)).ToASCII(u.Hostname())
	if strings.Contains(u.Host, "[") { // of IPv6
		host, err = strings.ToLower(strings.TrimSuffix(u.Host, ":"+u.Port())), nil
	}
	if err != nil {
		return ""
	}
	if port := u.Port(); port != "" && port != map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		host += ":" + port
	}
	return u.Scheme + "://" + host
}

func (c Config) trusted() (proxy.Trusted, error) {
	return proxy.Parse("trusted_proxies", c.TrustedProxies)
}
