// Package facebook takes what people write to a force on Meta's platforms, and
// answers it: Facebook pages (Messenger, comments, visitors' posts, mentions,
// reviews), Instagram accounts and WhatsApp numbers.
//
//	Meta ─ webhook ─▶ split into elements ─▶ sort: identity, news of what we sent ─▶ accepted ─▶ 200
//	     ◀─ polling ─ conversations, feed, tagged, ratings: what was not delivered, under the same identities
//	     ◀─ reading again what a delivery only says has changed; fetching files while their addresses hold
//	     ◀─ replies, with Meta's windows; what may have been sent is looked up
//
// What is still to be read or fetched is kept with the cursors, so a restart
// loses none of it. The channel leaves HTTP to package webhook, the API to
// graph, taking deliveries apart to delivery, and what elements mean to page,
// messaging, instagram and whatsapp.
package facebook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/facebook/graph"
	"contactd/channels/todo"
	"contactd/channels/webhook"
)

// Kind is the channel's kind in identities.
const Kind = "facebook"

// Deps are what the channel needs of others.
type Deps struct {
	// Blobs keeps files. Required.
	Blobs channels.Blobs
	// Health is told how accounts do. Required.
	Health channels.Health
	// Outcomes is told what became of replies; nil tells nobody.
	Outcomes channels.Outcomes
	// Backlog says how much waits to be read; nil when nobody need wait.
	Backlog channels.Backlog
	// Log, nil for none.
	Log *slog.Logger
	// Metrics takes the channel's collectors, nil for none.
	Metrics prometheus.Registerer
}

// Channel listens to all accounts. Receive may run once at a time; the other
// methods are safe beside it.
type Channel struct {
	config   Config
	deps     Deps
	log      *slog.Logger
	secrets  *webhook.Secrets
	verify   *webhook.Secrets
	receiver *webhook.Receiver
	accounts accounts.List[*account]
	metrics  *metrics
	brake    channels.Brake
	timing   timing
	now      func() time.Time
	started  time.Time
	// strangers is when it was last told that one asked for our webhook.
	strangers webhook.Seldom
}

var (
	_ channels.Channel = (*Channel)(nil)
	_ channels.Checker = (*Channel)(nil)
	_ channels.Replier = (*Channel)(nil)
	_ webhook.Hooked   = (*Channel)(nil)
)

// account is a configured account with its client and what is known of it.
type account struct {
	Account
	graph  *graph.Client
	health *accounts.Health
	// todo is what remains to be read again, files what is to be fetched: a host
	// of files that hangs must not keep words waiting.
	todo, files *todo.List[task]
	sent        *accounts.Sent
	pause       pause
	// sweep asks for a look at what may not have been delivered.
	sweep chan struct{}

	looking sync.Mutex
	walks   map[string]*walk // that were broken off, by edge

	audited     bool // the subscription was looked at; the watch's alone
	fieldsMutex sync.Mutex
	unknown     []string // fields that Meta has refused
}

// Names implements accounts.Account.
func (a *account) Names() (name, id string) { return a.Name, a.ID }

// timing is how patient the channel is; tests are less so.
type timing struct {
	audit   time.Duration // between two looks at the subscription
	token   time.Duration // between two looks at the token
	settle  time.Duration // after which the absence of an echo means something
	blocked time.Duration // without sending, after Meta called it abuse
	retry   time.Duration // before the first new try of what failed; doubles
	longest time.Duration // of those pauses
	reads   int           // how often an object is read again that fails
	hold    time.Duration // of the answer to a large delivery

	conversations rate.Limit    // reads of conversations a second
	slow          time.Duration // per percent of the allowance above 75
}

func defaultTiming() timing {
	return timing{
		audit: 10 * time.Minute, token: 24 * time.Hour, settle: time.Minute, blocked: time.Hour,
		retry: time.Second, longest: 5 * time.Minute, reads: 290, hold: 5 * time.Second, conversations: 2,
	}
}

// bodyLimit is far above what Meta sends: a batch of 1,000 updates.
const bodyLimit = 8 << 20

