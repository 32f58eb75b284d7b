package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graph"
	"contactd/channels/loose"
	"contactd/contact"
)

// errTooSoon says that the echo of a message may still come.
var errTooSoon = errors.New("it is too soon to tell: the echo may still come")

// errCannotTell says that the platform can only be waited for.
var errCannotTell = errors.New("WhatsApp does not show what was sent; its next news of the message will tell")

// skew is how far before it was asked for, by Meta's clock, an answer may be
// dated: Meta tells the time in whole seconds.
const skew = 5 * time.Second

// Find implements channels.Replier: by the echo that Meta delivers of
// everything sent, else by reading the conversation.
func (ch *Channel) Find(ctx context.Context, to channels.Address, reply contact.Reply) (channels.Receipt, error) {
	a, where, err := ch.destination(to)
	switch {
	case err != nil && a == nil && where.Kind != "":
		return channels.Receipt{}, err // it may have been sent before the account was taken out
	case err != nil:
		return channels.Receipt{}, channels.ErrNotFound // it never left
	}
	if reply.Way.Silent() {
		return ch.findHidden(ctx, a, where, reply.Way == contact.Hide)
	}
	parts := partsOf(reply, where.Kind)
	if len(parts) == 0 {
		return channels.Receipt{}, channels.ErrNotFound // Reply refuses it
	}
	found, complete := a.sent.Parts(reply.ID)
	if complete {
		return receipt(parts, found), nil
	}
	if where.Kind == address.WhatsApp {
		return channels.Receipt{}, errCannotTell
	}
	seen, err := ch.lookUp(ctx, a, where, reply)
	if err != nil {
		return channels.Receipt{}, err
	}
	for number, id := range seen {
		found[number] = id
		a.sent.Know(reply.ID, number, len(parts), id)
	}
	switch {
	case len(missing(parts, found)) == 0:
		return receipt(parts, found), nil
	case ch.tooSoon(a, reply.ID):
		return channels.Receipt{}, errTooSoon
	default:
		// Of several parts some may be there; Reply goes on behind them.
		return channels.Receipt{}, channels.ErrNotFound
	}
}

func receipt(parts []part, found map[int]string) channels.Receipt {
	return channels.Receipt{PlatformID: found[parts[len(parts)-1].number]}
}

// tooSoon reports whether a reply may yet appear. What was tried before the
// start may have been tried just before it.
func (ch *Channel) tooSoon(a *account, reply string) bool {
	at := a.sent.Attempted(reply)
	if at.IsZero() {
		at = ch.started
	}
	return ch.now().Sub(at) < ch.timing.settle
}

// said is something that the account said, as Graph shows it.
type said struct {
	ID        delivery.ID   `json:"id"`
	Message   string        `json:"message"`
	Text      string        `json:"text"`
	Created   delivery.Time `json:"created_time"`
	Timestamp delivery.Time `json:"timestamp"`
	From      struct {
		ID       delivery.ID `json:"id"`
		Username string      `json:"username"`
	} `json:"from"`
	Attachments struct {
		Data []json.RawMessage `json:"data"`
	} `json:"attachments"`
}

// lookUp reads what the account said where the reply went, and returns the
// platform ids of the parts that are there.
func (ch *Channel) lookUp(ctx context.Context, a *account, where address.Address, reply contact.Reply) (map[int]string, error) {
	parts := partsOf(reply, where.Kind)
	found := map[int]string{}
	recent := a.since(reply)
	visit := func(s said) {
		at := s.Created.Time
		if at.IsZero() {
			at = s.Timestamp.Time
		}
		if s.ID == "" || string(s.From.ID) != a.ID || !recent(at) {
			return
		}
		if other := a.sent.ReplyOf(string(s.ID)); other != "" && other != reply.ID {
			return // the same words of another reply
		}
		for i := len(parts) - 1; i >= 0; i-- {
			if each := parts[i]; found[each.number] == "" && each.is(s.Message+s.Text, len(s.Attachments.Data) > 0) {
				found[each.number] = string(s.ID)
				return
			}
		}
	}
	var err error
	switch {
	case reply.Way == contact.Privately:
		err = ch.readConversations(ctx, a, nil, func(c conversation) bool { return c.with(where.Who) }, recent, visit)
	case where.Kind == address.Messenger || where.Kind == address.Instagram:
		err = ch.readConversations(ctx, a, url.Values{"user_id": {where.To}}, nil, recent, visit)
	default:
		err = ch.readComments(ctx, a, where, recent, visit)
	}
	return found, err
}

// since reports of moments of Meta's whether a reply may have been written then.
// Our clock may be wrong.
func (a *account) since(reply contact.Reply) (recent func(time.Time) bool) {
	at := a.sent.Since(reply)
	return func(moment time.Time) bool { return !moment.Before(a.graph.There(at).Add(-skew)) }
}

