package webchat

import (
	"context"
	"testing"

	"contactd/channels"
	"contactd/channels/channelstest"
)

func TestWebchatKeepsThePromisesOfAChannel(t *testing.T) {
	channelstest.Run(t, channelstest.Setup{
		New: func(t *testing.T) channelstest.Platform {
			v := newVisitor(t)
			return channelstest.Platform{
				Open: func(d channelstest.Deps) channels.Channel { return v.open(d) },
				Send: v.send, Again: v.again, Told: v.told,
			}
		},
		Unreadable: []channels.Original{
			{Channel: Kind, Account: "main", ID: "s-1/message-1", MediaType: mediaType, Bytes: []byte("{")},
			{Channel: Kind, Account: "main", ID: "s-1/message-2", MediaType: "text/plain", Bytes: []byte(`{"version":1}`)},
			{Channel: Kind, Account: "main", ID: "s-1/message-3", MediaType: mediaType, Bytes: []byte(`{"version":1,"kind":"message","site":"main","session":"s-2","id":"message-3"}`)},
			{Channel: Kind, Account: "main", ID: "s-1/message-4", MediaType: mediaType, Bytes: []byte(`{"version":9,"kind":"message","site":"main","session":"s-1","id":"message-4"}`)},
			{Channel: Kind, Account: "main", ID: "s-1/message-5", MediaType: mediaType, Bytes: []byte(`{"version":1,"kind":"abandoned","site":"main","session":"s-1","id":"message-5"}`)},
		},
	})
}

func TestWebchatKeepsThePromisesOfAChannelThatAnswers(t *testing.T) {
	channelstest.RunReplier(t, channelstest.ReplySetup{
		New: func(t *testing.T) channelstest.ReplyPlatform {
			v := newVisitor(t)
			stop := func() {}
			t.Cleanup(func() { stop() })
			open := func(d channelstest.Deps) channels.Replier {
				stop() // one at a time, as one folder has one daemon
				ch := v.open(d)
				ctx, cancel := context.WithCancel(context.Background())
				ended := make(chan struct{})
				go func() { defer close(ended); _ = ch.Receive(ctx, &channelstest.Inbox{}) }()
				stop = func() { cancel(); <-ended }
				eventually(t, "the visitor has a session", func() bool { return v.to().Answer != "" })
				return ch
			}
			open(channelstest.Deps{Blobs: &channelstest.Blobs{}, Health: &channelstest.Health{}}) // so that there is a session
			return channelstest.ReplyPlatform{
				Open: open, To: v.to(), Received: v.received,
				Nobody: channels.Address{Account: "main", Answer: "s-nobody"},
			}
		},
	})
}
