package twitter

import (
	"context"
	"testing"
	"time"

	"contactd/channels/channelstest"
	"contactd/channels/simulator"
	"contactd/channels/twitter/xtest"
)

const (
	consumerSecret = "planted-consumer-secret"
	bearerToken    = "planted-bearer-token"
	tokenSecret    = "planted-token-secret"
	wrongSecret    = "planted-wrong-secret"
	townID         = "1600000000000000001"
	resident       = "1600000000000000005"
	neighbour      = "1600000000000000006"
)

// rig is X with a channel that it can reach.
type rig struct {
	*channelstest.Around
	x *xtest.Server
}

// newRig starts X with the account "town". It delivers nothing before somebody
// calls r.hook.
func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{Around: channelstest.NewAround(t)}
	r.Write("secret", consumerSecret)
	r.Write("bearer", bearerToken)
	r.Write("token", "town-token\n"+tokenSecret)
	r.Write("wrong", "town-token\n"+wrongSecret)
	x, err := xtest.Start(xtest.Options{
		Options:     simulator.Options{Now: r.Clock.Now, Retry: 10 * time.Millisecond},
		ConsumerKey: "key", ConsumerSecret: consumerSecret, Bearer: bearerToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	r.x = x
	x.Account(townID, "town", "town-token", tokenSecret)
	x.Person(resident, "jo", "Jo Resident")
	x.Person(neighbour, "sam", "Sam Neighbour")
	x.Limit("", 1_000_000)
	return r
}

// hook lets X deliver.
func (r *rig) hook() { r.x.Callback(r.Front + "/twitter") }

// config is of the account "town".
func (r *rig) config() Config {
	return Config{
		ConsumerKey: "key", ConsumerSecretFile: r.File("secret"), APIURL: r.x.URL(),
		Accounts: []Account{{Name: "town", UserID: townID, TokenFile: r.File("token")}},
	}
}

// refused is the same with a token that X does not accept.
func (r *rig) refused() Config {
	c := r.config()
	c.Accounts[0].TokenFile = r.File("wrong")
	return c
}

// quick is patient for milliseconds only.
func quick() timing {
	return timing{
		mentions: 10 * time.Millisecond, messages: 10 * time.Millisecond, review: 50 * time.Millisecond, audit: 20 * time.Millisecond,
		network: 5 * time.Millisecond, refused: 5 * time.Millisecond,
		retry: 5 * time.Millisecond, longest: 50 * time.Millisecond, hold: time.Minute, step: 5 * time.Millisecond,
	}
}

// open makes a channel that X reaches from now on.
func (r *rig) open(c Config, deps channelstest.Deps) *Channel {
	r.T.Helper()
	ch, err := New(c, Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log, Outcomes: &r.Outcomes, Backlog: &r.Backlog})
	if err != nil {
		r.T.Fatal(err)
	}
	ch.timing, ch.now = quick(), r.Clock.Now
	ch.brake.Limit = ch.timing.hold
	if hooks := ch.Webhooks(); len(hooks) > 0 {
		r.Reach(hooks[0])
	}
	r.T.Cleanup(func() {
		for _, a := range ch.accounts {
			a.client.Close()
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

// healthy waits until the account works, or fails with what is told.
func (r *rig) healthy(so func(err error, told bool) bool) {
	r.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := r.Health.Await(ctx, Kind, "town", so); err != nil {
		r.T.Fatal(err)
	}
}