// conversation is one as Graph shows it.
type conversation struct {
	ID           delivery.ID   `json:"id"`
	Updated      delivery.Time `json:"updated_time"`
	Messages     graph.List    `json:"messages"`
	Participants struct {
		Data []struct {
			ID delivery.ID `json:"id"`
		} `json:"data"`
	} `json:"participants"`
}

// with reports whether somebody takes part. The same words are sent to many, so
// that a conversation with another proves nothing. That Facebook knows who
// comments by the same id here is [recall]; where it does not, an answer that
// was sent is refused when it is sent again, for it can be sent once.
func (c conversation) with(person string) bool {
	if person == "" {
		return true
	}
	for _, each := range c.Participants.Data {
		if string(each.ID) == person {
			return true
		}
	}
	return false
}

// readConversations visits what was said of late in all conversations that a
// query selects, or of those the ones that are wanted.
func (ch *Channel) readConversations(ctx context.Context, a *account, selects url.Values, wanted func(conversation) bool, recent func(time.Time) bool, visit func(said)) error {
	query := url.Values{
		"platform": {platformOf(a)}, "limit": {"25"},
		"fields": {"id,updated_time,participants{id},messages.limit(50){" + saidFields + "}"},
	}
	maps.Copy(query, selects)
	return a.graph.Walk(ctx, a.inbox()+"/conversations", query, func(list graph.List) (bool, error) {
		more := true
		for _, raw := range list.Data {
			var c conversation
			if _, err := loose.Decode(raw, &c); err != nil {
				return false, fmt.Errorf("read conversation: %w", err)
			}
			if !c.Updated.IsZero() && !recent(c.Updated.Time) {
				more = false // newest first: the others are older
				continue
			}
			if wanted != nil && !wanted(c) {
				continue
			}
			path, query := url.PathEscape(string(c.ID))+"/messages", url.Values{"fields": {saidFields}, "limit": {"50"}}
			if err := ch.readSaid(ctx, a, c.Messages, path, query, recent, visit); err != nil {
				return false, err
			}
		}
		return more, nil
	})
}

// saidFields are those of a message that was sent.
const saidFields = "id,created_time,from,message,attachments"

// readSaid visits a list, newest first, and what follows it, as long as it is
// recent.
func (ch *Channel) readSaid(ctx context.Context, a *account, list graph.List, path string, query url.Values, recent func(time.Time) bool, visit func(said)) error {
	for seen := map[string]bool{}; ; {
		more := len(list.Data) > 0
		for _, raw := range list.Data {
			var s said
			if _, err := loose.Decode(raw, &s); err != nil {
				return fmt.Errorf("read conversation: %w", err)
			}
			visit(s)
			more = more && recent(s.Created.Time)
		}
		after := list.After()
		if !more || after == "" || seen[after] {
			return nil
		}
		seen[after] = true
		query.Set("after", after)
		var err error
		if list, err = a.graph.List(ctx, path, query); err != nil {
			return err
		}
	}
}

func platformOf(a *account) string {
	if a.Kind == kindInstagram {
		return "instagram"
	}
	return "messenger"
}

// readComments visits what was said under a comment or post, newest first.
func (ch *Channel) readComments(ctx context.Context, a *account, where address.Address, recent func(time.Time) bool, visit func(said)) error {
	path, query := url.PathEscape(where.To)+"/comments", url.Values{"fields": {"id,message,from,created_time"}, "order": {"reverse_chronological"}, "limit": {"50"}}
	if where.Kind == address.Remark {
		path, query = url.PathEscape(where.To)+"/replies", url.Values{"fields": {"id,text,timestamp,from"}, "limit": {"50"}}
	}
	return a.graph.Walk(ctx, path, query, func(list graph.List) (bool, error) {
		more := true
		for _, raw := range list.Data {
			var s said
			if _, err := loose.Decode(raw, &s); err != nil {
				return false, fmt.Errorf("read comments: %w", err)
			}
			visit(s)
			more = more && (where.Kind == address.Remark || recent(s.Created.Time))
		}
		return more, nil
	})
}

// findHidden looks whether a comment is as it was to be.
func (ch *Channel) findHidden(ctx context.Context, a *account, where address.Address, want bool) (channels.Receipt, error) {
	field := "is_hidden"
	if where.Kind == address.Remark {
		field = "hidden"
	}
	var raw map[string]json.RawMessage
	switch err := a.graph.Get(ctx, url.PathEscape(where.Item), url.Values{"fields": {field}}, &raw); {
	case graph.Is(err, graph.Gone):
		return channels.Receipt{}, channels.ErrNotFound // Reply says so; doing it again is harmless
	case err != nil:
		return channels.Receipt{}, err
	}
	if strings.TrimSpace(string(raw[field])) == fmt.Sprint(want) {
		return channels.Receipt{PlatformID: where.Item, Confirmed: true}, nil
	}
	return channels.Receipt{}, channels.ErrNotFound
}
