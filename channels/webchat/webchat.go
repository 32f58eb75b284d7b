// Package webchat is the public chat: a web server of its own that gives pages
// a widget, takes what people write there, and shows them the answers.
//
//	browser ─ socket ─ room ─▶ Inbox.Accept (durable) ─▶ log row n (durable) ─▶ one tick, in every window
//	                    ▲
//	                    └── Replier.Reply ─▶ log row n ─▶ the person's windows ─▶ receipt ─▶ Outcomes
//
// The platform is ours, so the channel keeps state: package store holds the
// sessions with all that a window shows, numbered, so that a client that comes
// back says which number it has. Nothing else that matters is in memory. If the
// program dies between acceptance and the row, the client sends the message
// again, the inbox knows it, and the row is written.
//
// README.md says how to run it and describes the protocol. The channel leaves
// what people see to package widget, structured forms to package forms, and
// judges nothing.
package webchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/channels"
	"contactd/channels/proxy"
	"contactd/channels/webchat/forms"
	"contactd/contact"
)

// Kind is the channel's kind in identities and events.
const Kind = "webchat"

// Judge says whether a text must not be kept waiting.
type Judge interface {
	Urgent(text string) bool
}

// Room says why no file of a stranger is to be kept now, nil while there is room.
type Room interface {
	Spare() error
}

// Mailer sends the transcript that a person asked for. It calls last before the
// mail server gets the last byte: until then that has taken nothing, and never
// does when last fails. An error is channels.NotSent or channels.Refused, or
// else the mail may have been sent.
type Mailer interface {
	Mail(ctx context.Context, to, subject, text string, last func() error) error
}

// Deps are what the channel needs of others.
type Deps struct {
	// Blobs keeps files, Folders the sessions. Both are required.
	Blobs   channels.Blobs
	Folders channels.Folders
	// Health is told how the sites do. Required.
	Health channels.Health
	// Outcomes is told of receipts, nil when nobody wants to know.
	Outcomes channels.Outcomes
	// Signals is told of typing, nil when nobody wants to know.
	Signals channels.Signals
	// Room bounds what files fill; without it nothing but the disk does.
	Room Room
	// Judge lets emergencies overtake the limiter; without it nothing does.
	Judge Judge
	// Mailer sends transcripts; without it there are none.
	Mailer Mailer
	// Log, nil for none.
	Log *slog.Logger
	// Metrics takes the channel's collectors, nil for none.
	Metrics prometheus.Registerer
	// Now is the clock, nil for the real one.
	Now func() time.Time
}

// Channel is the chat. Receive may run once at a time; the other methods are
// safe beside it.
type Channel struct {
	config  Config
	deps    Deps
	metrics *metrics
	proxies proxy.Trusted
	desk    *desk
	timing  timing
	forms   *forms.Forms

	mutex   sync.Mutex
	running *running
	// changed is closed when running has changed.
	changed chan struct{}
}

var (
	_ channels.Channel   = (*Channel)(nil)
	_ channels.Replier   = (*Channel)(nil)
	_ channels.Attendant = (*Channel)(nil)
	_ channels.Checker   = (*Channel)(nil)
)

// New checks the configuration and opens nothing.
func New(c Config, deps Deps) (*Channel, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c, err := c.WithDefaults().withForms()
	if err != nil {
		return nil, err
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	ch := &Channel{config: c, deps: deps, timing: defaultTiming(), changed: make(chan struct{})}
	if ch.proxies, err = c.trusted(); err != nil {
		return nil, err
	}
	if ch.desk, err = newDesk(c.Sites, deps.Now); err != nil {
		return nil, err
	}
	if ch.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	if ch.forms, err = ch.newForms(); err != nil {
		return nil, err
	}
	return ch, nil
}

// AccountNames lists the sites.
func (ch *Channel) AccountNames() []string {
	names := make([]string, len(ch.config.Sites))
	for i, site := range ch.config.Sites {
		names[i] = site.Name
	}
	return names
}

// URL is where the server answers, such as "http://127.0.0.1:8090"; empty while
// it does not.
func (ch *Channel) URL() string {
	ch.mutex.Lock()
	defer ch.mutex.Unlock()
	if ch.running == nil {
		return ""
	}
	return ch.running.url
}

// DemoURL is where the page to try the chat is, once the server is up; empty
// when there is none, or when it does not come up within a moment.
func (ch *Channel) DemoURL(ctx context.Context) string {
	if !ch.config.Demo {
		return ""
	}
	r, err := ch.await(ctx)
	if err != nil {
		return ""
	}
	return r.url + "/demo"
}

// errNotRunning says that Receive does not run, or has not come that far.
var errNotRunning = errors.New("the chat's server is not running")

// await returns what runs, after a moment of patience: replies may come before
// the server is up.
func (ch *Channel) await(ctx context.Context) (*running, error) {
	patience := time.NewTimer(2 * time.Second)
	defer patience.Stop()
	for {
		ch.mutex.Lock()
		r, changed := ch.running, ch.changed
		ch.mutex.Unlock()
		if r != nil {
			return r, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-patience.C:
			return nil, errNotRunning
		}
	}
}

// current returns what runs, or nil.
func (ch *Channel) current() *running {
	ch.mutex.Lock()
	defer ch.mutex.Unlock()
	return ch.running
}

func (ch *Channel) set(r *running) {
	ch.mutex.Lock()
	defer ch.mutex.Unlock()
	ch.running = r
	close(ch.changed)
	ch.changed = make(chan struct{})
}

// site is the site of a name, and the first where none is named, or, with false,
// where there is none of that name any more.
func (ch *Channel) site(name string) (Site, bool) {
	if name == "" {
		return ch.config.Sites[0], true
	}
	for _, site := range ch.config.Sites {
		if site.Name == name {
			return site, true
		}
	}
	return ch.config.Sites[0], false
}

// conversation is the key of a session's messages.
func conversation(site, session string) string {
	return contact.ConversationID(Kind, site, session)
}

// failing tells Health that no site can be reached.
func (ch *Channel) failing(err error) {
	for _, site := range ch.config.Sites {
		ch.deps.Health.Failing(Kind, site.Name, fmt.Errorf("serve chat: %w", err))
	}
}

func (ch *Channel) working() {
	for _, site := range ch.config.Sites {
		ch.deps.Health.Working(Kind, site.Name)
	}
}
