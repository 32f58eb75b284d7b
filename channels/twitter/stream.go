package twitter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/loose"
	"contactd/channels/twitter/activity"
	"contactd/channels/twitter/api"
	"contactd/channels/twitter/element"
)

// ruleTag begins the tags of our rules; the account's name follows.
const ruleTag = "contactd:"

// queued is how many lines of a stream may wait for the disk. When it is full
// the reader waits, and X ends the stream of a slow reader; what is missed is
// found by looking.
const queued = 1000

// stream reads the application's one stream, again and again until ctx ends.
func (ch *Channel) stream(ctx context.Context, inbox channels.Inbox) {
	lines := make(chan []byte, queued)
	done := make(chan struct{})
	go func() { defer close(done); ch.drain(ctx, inbox, lines) }()
	for tries := 1; ctx.Err() == nil; tries++ {
		err := ch.readStream(ctx, lines, &tries)
		if ctx.Err() != nil {
			break
		}
		// A stream ends now and then, which is no failure; one that cannot be
		// opened is.
		if tries > 1 || !api.Is(err, api.Away) {
			ch.reportAll("stream", advise(err))
		}
		ch.log.Warn("stream ended", "err", err)
		ch.wait(ctx, max(api.Wait(err), ch.again(err, tries)))
	}
	close(lines)
	<-done
}

// reportAll reports of all accounts: they share the stream.
func (ch *Channel) reportAll(what string, err error) {
	for _, a := range ch.accounts {
		a.health.Report(what, err)
	}
}

// again is the pause before a stream is opened again (docs: handling
// disconnections): after trouble with the network a little more each time, after
// a refusal twice as much.
func (ch *Channel) again(err error, tries int) time.Duration {
	switch {
	case api.Is(err, api.Throttled):
		return ch.timing.refused << min(tries+2, 6)
	case api.Is(err, api.Away):
		return min(time.Duration(tries)*ch.timing.network, 64*ch.timing.network)
	default:
		return ch.timing.refused << min(tries-1, 6)
	}
}

