package twitter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/twitter/xtest"
)

// streaming configures a stream, and lets nothing else bring anything.
func (r *rig) streaming(which string) *Channel {
	r.T.Helper()
	c := r.config()
	c.BearerTokenFile, c.Stream = r.File("bearer"), which
	ch := r.open(c, r.Deps())
	ch.timing.mentions, ch.timing.messages, ch.timing.review = time.Hour, time.Hour, 0
	ch.timing.silence = 5 * time.Second
	return ch
}

// streams waits until a stream is open that is not one of the first n.
func (r *rig) streams(n int) {
	r.T.Helper()
	r.Until("stream", func() bool {
		opened, open := r.x.Streams()
		r.Clock.Pass(time.Second) // X may still hold the old one, and ask to wait
		return opened > n && open == 1
	})
}

func TestTheStreamBringsWhatNamesUsWhateverBreaks(t *testing.T) {
	r := newRig(t)
	root := r.x.Post(neighbour, xtest.Draft{Text: "not about us"})
	ch := r.streaming(streamPosts)
	stop := r.Run(ch)
	r.streams(0)
	wanted := []string{}
	write := func(text string) {
		wanted = append(wanted, "@town "+text)
		r.x.Post(resident, xtest.Draft{Text: "@town " + text, InReplyTo: root})
		r.Await(ch, len(wanted))
	}
	write("é 👮 split in the middle of a character")
	for n, harm := range []func(){
		func() { r.x.EndStreams("") },
		func() {
			r.x.EndStreams(`{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect","type":"https://api.twitter.com/2/problems/operational-disconnect"}]}`)
		},
		r.x.MuteStreams,
	} {
		harm()
		r.streams(n + 1)
		write(fmt.Sprint("after harm ", n))
	}
	broken := true
	r.Inbox.Refuse(func([]channels.Original) error {
		if broken = !broken; !broken {
			return fmt.Errorf("the disk is slow")
		}
		return nil
	})
	write("while the disk is slow")
	stop()
	for i, m := range r.Read(ch) {
		if m.Text != wanted[i] || m.Conversation == "" {
			t.Errorf("%d reads %q in %q", i, m.Text, m.Conversation)
		}
	}
}

func TestTheActivityStreamBringsMessages(t *testing.T) {
	r := newRig(t)
	ch := r.streaming(streamActivity)
	r.Run(ch)
	r.streams(0)
	id := r.x.DM(resident, townID, "is anybody there?")
	if m := of(t, r.Await(ch, 1), "x:dm:"+id); m.Text != "is anybody there?" || m.Checks[0] != "x-api=read" {
		t.Errorf("reads as %+v", m)
	}
}

func TestAStreamThatCannotBeOpenedIsToldAndMends(t *testing.T) {
	r := newRig(t)
	r.x.Fail(xtest.Fault{Call: "GET stream", Times: 3, Status: 429, Body: `{"title":"ConnectionException","connection_issue":"TooManyConnections"}`, Header: map[string]string{"Retry-After": "0"}})
	r.x.Fail(xtest.Fault{Call: "GET stream", Times: 2, Status: 503})
	ch := r.streaming(streamPosts)
	r.Run(ch)
	r.Until("alarm", func() bool { return strings.Contains(fmt.Sprint(r.Health.Failures()), "stream") })
	r.streams(0)
	r.x.Post(resident, xtest.Draft{Text: "@town hello"})
	r.Await(ch, 1)
	r.healthy(func(err error, told bool) bool { return told && err == nil })
}

func TestARuleThatXDidNotCreateIsTold(t *testing.T) {
	r := newRig(t)
	r.x.AddRule("@town -is:retweet", "of another program")
	ch := r.streaming(streamPosts)
	r.Run(ch)
	r.Until("alarm", func() bool {
		return strings.Contains(fmt.Sprint(r.Health.Failures()), "another connection or rule stands in the way (duplicate-rules)")
	})
	r.x.DropRules()
	r.streams(0)
	r.x.Post(resident, xtest.Draft{Text: "@town hello"})
	r.Await(ch, 1)
}

func TestWhatTheStreamBroughtIsTakenThoughTheProgramEnds(t *testing.T) {
	r := newRig(t)
	ch := r.streaming(streamPosts)
	const n = 3
	lines := make(chan []byte, n)
	for i := range n {
		lines <- fmt.Appendf(nil, `{"data":{"id":"180000000000000000%d","author_id":%q,"text":"@town help"},"matching_rules":[{"tag":"contactd:town"}]}`, i, resident)
	}
	close(lines)
	ctx, end := context.WithCancel(t.Context())
	end()
	ch.drain(ctx, &r.Inbox, lines)
	if got := len(r.Read(ch)); got != n {
		t.Errorf("%d of %d taken", got, n)
	}
	// Nor does it wait for an inbox that takes nothing any more.
	r.Inbox.Refuse(func([]channels.Original) error { return errors.New("the disk is full") })
	lines = make(chan []byte, 1)
	lines <- []byte(`{}`)
	close(lines)
	ch.drain(ctx, &r.Inbox, lines)
}
