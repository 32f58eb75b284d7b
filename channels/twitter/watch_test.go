package twitter

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"contactd/channels/twitter/xtest"
)

// watching configures that webhook and subscriptions are made and watched.
func (r *rig) watching() Config {
	c := r.config()
	c.BearerTokenFile, c.WebhookURL = r.File("bearer"), r.Front+"/twitter"
	return c
}

func TestDeliveriesThatXEndsAreTakenUpAgain(t *testing.T) {
	for _, auth := range []string{authOAuth1, authOAuth2} {
		t.Run(auth, func(t *testing.T) {
			r := newRig(t)
			c := r.watching()
			if auth == authOAuth2 {
				r.x.Form(xtest.ActivityAPI)
				r.x.Change(townID, func(a *xtest.Account) { a.Refresh = "refresh-0"; a.Token = "" })
				r.Write("refresh", "refresh-0")
				c.Accounts[0].Auth, c.Accounts[0].OAuth = authOAuth2, OAuth{ClientID: "app", RefreshTokenFile: r.File("refresh")}
			}
			ch := r.open(c, r.Deps())
			tried := ch.Check(t.Context())
			if tried[0].Err != nil || !strings.Contains(tried[0].Detail, "no webhook yet") || !strings.Contains(tried[0].Detail, "1204 of 3000000 posts") {
				t.Errorf("before: %+v", tried)
			}
			r.Run(ch)
			delivers := func() bool { return r.x.Delivers(townID) }
			r.Until("a subscription", delivers)
			for what, end := range map[string]func(){"the webhook": r.x.StopDelivering, "the subscriptions": r.x.Unsubscribe} {
				end()
				r.Until("deliveries after X ended "+what, delivers)
			}
			r.Until("all subscriptions", func() bool {
				tried = ch.Check(t.Context())
				return strings.Contains(fmt.Sprint(tried), "webhook and subscriptions stand")
			})
			r.x.DM(resident, townID, "hello")
			r.Await(ch, 1)
		})
	}
}

func TestAWebhookThatXDoesNotReachIsTold(t *testing.T) {
	r := newRig(t)
	c := r.watching()
	c.WebhookURL = "http://127.0.0.1:1/twitter"
	ch, _ := r.start(c)
	r.healthy(func(err error, _ bool) bool { return err != nil && strings.Contains(err.Error(), "webhook") })
	r.x.DM(resident, townID, "lists are read all the same")
	r.Await(ch, 1)
}

func TestALookThatAsksNothingSaysNothingOfTheAccount(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps()) // no webhook of ours to watch
	if err := ch.audits(ch.accounts[0], nil)(t.Context()); !errors.Is(err, errUnasked) {
		t.Errorf("%v: an account that X never answered would count as working", err)
	}
}

func TestASecretThatCannotBeReadIsToldAndWaitedFor(t *testing.T) {
	r := newRig(t)
	r.hook()
	c := r.config()
	c.ConsumerSecretFile = r.File("secret later")
	ch, _ := r.start(c)
	const want = "consumer_secret_file: read secret: "
	r.healthy(func(err error, told bool) bool { return told && err != nil && strings.Contains(err.Error(), want) })
	r.x.DM(resident, townID, "hello")
	if n := len(r.Inbox.Accepted()); n != 0 {
		t.Errorf("%d messages were taken without the secret that shows whose they are", n)
	}
	r.Write("secret later", consumerSecret)
	r.Await(ch, 1)
	r.healthy(func(err error, told bool) bool { return told && err == nil })
}
