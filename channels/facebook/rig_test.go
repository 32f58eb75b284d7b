package facebook

import (
	"context"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/facebook/graphsim"
	"contactd/channels/simulator"
)

const (
	appSecret   = "planted-app-secret"
	verifyToken = "planted-verify-token"
	accessToken = "planted-access-token-EAAB"
	systemToken = "planted-system-token-EAAC"
	townPage    = "1058201444"
	resident    = "24830117"
)

// rig is Meta with a channel that it can reach.
type rig struct {
	*channelstest.Around
	meta    *graphsim.Server
	backlog channels.Backlog
	paced   bool // conversations are read as slowly as Meta asks for
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{Around: channelstest.NewAround(t)}
	for name, content := range map[string]string{"secret": appSecret, "verify": verifyToken, "token": accessToken, "wrong": "planted-wrong-token"} {
		r.Write(name, content)
	}
	meta, err := graphsim.Start(graphsim.Options{
		Options:   simulator.Options{Callback: r.Front + "/facebook", Now: r.Clock.Now, Retry: 10 * time.Millisecond},
		AppSecret: appSecret, VerifyToken: verifyToken, Token: accessToken, System: systemToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = meta.Close() })
	r.meta = meta
	meta.Account(townPage, "page", true)
	return r
}

// config is of the page "town".
func (r *rig) config() Config {
	return Config{
		AppSecretFile: r.File("secret"), VerifyTokenFile: r.File("verify"), GraphURL: r.meta.URL(),
		Accounts: []Account{{Name: "town", ID: townPage, TokenFile: r.File("token"), HumanAgent: true}},
	}
}

// quick is patient for milliseconds only.
func quick() timing {
	return timing{audit: 10 * time.Minute, token: 24 * time.Hour, settle: 0, blocked: time.Hour, retry: 5 * time.Millisecond, longest: 50 * time.Millisecond, reads: 1000, hold: time.Minute, slow: time.Millisecond}
}

// open makes a channel that Meta reaches from now on.
func (r *rig) open(c Config, deps channelstest.Deps) *Channel {
	r.T.Helper()
	ch, err := New(c, Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log, Outcomes: &r.Outcomes, Backlog: r.backlog})
	if err != nil {
		r.T.Fatal(err)
	}
	ch.timing, ch.now = quick(), r.Clock.Now
	ch.brake.Limit = ch.timing.hold
	if r.paced {
		ch.timing.conversations = defaultTiming().conversations
	}
	for _, a := range ch.accounts {
		a.graph = ch.client(a.Account)
	}
	if hooks := ch.Webhooks(); len(hooks) > 0 {
		r.Reach(hooks[0])
	}
	r.T.Cleanup(func() {
		for _, a := range ch.accounts {
			a.graph.Close()
		}
	})
	return ch
}

// start opens a channel and lets it receive until stop, or the test's end.
func (r *rig) start(c Config) (ch *Channel, stop func()) {
	r.T.Helper()
	ch = r.open(c, r.Deps())
	return ch, r.Run(ch)
}

// subscribed waits until the channel has subscribed the page.
func (r *rig) subscribed() {
	r.T.Helper()
	r.Until("a subscription", func() bool { return r.meta.Subscribed(townPage) })
}

// recovers waits until Health has heard that the page is well, at most so long.
func (r *rig) recovers(within time.Duration) {
	r.T.Helper()
	ctx, cancel := context.WithTimeout(r.T.Context(), within)
	defer cancel()
	if err := r.Health.Await(ctx, Kind, "town", func(err error, told bool) bool { return told && err == nil }); err != nil {
		r.T.Error(err)
	}
}

// lostAnswer takes what is sent and breaks the connection before it says so.
var lostAnswer = graphsim.Fault{Call: "POST", After: true}

// away makes the API unreachable, or reachable again.
func (r *rig) away(away bool) {
	if err := r.meta.Away(away); err != nil {
		r.T.Error(err)
	}
}
