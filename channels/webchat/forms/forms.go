// Package forms serves structured web forms, such as "Report a crime": pages
// that work without JavaScript, and the same questions as JSON for programs. It
// is mounted by the channel webchat, whose server and inbox it uses.
//
//	GET  ─▶ page with a fresh submission id
//	POST ─▶ submission ─▶ check ─▶ original ─▶ Inbox.Accept ─▶ receipt code
//	            │           └─▶ the page again, with everything that was typed
//	            └─▶ files ─▶ blobs
//
// What a person sent is one original with the questions as they were read, so
// that it can be understood when the form has long been changed. The id of a
// submission and what it says are its identity: a double click, a reload and a
// retry are one message with one receipt, a corrected form is another one.
//
// Whoever is in danger is not asked to fill in the rest: with words of an
// emergency in any answer, the form is taken as it is.
//
// Answering is left to the email channel in time: until then a message says
// which address would get an answer, and that this channel sends none.
package forms

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"contactd/channels"
	"contactd/channels/proxy"
	"contactd/channels/webchat/upload"
)

// Deps are what the forms need of others.
type Deps struct {
	// Blobs keeps files. Required.
	Blobs channels.Blobs
	// Urgent says whether a text must not be kept waiting or sent back. Nil:
	// none is.
	Urgent func(text string) bool
	// Address says where a request comes from. Nil: from its connection.
	Address func(*http.Request) netip.Addr
	// Scan looks for viruses, see upload.Taker. Nil for none.
	Scan func(ctx context.Context, r io.Reader) (found string, err error)
	// Spare says why no file is kept now, see upload.Taker. Nil: there is room.
	Spare func() error
	// Log, nil for none.
	Log *slog.Logger
	// Now is the clock, nil for the real one.
	Now func() time.Time
}

// Forms are all forms of a server. Safe for concurrent use.
type Forms struct {
	config Config
	deps   Deps
	byName map[string]*form
	pages  pages
	files  upload.Taker
	limits *limiter
	// seal signs what a page brings back to us. It is as old as the program:
	// after a restart people choose their files again.
	seal []byte
}

// form is a form with the site that it belongs to.
type form struct {
	Form
	site Site
	// guard refuses what foreign pages send.
	guard *http.CrossOriginProtection
	// fields are its questions by their names.
	fields map[string]Field
}

// New checks the configuration.
func New(config Config, deps Deps) (*Forms, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config = config.WithDefaults()
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Urgent == nil {
		deps.Urgent = func(string) bool { return false }
	}
	if deps.Address == nil {
		deps.Address = proxy.Peer
	}
	pages, err := parsePages()
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	f := &Forms{
		config: config, deps: deps, byName: map[string]*form{}, pages: pages, limits: newLimiter(config.PerMinute),
		files: upload.Taker{Limits: config.Uploads.Limits, Blobs: deps.Blobs, Scan: deps.Scan, Spare: deps.Spare},
		seal:  make([]byte, 32),
	}
	_, _ = rand.Read(f.seal) // never fails
	for _, each := range config.Forms {
		made, err := config.form(each)
		if err != nil {
			return nil, err
		}
		f.byName[each.Name] = made
	}
	return f, nil
}

// form joins a form to its site.
func (c Config) form(each Form) (*form, error) {
	made := &form{Form: each, guard: http.NewCrossOriginProtection(), fields: map[string]Field{}}
	for _, site := range c.Sites {
		if site.Name == each.Account {
			made.site = site
		}
	}
	for _, origin := range made.site.Origins {
		if err := made.guard.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("site %q: %w", made.site.Name, err)
		}
	}
	for _, field := range each.Fields {
		made.fields[field.Name] = field
	}
	return made, nil
}
