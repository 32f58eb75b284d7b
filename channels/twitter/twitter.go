// Package twitter takes what people write to a force on X, mentions and direct
// messages, and answers it.
//
//	X ─ webhook ─▶ split into elements ─▶ sort: identities ─▶ accepted ─▶ 200
//	  ─ stream ──▶ the same, over a connection that stays open
//	  ◀─ audit ─── does it still deliver, and to us? what is missing is asked for
//	  ◀─ polling ─ mentions, direct messages: always, under the same identities
//	  ◀─ review ── do posts still stand, and as they were?
//	  ◀─ files ─── pictures and films, while their addresses hold
//	  ◀─ replies ─ what may have been sent is looked up, never sent again
//
// How far each list was read, which posts are reviewed, and what is still to be
// fetched is kept with the cursors. The channel leaves HTTP to package webhook, the API to api, taking
// deliveries apart to activity, and what elements mean to element.
package twitter

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/todo"
	"contactd/channels/twitter/activity"
	"contactd/channels/twitter/api"
	"contactd/channels/webhook"
)

// Kind is the channel's kind in identities.
const Kind = "twitter"

// Deps are what the channel needs of others.
type Deps struct {
	// Blobs keeps files, and originals that are large. Required.
	Blobs channels.Blobs
	// Health is told how accounts do. Required.
	Health channels.Health
	// Outcomes is told what became of replies; nil tells nobody.
	Outcomes channels.Outcomes
	// Backlog says how much was taken and not read yet; nil for no holding back.
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
	receiver *webhook.Receiver
	accounts accounts.List[*account]
	metrics  *metrics
	brake    channels.Brake
	replays  replays
	timing   timing
	now      func() time.Time
	started  time.Time
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
	client  *api.Client
	version version
	health  *accounts.Health
	sent    *accounts.Sent
	watched *watched
	threads *threads
	todo    *todo.List[fetch]
}

// Names implements accounts.Account.
func (a *account) Names() (name, id string) { return a.Name, a.UserID }

// timing is how patient the channel is; tests are less so.
type timing struct {
	mentions, messages time.Duration // between two looks
	review             time.Duration // between two reviews, 0 for none
	audit              time.Duration // between two looks at webhook and subscriptions
	silence            time.Duration // after which a stream is dead, 0 for X's promise
	network, refused   time.Duration // before a stream is opened again
	settle             time.Duration // after which the absence of a post means something
	retry              time.Duration // before the first new try of what failed; doubles
	longest            time.Duration // of those pauses
	hold               time.Duration // for which a page or post waits at most until others were read
	step               time.Duration // after which a waiting look reads the clock again
}

func timingOf(c Config) timing {
	return timing{
		mentions: c.PollMentions, messages: c.PollMessages, review: max(0, c.Review), audit: 10 * time.Minute,
		network: 250 * time.Millisecond, refused: 5 * time.Second,
		settle: c.LookupAfter, retry: time.Second, longest: 5 * time.Minute, hold: 5 * time.Second, step: 10 * time.Second,
	}
}

// bodyLimit is far above what X sends.
const bodyLimit = 4 << 20

// New checks the configuration. It dials nothing and reads no secret: one that
// cannot be read is for Receive to wait for.
func New(c Config, deps Deps) (*Channel, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.WithDefaults()
	ch := &Channel{config: c, deps: deps, log: deps.Log, timing: timingOf(c), now: time.Now}
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
	ch.secrets = webhook.SecretsIn("consumer_secret_file", c.ConsumerSecretFile)
	for _, configured := range c.Accounts {
		ch.accounts = append(ch.accounts, ch.newAccount(configured))
	}
	ch.receiver, err = webhook.New(webhook.Config{
		Channel: Kind, Path: c.Path, Limit: bodyLimit, Verify: ch.verified, Take: ch.take, Challenge: activity.Challenge(ch.secrets),
		Log: ch.log, Metrics: deps.Metrics,
	})
	return ch, err
}

