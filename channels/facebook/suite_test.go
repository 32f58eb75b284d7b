package facebook

import (
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/delivery"
)

func TestFacebookKeepsThePromisesOfAChannel(t *testing.T) {
	odd := func(id, raw string) channels.Original {
		e := delivery.Element{Object: "page", Entry: townPage, Via: "webhook", Kind: delivery.Messaging, Raw: []byte(raw)}
		return channels.Original{Channel: Kind, Account: "town", ID: id, MediaType: delivery.MediaType, Bytes: e.Original()}
	}
	channelstest.Run(t, channelstest.Setup{
		Secret: "planted-wrong-token",
		New: func(t *testing.T) channelstest.Platform {
			r := newRig(t)
			r.meta.Subscribe(townPage, fields()...)
			return channelstest.Platform{
				Open: func(deps channelstest.Deps) channels.Channel { return r.open(r.config(), deps) },
				Refusing: func(deps channelstest.Deps) channels.Channel {
					c := r.config()
					c.Accounts[0].TokenFile = r.File("wrong")
					return r.open(c, deps)
				},
				Send:  func(text string) { r.meta.Write(townPage, resident, text) },
				Again: r.meta.Again,
				Told:  r.meta.Told,
			}
		},
		Unreadable: []channels.Original{
			{Channel: Kind, Account: "town", ID: "meta:parked:1", MediaType: "application/json", Bytes: []byte("{"), Defect: "no JSON"},
			{Channel: Kind, Account: "town", ID: "fb:1:msg:1", MediaType: delivery.MediaType, Bytes: []byte("no JSON")},
			{Channel: Kind, Account: "gone", ID: "fb:1:msg:2", MediaType: delivery.MediaType, Bytes: []byte(`{"object":"page","kind":"messaging","raw":7}`)},
			odd("fb:1:msg:3", `[]`), odd("fb:1:msg:4", `{"message":7}`), odd("fb:1:msg:5", `{"smoke_signal":{}}`), odd("fb:1:msg:6", `{"sender":{"id":"1"},"message":{"text":{"a":1}}}`),
		},
	})
}

// replying is a page on which somebody waits.
func replying(t *testing.T, to func(r *rig) (to, nobody channels.Address, received func() []string)) channelstest.ReplyPlatform {
	r := newRig(t)
	address, nobody, received := to(r)
	open := func(c Config, deps channelstest.Deps) channels.Replier { return r.open(c, deps) }
	return channelstest.ReplyPlatform{
		Open: func(deps channelstest.Deps) channels.Replier { return open(r.config(), deps) },
		Refusing: func(deps channelstest.Deps) channels.Replier {
			c := r.config()
			c.Accounts[0].TokenFile = r.File("wrong")
			return open(c, deps)
		},
		To: address, Nobody: nobody, Received: received,
		Silent: r.meta.Silent,
		Lose:   func() { r.meta.Fail(lostAnswer) },
		Away:   r.away,
	}
}

func answerTo(kind, to string, at time.Time) channels.Address {
	return channels.Address{Account: "town", Answer: address.Address{Kind: kind, To: to, Item: to, At: at.Unix()}.Encode()}
}

func TestMessengerKeepsThePromisesOfAReplier(t *testing.T) {
	channelstest.RunReplier(t, channelstest.ReplySetup{Secret: "planted-wrong-token", New: func(t *testing.T) channelstest.ReplyPlatform {
		return replying(t, func(r *rig) (channels.Address, channels.Address, func() []string) {
			r.meta.Write(townPage, resident, "is anybody there?")
			return answerTo(address.Messenger, resident, time.Now()), answerTo(address.Messenger, "999", time.Now()),
				func() []string { return r.meta.Texts(townPage, resident) }
		})
	}})
}

func TestCommentsKeepThePromisesOfAReplier(t *testing.T) {
	channelstest.RunReplier(t, channelstest.ReplySetup{Secret: "planted-wrong-token", New: func(t *testing.T) channelstest.ReplyPlatform {
		return replying(t, func(r *rig) (channels.Address, channels.Address, func() []string) {
			post := r.meta.Post(townPage, townPage, "our news")
			comment := r.meta.Comment(townPage, resident, post, "", "is anybody there?")
			return answerTo(address.Comment, comment, time.Now()), answerTo(address.Comment, "9_99", time.Now()),
				func() []string { return r.meta.Answers(townPage, comment) }
		})
	}})
}
