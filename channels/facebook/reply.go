package facebook

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/graph"
	"contactd/contact"
)

// pause is how long an account sends nothing, because Meta took offence.
type pause struct {
	mutex sync.Mutex
	until time.Time
}

func (p *pause) set(until time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.until = until
}

func (p *pause) over(now time.Time) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return !now.Before(p.until)
}

// Reply implements channels.Replier.
func (ch *Channel) Reply(ctx context.Context, to channels.Address, reply contact.Reply) (channels.Receipt, error) {
	a, where, err := ch.destination(to)
	if err != nil {
		return channels.Receipt{}, err
	}
	if err := ch.maySend(a, where, reply); err != nil {
		return channels.Receipt{}, err
	}
	receipt, err := ch.send(ctx, a, where, reply)
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

// maySend says what forbids a reply whatever the platform thinks.
func (ch *Channel) maySend(a *account, where address.Address, reply contact.Reply) error {
	if err := accounts.MaySend(ch.config.Mode, reply); err != nil {
		return channels.Refused(err)
	}
	switch {
	case reply.Way == contact.Privately && where.Kind != address.Comment && where.Kind != address.Remark:
		return channels.Refused(errors.New("only a comment can be answered in private"))
	case reply.Way.Silent() && where.Kind != address.Comment && where.Kind != address.Remark:
		return channels.Refused(errors.New("only a comment can be hidden"))
	case len(reply.Attachments) > 0 && (where.Kind != address.Messenger && where.Kind != address.WhatsApp || reply.Way == contact.Privately):
		return channels.Refused(errors.New("no file can be sent this way"))
	case !a.pause.over(ch.now()):
		return channels.NotSent(errors.New("nothing is sent for a while, because Meta has blocked sending"))
	}
	return nil
}

// send does what the reply asks for.
func (ch *Channel) send(ctx context.Context, a *account, where address.Address, reply contact.Reply) (channels.Receipt, error) {
	switch {
	case reply.Way.Silent():
		return ch.hide(ctx, a, where, reply.Way == contact.Hide)
	case reply.Way == contact.Privately:
		if err := ch.open(a, where, address.HumanWindow); err != nil {
			return channels.Receipt{}, err
		}
		return ch.sendParts(ctx, a, where, reply, ch.sendPrivately)
	case where.Kind == address.Messenger || where.Kind == address.Instagram:
		if err := ch.mayWrite(a, where, reply); err != nil {
			return channels.Receipt{}, err
		}
		return ch.sendParts(ctx, a, where, reply, ch.sendMessage)
	case where.Kind == address.WhatsApp:
		if err := ch.open(a, where, address.Window); err != nil {
			return channels.Receipt{}, err
		}
		return ch.sendParts(ctx, a, where, reply, ch.sendWhatsApp)
	default:
		return ch.sendParts(ctx, a, where, reply, ch.sendComment)
	}
}

// errWindow is told to the handler.
var errWindow = errors.New("window_closed: the platform takes no more answers to what this person wrote; use email or the telephone")

// open says, by Meta's clock, whether a window is closed.
func (ch *Channel) open(a *account, where address.Address, window time.Duration) error {
	if where.At != 0 && a.graph.There(ch.now()).Sub(where.WroteAt()) > window {
		return channels.Refused(errWindow)
	}
	return nil
}

// mayWrite holds a message to the windows: a day for anything, a week for what
// a person wrote.
func (ch *Channel) mayWrite(a *account, where address.Address, reply contact.Reply) error {
	if ch.open(a, where, address.Window) == nil || ch.human(a, reply) && ch.open(a, where, address.HumanWindow) == nil {
		return nil
	}
	return channels.Refused(errWindow)
}

// human reports whether a reply may be sent as a person's, which Meta forbids
// for what a machine wrote.
func (ch *Channel) human(a *account, reply contact.Reply) bool {
	return a.HumanAgent && !reply.Automatic
}

// sendParts sends the parts of a reply in order. Of a reply with several, the
// platform is asked first which it has, so that a repetition goes on where the
// last one ended.
func (ch *Channel) sendParts(ctx context.Context, a *account, where address.Address, reply contact.Reply,
	one func(context.Context, *account, address.Address, contact.Reply, part) (id string, err error),
) (channels.Receipt, error) {
	parts := partsOf(reply, where.Kind)
	if len(parts) == 0 {
		return channels.Receipt{}, channels.Refused(errors.New("the reply is empty"))
	}
	sent, _ := a.sent.Parts(reply.ID)
	if len(parts) > 1 && where.Kind != address.WhatsApp && len(sent) < len(parts) {
		found, err := ch.lookUp(ctx, a, where, reply)
		if err != nil {
			return channels.Receipt{}, ch.unsent(err, sent)
		}
		for number, id := range found {
			sent[number] = id
		}
	}
	var last string
	for _, each := range parts {
		if id := sent[each.number]; id != "" {
			last = id
			continue
		}
		a.sent.Attempt(reply.ID, where.To, len(parts), ch.now())
		id, err := one(ctx, a, where, reply, each)
		if err != nil {
			return channels.Receipt{}, ch.partly(err, where, each, sent)
		}
		a.sent.Know(reply.ID, each.number, each.of, id)
		sent[each.number], last = id, id
	}
	return channels.Receipt{PlatformID: last}, nil
}

// unsent is the error of a look-up before the first part.
func (ch *Channel) unsent(err error, sent map[int]string) error {
	if len(sent) == 0 {
		return channels.NotSent(err)
	}
	return err
}

// partly adds how much of a reply has been sent. WhatsApp cannot be asked which
// parts it has, so that after a restart they would be sent again: what is
// certainly missing is left to the handler.
func (ch *Channel) partly(err error, where address.Address, failed part, sent map[int]string) error {
	if failed.of == 1 || len(sent) == 0 {
		return err
	}
	err = fmt.Errorf("%d of %d parts were sent: %w", len(sent), failed.of, err)
	if where.Kind == address.WhatsApp && (channels.IsNotSent(err) || graph.Certain(err)) {
		return channels.Refused(err)
	}
	return err
}

// judge turns an error of the platform into the contract's.
func (ch *Channel) judge(a *account, err error) error {
	switch {
	case err == nil:
		a.health.Report("send", nil)
		return nil
	case channels.IsNotSent(err) || channels.IsRefused(err):
		return err
	case graph.Is(err, graph.TokenDead, graph.Unproven, graph.Permission):
		a.health.Report("send", err)
		return channels.NotSent(err) // an operator can mend it
	case graph.Is(err, graph.Barred, graph.Blocked):
		a.pause.set(ch.now().Add(ch.timing.blocked))
		a.health.Report("send", err)
		return channels.NotSent(err)
	case graph.Is(err, graph.Throttled):
		return channels.NotSent(err)
	case graph.Is(err, graph.Window):
		return channels.Refused(errWindow)
	case graph.Is(err, graph.Controlled):
		return channels.Refused(errControlled)
	case graph.Is(err, graph.Unreachable, graph.Gone, graph.Answered):
		return channels.Refused(err)
	case graph.Certain(err):
		return channels.NotSent(err)
	default:
		return err
	}
}

// message is the body of the Send API.
type message struct {
	Recipient map[string]string `json:"recipient"`
	Type      string            `json:"messaging_type"`
	Tag       string            `json:"tag,omitempty"`
	Message   map[string]any    `json:"message"`
}

// sendMessage sends a part by Messenger or Instagram.
func (ch *Channel) sendMessage(ctx context.Context, a *account, where address.Address, reply contact.Reply, p part) (string, error) {
	return ch.underControl(ctx, a, where, reply, func() (string, error) { return ch.sendWithin(ctx, a, where, reply, p) })
}

// sendWithin sends a part within the window that is open.
func (ch *Channel) sendWithin(ctx context.Context, a *account, where address.Address, reply contact.Reply, p part) (string, error) {
	m := message{Recipient: map[string]string{"id": where.To}, Type: "RESPONSE", Message: map[string]any{}}
	if ch.open(a, where, address.Window) != nil {
		m.Type, m.Tag = "MESSAGE_TAG", "HUMAN_AGENT"
	}
	id, err := ch.post(ctx, a, m, reply, p)
	// The person may have written last at another time than we know.
	if graph.Is(err, graph.Window) && m.Tag == "" && ch.human(a, reply) {
		m.Type, m.Tag = "MESSAGE_TAG", "HUMAN_AGENT"
		id, err = ch.post(ctx, a, m, reply, p)
	}
	return id, err
}

// sendPrivately answers a comment in private, once.
func (ch *Channel) sendPrivately(ctx context.Context, a *account, where address.Address, reply contact.Reply, p part) (string, error) {
	if p.of > 1 {
		return "", channels.Refused(errors.New("too long: a private answer to a comment is one message"))
	}
	return ch.post(ctx, a, message{Recipient: map[string]string{"comment_id": where.Item}, Type: "RESPONSE", Message: map[string]any{}}, reply, p)
}

func (ch *Channel) post(ctx context.Context, a *account, m message, reply contact.Reply, p part) (string, error) {
	if a.Kind == kindPage { // Instagram takes no metadata [recall]
		m.Message["metadata"] = metadata(reply.ID, p.number, p.of)
	}
	var answer struct {
		MessageID string `json:"message_id"`
	}
	var err error
	if p.attachment != nil {
		err = ch.postFile(ctx, a, m, *p.attachment, &answer)
	} else {
		m.Message["text"] = p.text
		err = a.graph.Post(ctx, a.inbox()+"/messages", m, &answer)
	}
	if err == nil && answer.MessageID == "" {
		err = errors.New("post messages: the answer names no message")
	}
	return answer.MessageID, err
}

// sendComment answers in public.
func (ch *Channel) sendComment(ctx context.Context, a *account, where address.Address, _ contact.Reply, p part) (string, error) {
	var answer struct {
		ID string `json:"id"`
	}
	edge := "/comments"
	if where.Kind == address.Remark {
		edge = "/replies"
	}
	err := a.graph.Post(ctx, url.PathEscape(where.To)+edge, map[string]string{"message": p.text}, &answer)
	if err == nil && answer.ID == "" {
		err = errors.New("post comments: the answer names no comment")
	}
	return answer.ID, err
}

// hide hides a comment from the public, or shows it again. Doing it twice is
// harmless.
func (ch *Channel) hide(ctx context.Context, a *account, where address.Address, hidden bool) (channels.Receipt, error) {
	field := "is_hidden"
	if where.Kind == address.Remark {
		field = "hide"
	}
	err := a.graph.Do(ctx, url.PathEscape(where.Item), map[string]bool{field: hidden})
	if graph.Is(err, graph.Away) {
		err = channels.NotSent(err) // so it is simply done again
	}
	return channels.Receipt{PlatformID: where.Item, Confirmed: err == nil}, err
}

// is reports whether a part looks like this on the platform. Between words
// platforms do with white space as they like.
func (p part) is(text string, files bool) bool {
	if p.attachment != nil {
		return text == "" && files
	}
	return slices.Equal(strings.Fields(text), strings.Fields(p.text))
}

// missing are the numbers of parts that are not among the found.
func missing(parts []part, found map[int]string) []int {
	var numbers []int
	for _, each := range parts {
		if found[each.number] == "" {
			numbers = append(numbers, each.number)
		}
	}
	slices.Sort(numbers)
	return numbers
}