// readStream opens the stream and reads it to its end. tries begins anew when
// something was heard.
func (ch *Channel) readStream(ctx context.Context, lines chan<- []byte, tries *int) error {
	client, path := ch.accounts[0].client, api.PostStream
	if ch.config.Stream == streamActivity {
		path = api.ActivityStream
		if err := ch.streamEvents(ctx); err != nil {
			return err
		}
	} else if err := ch.streamRules(ctx); err != nil {
		return err
	}
	return client.Stream(ctx, path, ch.timing.silence, func(line []byte) error {
		if *tries > 0 {
			*tries = 0
			ch.reportAll("stream", nil)
		}
		select {
		case lines <- bytes.Clone(line):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// streamEvents subscribes all accounts to the events of the activity API.
func (ch *Channel) streamEvents(ctx context.Context) error {
	for _, a := range ch.accounts {
		there, err := a.client.Subscriptions(ctx, "", a.UserID)
		if err != nil {
			return err
		}
		for _, event := range events() {
			if strings.Contains(" "+strings.Join(there, " ")+" ", " "+event+" ") {
				continue
			}
			if err := a.client.SubscribeTo(ctx, "", a.UserID, event); err != nil {
				return fmt.Errorf("subscribe to %s: %w", event, err)
			}
		}
	}
	return nil
}

// streamRules makes the stream hold what names our accounts: replies to replies
// too, which no list and no event shows.
func (ch *Channel) streamRules(ctx context.Context) error {
	client := ch.accounts[0].client
	there, err := client.Rules(ctx)
	if err != nil {
		return err
	}
	wanted := map[string]string{}
	for _, a := range ch.accounts {
		speaker, err := a.speak(ctx)
		if err != nil {
			return err
		}
		me, err := speaker.Me(ctx)
		if err != nil {
			return err
		}
		wanted[ruleTag+a.Name] = "@" + me.Handle + " -is:retweet"
	}
	var stale []element.ID
	for _, rule := range there {
		switch value, ours := wanted[rule.Tag]; {
		case ours && value == rule.Value:
			delete(wanted, rule.Tag)
		case strings.HasPrefix(rule.Tag, ruleTag): // of an old handle or account
			stale = append(stale, rule.ID)
		}
	}
	if len(stale) > 0 {
		if err := client.DropRules(ctx, stale); err != nil {
			return err
		}
	}
	for tag, value := range wanted {
		if err := client.AddRule(ctx, api.Rule{Value: value, Tag: tag}); err != nil {
			return err
		}
	}
	return nil
}

// streamed is a line of the stream of posts.
type streamed struct {
	Data     json.RawMessage `json:"data"`
	Includes struct {
		Users  []json.RawMessage `json:"users"`
		Tweets []json.RawMessage `json:"tweets"`
		Posts  []json.RawMessage `json:"posts"`
		Media  []json.RawMessage `json:"media"`
	} `json:"includes"`
	Matching []api.Rule `json:"matching_rules"`
}

// elementsOf takes a line apart: it is a post for each account whose rule it
// fits, or an event of the activity API.
func (ch *Channel) elementsOf(line []byte) []element.Element {
	if ch.config.Stream == streamActivity {
		elements, err := activity.Split(line)
		if err != nil {
			return []element.Element{unread(line)}
		}
		for i := range elements {
			elements[i].Via = element.Stream
		}
		return elements
	}
	var s streamed
	if _, err := loose.Decode(line, &s); err != nil || len(s.Data) == 0 {
		return []element.Element{unread(line)}
	}
	with := element.NewIncludes(s.Includes.Users, append(s.Includes.Tweets, s.Includes.Posts...), s.Includes.Media).For(s.Data)
	var elements []element.Element
	for _, rule := range s.Matching {
		name, ours := strings.CutPrefix(rule.Tag, ruleTag)
		if a := ch.accounts.Of(name); ours && a != nil {
			elements = append(elements, element.Element{Owner: a.UserID, Dialect: element.V2, Kind: element.Post, Via: element.Stream, With: with, Raw: s.Data})
		}
	}
	return elements // none: somebody else's rule
}

// unread keeps a line that is nothing X has described. A line that is no JSON
// is kept as a text.
func unread(line []byte) element.Element {
	raw := json.RawMessage(line)
	if !json.Valid(line) {
		raw, _ = json.Marshal(string(line))
	}
	return element.Element{Dialect: element.V2, Kind: element.Unread, Field: "stream", Via: element.Stream, Raw: raw}
}

// most is how many lines are accepted at once.
const most = 200

// drain accepts what was read, as much at once as waits, until lines is closed:
// X has given it away, and no list shows all of it.
func (ch *Channel) drain(ctx context.Context, inbox channels.Inbox, lines <-chan []byte) {
	for line := range lines {
		b := &batch{ch: ch}
		b.addAll(ch.elementsOf(line))
		for n := 1; n < most && len(lines) > 0; n++ {
			b.addAll(ch.elementsOf(<-lines))
		}
		if !ch.takeLines(ctx, inbox, b) {
			return
		}
	}
}

// tryLimit bounds one try to accept lines, which the end of ctx does not cut
// short.
const tryLimit = 5 * time.Second

// takeLines accepts a batch, again and again until the inbox takes it; false
// when it did not, though it was tried once more after ctx had ended.
func (ch *Channel) takeLines(ctx context.Context, inbox channels.Inbox, b *batch) bool {
	for pause := ch.timing.retry; ; pause = min(2*pause, ch.timing.longest) {
		ended := ctx.Err() != nil
		trying, cancel := context.WithTimeout(context.WithoutCancel(ctx), tryLimit)
		err := b.take(trying, inbox)
		cancel()
		if err == nil {
			return true
		}
		ch.log.Error("stream not taken", "again", !ended, "err", err)
		if ended {
			return false
		}
		accounts.Sleep(ctx, pause)
	}
}