// New checks the configuration. It dials nothing and reads no secret: one that
// cannot be read is for Receive to wait for.
func New(c Config, deps Deps) (*Channel, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.WithDefaults()
	ch := &Channel{config: c, deps: deps, log: deps.Log, timing: defaultTiming(), now: time.Now}
	ch.brake = channels.Brake{Backlog: deps.Backlog, Limit: ch.timing.hold}
	if ch.log == nil {
		ch.log = slog.New(slog.DiscardHandler)
	}
	ch.started = ch.now()
	var err error
	if ch.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	if len(c.Accounts) == 0 {
		return ch, nil
	}
	ch.secrets = webhook.SecretsIn("app_secret_file", c.AppSecretFile)
	ch.verify = webhook.SecretsIn("verify_token_file", c.VerifyTokenFile)
	for _, configured := range c.Accounts {
		ch.accounts = append(ch.accounts, ch.newAccount(configured))
	}
	ch.receiver, err = webhook.New(webhook.Config{
		Channel: Kind, Path: c.Path, Limit: bodyLimit, Verify: ch.verified, Take: ch.take, Challenge: ch.challenge,
		Log: ch.log, Metrics: deps.Metrics,
	})
	return ch, err
}

func (ch *Channel) newAccount(configured Account) *account {
	return &account{
		Account: configured,
		graph:   ch.client(configured),
		health:  accounts.NewHealth(Kind, configured.Name, ch.deps.Health),
		todo:    newTodo(configured.Name, "todo"),
		files:   newTodo(configured.Name, "files"),
		walks:   map[string]*walk{},
		sent:    accounts.NewSent(),
		sweep:   make(chan struct{}, 1),
	}
}

// client calls the API in an account's name.
func (ch *Channel) client(configured Account) *graph.Client {
	return graph.New(graph.Config{
		Base: ch.config.GraphURL, Version: ch.config.Version, Token: configured.token, Page: configured.page(), Secrets: ch.secrets,
		Now: func() time.Time { return ch.now() }, Conversations: ch.timing.conversations, Slow: ch.timing.slow,
	})
}

// token reads the access token; a new one needs no restart.
func (a Account) token() (string, error) {
	content, err := os.ReadFile(a.TokenFile)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" || strings.ContainsAny(token, " \n\r") {
		return "", fmt.Errorf("read token: %s does not hold one", a.TokenFile)
	}
	return token, nil
}

// Webhooks implements webhook.Hooked.
func (ch *Channel) Webhooks() []*webhook.Receiver {
	if ch.config.WebhookPath() == "" {
		return nil
	}
	return []*webhook.Receiver{ch.receiver}
}

// AccountNames lists the configured accounts.
func (ch *Channel) AccountNames() []string {
	if ch.config.Mode == accounts.Off {
		return nil
	}
	return ch.accounts.Names()
}

// Receive takes deliveries, and looks for what was not delivered, until ctx
// ends.
func (ch *Channel) Receive(ctx context.Context, inbox channels.Inbox) error {
	if ch.config.Mode == accounts.Off || len(ch.accounts) == 0 {
		<-ctx.Done()
		return nil
	}
	var all sync.WaitGroup
	for _, a := range ch.accounts {
		accounts.Remember(ctx, ch.timing.retry, ch.log.With("account", a.Name), func(ctx context.Context) error {
			return errors.Join(a.todo.Load(ctx, inbox), a.files.Load(ctx, inbox))
		})
	}
	if ctx.Err() == nil {
		all.Go(func() {
			// Until then deliveries are answered with 503, and Meta repeats them.
			ch.secrets.Await(ctx, ch.timing.retry, ch.report("deliveries"))
			ch.receiver.Receive(ctx, inbox)
		})
		all.Go(func() { ch.verify.Await(ctx, ch.timing.retry, ch.report("webhook")) })
	}
	for _, a := range ch.accounts {
		all.Go(func() { ch.work(ctx, a, a.todo, inbox) })
		all.Go(func() { ch.work(ctx, a, a.files, inbox) })
		all.Go(func() { ch.watch(ctx, a, inbox) })
	}
	all.Wait()
	for _, a := range ch.accounts {
		a.graph.Close()
	}
	return nil
}

// report tells of every account how a secret is read that they share.
func (ch *Channel) report(what string) func(error) {
	var healths []*accounts.Health
	for _, a := range ch.accounts {
		healths = append(healths, a.health)
	}
	return accounts.ReportAll(ch.log, what, healths)
}
