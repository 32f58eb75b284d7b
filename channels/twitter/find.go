package twitter

import (
	"context"
	"errors"
	"time"

	"contactd/channels"
	"contactd/channels/twitter/address"
	"contactd/channels/twitter/api"
	"contactd/channels/twitter/element"
	"contactd/contact"
)

// errTooSoon says that X may show a post later than it takes it.
var errTooSoon = errors.New("it is too soon to tell: X may show it later")

// errTooMuch says that a list was not read to its end.
var errTooMuch = errors.New("too much was written since to find it")

// skew is how far before it was asked for, by X's clock, an answer may be dated:
// X tells the time in whole seconds.
const skew = 5 * time.Second

// findPages bounds how many pages are read to find a reply.
const findPages = 5

// Find implements channels.Replier: by what X said when it took the reply, else
// in what the account has written since.
func (ch *Channel) Find(ctx context.Context, to channels.Address, reply contact.Reply) (channels.Receipt, error) {
	a, where, err := ch.destination(to)
	switch {
	case err != nil && where.Kind != "":
		return channels.Receipt{}, err // it may have been sent before the account was taken out
	case err != nil:
		return channels.Receipt{}, channels.ErrNotFound // it never left
	}
	if reply.Way.Silent() {
		return channels.Receipt{}, channels.ErrNotFound // X does not show it, and doing it again is harmless
	}
	if known, complete := a.sent.Parts(reply.ID); complete {
		return channels.Receipt{PlatformID: known[1]}, nil
	}
	speaker, err := a.speak(ctx)
	if err != nil {
		return channels.Receipt{}, err
	}
	id, err := ch.lookUp(ctx, a, speaker, where, reply)
	switch {
	case err != nil:
		return channels.Receipt{}, err
	case id != "":
		if !a.sent.Attempted(reply.ID).IsZero() {
			a.sent.Know(reply.ID, 1, 1, id)
		}
		if person, group := recipient(where, reply); person == "" && group == "" {
			a.threads.know(id, where.Root)
		}
		return channels.Receipt{PlatformID: id}, nil
	}
	at := a.sent.Attempted(reply.ID)
	if at.IsZero() {
		at = ch.started // what was tried before the start may have been just before
	}
	if ch.now().Sub(at) < ch.timing.settle {
		return channels.Receipt{}, errTooSoon
	}
	return channels.Receipt{}, channels.ErrNotFound
}

// lookUp looks for a reply among what the account has written since it was
// asked for, and returns X's id of it, empty when it is not there.
func (ch *Channel) lookUp(ctx context.Context, a *account, speaker speaker, where address.Address, reply contact.Reply) (id string, err error) {
	since, err := ch.since(ctx, a, speaker, reply)
	if err != nil {
		return "", err
	}
	err = ch.same(ctx, a, speaker, where, reply, since, func(s said) bool {
		if ch.free(a, s.id, reply.ID) {
			id = s.id
		}
		return id == ""
	})
	return id, err
}

// longTwice is for how long X takes no text twice.
const longTwice = 24 * time.Hour

// errTwice is told to the handler.
var errTwice = errors.New("the same words stand there already, and X takes none twice: change one")

// twice is what it means that X has a text already: perhaps it is this reply,
// which is looked up then, unless the text stands there as another.
func (ch *Channel) twice(ctx context.Context, a *account, speaker speaker, where address.Address, reply contact.Reply, cause error) error {
	since, err := ch.since(ctx, a, speaker, reply)
	if err != nil {
		return cause
	}
	another := false
	err = ch.same(ctx, a, speaker, where, reply, since.Add(-longTwice), func(s said) bool {
		another = another || s.at.Before(since) || !ch.free(a, s.id, reply.ID)
		return !another
	})
	if another && err == nil {
		return channels.Refused(errTwice)
	}
	return cause
}

// same visits what the account has written since a moment, newest first, in the
// words of a reply and where that was to go, until visit returns false.
func (ch *Channel) same(ctx context.Context, a *account, speaker speaker, where address.Address, reply contact.Reply, since time.Time, visit func(said) bool) error {
	person, group := recipient(where, reply)
	next := ""
	for range findPages {
		var page api.Page
		var err error
		posts := person == "" && group == ""
		if posts {
			page, err = speaker.Posts(ctx, a.UserID, since, next)
		} else {
			page, err = speaker.MessagesWith(ctx, person, group, next)
		}
		if err != nil {
			return err
		}
		ended := page.Next == "" || len(page.Things) == 0
		for _, raw := range page.Things {
			e := element.Element{Owner: a.UserID, Dialect: page.Dialect, Raw: raw}
			var s said
			if posts {
				s = saidInPost(e)
			} else {
				s = saidInMessage(e)
			}
			if !s.at.IsZero() && s.at.Before(since) {
				ended = true
				continue
			}
			if s.writer == a.UserID && s.answers(where, person) && element.Same(s.text, s.links, reply.Text) && !visit(s) {
				return nil
			}
		}
		if ended {
			return nil
		}
		next = page.Next
	}
	return errTooMuch
}

// since is from when on a reply may have been written, by X's clock: ours may be
// wrong.
func (ch *Channel) since(ctx context.Context, a *account, speaker speaker, reply contact.Reply) (time.Time, error) {
	at := a.sent.Since(reply)
	there, known := a.client.There(at)
	if !known {
		if _, err := speaker.Me(ctx); err != nil {
			return at, err
		}
		there, _ = a.client.There(at)
	}
	return there.Add(-skew), nil
}

// free reports whether something that was said is not another reply.
func (ch *Channel) free(a *account, id, reply string) bool {
	other := a.sent.ReplyOf(id)
	return other == "" || other == reply
}

// said is something that the account said.
type said struct {
	id, writer, text string
	links            []element.Link
	at               time.Time
	under, to        string
}

func saidInPost(e element.Element) said {
	item, _, _ := e.ReadPost() // what cannot be read is nothing of ours
	return said{id: item.ID, writer: item.Writer.ID, text: item.Text, links: item.Links, at: item.At, under: item.InReplyTo}
}

func saidInMessage(e element.Element) said {
	d, _, _ := e.ReadDM()
	return said{id: d.ID, writer: d.Sender.ID, text: d.Text, links: d.Links, at: d.At, to: d.To}
}

// answers reports whether it stands where the reply was to go.
func (s said) answers(where address.Address, person string) bool {
	switch {
	case person != "":
		return s.to == person
	case where.Kind == address.Post:
		return s.under == where.To
	default:
		return true // the list is that group's
	}
}
