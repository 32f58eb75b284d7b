package twitter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/twitter/address"
	"contactd/channels/twitter/api"
	"contactd/channels/twitter/element"
	"contactd/contact"
)

// Reply implements channels.Replier.
func (ch *Channel) Reply(ctx context.Context, to channels.Address, reply contact.Reply) (channels.Receipt, error) {
	a, where, err := ch.destination(to)
	if err != nil {
		return channels.Receipt{}, err
	}
	if err := ch.maySend(a, where, reply); err != nil {
		return channels.Receipt{}, channels.Refused(err)
	}
	speaker, err := a.speak(ctx)
	if err != nil {
		return channels.Receipt{}, ch.judge(a, err)
	}
	receipt, err := ch.send(ctx, a, speaker, where, reply)
	if api.Is(err, api.Duplicate) {
		err = ch.twice(ctx, a, speaker, where, reply, err)
	}
	return receipt, ch.judge(a, err)
}

// destination reads where a reply goes.
func (ch *Channel) destination(to channels.Address) (*account, address.Address, error) {
	where, err := address.Decode(to.Answer)
	if err != nil {
		return nil, where, channels.Refused(err)
	}
	a := ch.accounts.Of(to.Account)
	if a == nil {
		return nil, where, channels.Refused(fmt.Errorf("the account %s is not configured here", to.Account))
	}
	return a, where, nil
}

// errNotSummoned is told to the handler.
var errNotSummoned = errors.New("not_summoned: X takes answers only to who named or quoted the account; answer in private, or in the X app")

// maySend says what forbids a reply whatever X thinks.
func (ch *Channel) maySend(a *account, where address.Address, reply contact.Reply) error {
	public := where.Kind == address.Post && reply.Way != contact.Privately
	if err := accounts.MaySend(ch.config.Mode, reply); err != nil {
		return err
	}
	switch {
	case reply.Way.Silent() && !where.Under:
		return errors.New("only an answer to one of our own posts can be hidden")
	case reply.Way.Silent():
		return nil
	case reply.Way == contact.Privately && (where.Kind != address.Post || where.Writer == ""):
		return errors.New("only a post can be answered in private")
	case len(reply.Attachments) > 0:
		return errors.New("no file can be sent on X from here")
	case strings.TrimSpace(reply.Text) == "":
		return errors.New("the reply is empty")
	case public && !where.Summoned && !a.Enterprise:
		return errNotSummoned
	}
	return tooLong(a, reply.Text, public)
}

func tooLong(a *account, text string, public bool) error {
	length, limit := utf8.RuneCountInString(text), address.DMText
	switch {
	case public && a.LongPosts:
		length, limit = element.Weight(text), address.LongText
	case public:
		length, limit = element.Weight(text), address.PostText
	}
	if length > limit {
		return fmt.Errorf("too long: %d characters as X counts them, and it takes %d", length, limit)
	}
	return nil
}

// send does what the reply asks for.
func (ch *Channel) send(ctx context.Context, a *account, speaker speaker, where address.Address, reply contact.Reply) (channels.Receipt, error) {
	if reply.Way.Silent() {
		return ch.hide(ctx, speaker, where, reply.Way == contact.Hide)
	}
	person, group := recipient(where, reply)
	a.sent.Attempt(reply.ID, person, 1, ch.now())
	var id string
	var err error
	if person == "" && group == "" {
		id, err = speaker.Answer(ctx, where.To, reply.Text)
	} else {
		id, err = speaker.Message(ctx, person, group, reply.Text)
	}
	if err != nil {
		return channels.Receipt{}, err
	}
	a.sent.Know(reply.ID, 1, 1, id)
	if person == "" && group == "" {
		a.threads.know(id, where.Root)
	}
	return channels.Receipt{PlatformID: id}, nil
}

// recipient is who gets a direct message; nobody when the answer is a post.
func recipient(where address.Address, reply contact.Reply) (person, group string) {
	switch {
	case where.Kind == address.DM && where.Group != "":
		return "", where.Group
	case where.Kind == address.DM:
		return where.To, ""
	case reply.Way == contact.Privately:
		return where.Writer, ""
	default:
		return "", ""
	}
}

// hide hides an answer to one of our posts, or shows it again. Doing it twice
// is harmless, so that it may simply be done again.
func (ch *Channel) hide(ctx context.Context, speaker speaker, where address.Address, hidden bool) (channels.Receipt, error) {
	if !speaker.CanHide() {
		return channels.Receipt{}, channels.Refused(errors.New("version 1.1 of the API hides nothing"))
	}
	err := speaker.Hide(ctx, where.To, hidden)
	if api.Is(err, api.Away) {
		err = channels.NotSent(err)
	}
	return channels.Receipt{PlatformID: where.To, Confirmed: err == nil}, err
}

// judge turns an error of the API into the contract's.
func (ch *Channel) judge(a *account, err error) error {
	switch {
	case err == nil:
		a.health.Report("send", nil)
		return nil
	case channels.IsNotSent(err) || channels.IsRefused(err):
		return err
	case api.Is(err, api.TokenDead, api.Askew, api.Closed, api.Capped): // an operator can mend it
		a.health.Report("send", advise(err))
		return channels.NotSent(err)
	case api.Is(err, api.Throttled):
		return channels.NotSent(err)
	case api.Is(err, api.Refused, api.Gone, api.Bad):
		return channels.Refused(err)
	case api.Certain(err):
		return channels.NotSent(err)
	default: // also when X has the same text already: perhaps it is this one
		return err
	}
}