func (ch *Channel) newAccount(configured Account) *account {
	now := func() time.Time { return ch.now() }
	c := api.Config{Base: ch.config.APIURL, Auth: ch.auth(configured, now), Now: now}
	if ch.config.BearerTokenFile != "" {
		c.App = api.BearerFile(ch.config.BearerTokenFile)
	}
	return &account{
		Account: configured,
		client:  api.New(c),
		version: version{wanted: configured.Transport},
		health:  accounts.NewHealth(Kind, configured.Name, ch.deps.Health),
		sent:    accounts.NewSent(),
		watched: newWatched(configured.Name),
		threads: newThreads(configured.Name),
		todo:    newTodo(configured.Name),
	}
}

// auth is how an account's calls are signed.
func (ch *Channel) auth(a Account, now func() time.Time) api.Auth {
	secret := func() (string, error) {
		keys, err := ch.secrets.Keys()
		if len(keys) == 0 {
			return "", err
		}
		return keys[0], nil
	}
	if a.Auth == authOAuth1 {
		return api.OAuth1{Key: ch.config.ConsumerKey, Secret: secret, TokenFile: a.TokenFile}
	}
	return &api.Refreshing{
		ClientID: a.OAuth.ClientID, SecretFile: a.OAuth.ClientSecretFile, TokenURL: a.OAuth.TokenURL, File: a.OAuth.RefreshTokenFile, Now: now,
	}
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
			return errors.Join(a.watched.load(ctx, inbox), a.threads.load(ctx, inbox), a.todo.Load(ctx, inbox))
		})
	}
	if ctx.Err() == nil {
		all.Go(func() {
			// Until then deliveries are answered with 503.
			ch.secrets.Await(ctx, ch.timing.retry, ch.report("deliveries"))
			ch.receiver.Receive(ctx, inbox)
		})
	}
	for _, a := range ch.accounts {
		all.Go(func() { ch.work(ctx, a, inbox) })
		all.Go(func() { ch.repeat(ctx, a, "mentions", ch.timing.mentions, ch.mentions(a, inbox)) })
		all.Go(func() { ch.repeat(ctx, a, "messages", ch.timing.messages, ch.messages(a, inbox)) })
		if ch.timing.review > 0 {
			all.Go(func() { ch.repeat(ctx, a, "review", ch.timing.review, ch.reviews(a, inbox)) })
		}
		if a.client.CanWatch() {
			all.Go(func() { ch.repeat(ctx, a, "webhook", ch.timing.audit, ch.audits(a, inbox)) })
		}
	}
	if ch.config.Stream != streamNone {
		all.Go(func() { ch.stream(ctx, inbox) })
	}
	all.Wait()
	for _, a := range ch.accounts {
		a.client.Close()
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

// repeat does something again and again until ctx ends: after pause when it
// went well, and after a growing pause, or when X allows it, when it did not.
func (ch *Channel) repeat(ctx context.Context, a *account, what string, pause time.Duration, do func(context.Context) error) {
	failed := ch.timing.retry
	for ctx.Err() == nil {
		err := do(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := pause
		switch {
		case err == nil:
			failed = ch.timing.retry
			a.health.Report(what, nil)
			if what == "mentions" || what == "messages" { // so the access is there again
				a.health.Report(consent, nil)
			}
		case errors.Is(err, errUnasked):
			failed = ch.timing.retry
		case api.Is(err, api.Throttled): // X works, and says when
			wait = max(api.Wait(err), ch.timing.retry)
			ch.metrics.throttled.WithLabelValues(a.Name, what).Inc()
		default:
			a.health.Report(what, advise(err))
			wait = max(api.Wait(err), failed)
			failed = min(2*failed, ch.timing.longest)
		}
		ch.wait(ctx, wait)
	}
}

// wait waits by the channel's clock, in steps, so that a machine that slept or
// a clock that was set does not keep X waiting.
func (ch *Channel) wait(ctx context.Context, d time.Duration) {
	for end := ch.now().Add(d); ctx.Err() == nil; {
		left := end.Sub(ch.now())
		if left <= 0 {
			return
		}
		accounts.Sleep(ctx, min(left, ch.timing.step))
	}
}

// consent is what fails when somebody has withdrawn the application's access.
const consent = "consent"

var errRevoked = errors.New("the account has withdrawn the application's access; authorise it again and put the new token into token_file")
