package facebook

import (
	"context"
	"crypto/subtle"
	"io"
	"net/http"
	"slices"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/messaging"
	"contactd/channels/todo"
)

// verified checks Meta's signature.
func (ch *Channel) verified(r *http.Request, body []byte) error {
	return delivery.Verify(ch.secrets, r.Header.Get(delivery.Header), body)
}

// challenge answers Meta's question whether the address is ours.
func (ch *Channel) challenge(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	tokens, err := ch.verify.Keys() // the last that could be read
	if len(tokens) == 0 {
		ch.log.Error("Meta cannot be told whether this is our webhook", "err", err)
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	known := false
	for _, token := range tokens {
		known = subtle.ConstantTimeCompare([]byte(token), []byte(query.Get("hub.verify_token"))) == 1 || known
	}
	if !known || query.Get("hub.mode") != "subscribe" {
		if ch.strangers.Now() {
			ch.log.Warn("somebody asked whether this is our webhook, with another verify token than ours", "from", r.RemoteAddr)
		}
		http.Error(w, "forbidden", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, query.Get("hub.challenge"))
}

// take makes a delivery durable: every element under its own identity, what
// cannot be read too, together with what remains to be done about them.
func (ch *Channel) take(ctx context.Context, inbox channels.Inbox, body []byte) error {
	elements, err := delivery.Split(body)
	if err != nil {
		ch.metrics.parked.Inc()
		parked := []channels.Original{{
			Channel: Kind, Account: ch.accounts[0].Name, ID: "meta:parked:" + delivery.Hash(string(body)),
			MediaType: "application/json", Bytes: body, Defect: "a delivery of Meta's that is no JSON with entries",
		}}
		if err := accounts.Refer(ctx, ch.deps.Blobs, parked); err != nil {
			return err
		}
		return inbox.Accept(ctx, parked, channels.Cursor{})
	}
	if len(elements) <= small {
		return ch.takeChunk(ctx, inbox, elements)
	}
	held, cancel := context.WithTimeout(ctx, ch.timing.hold)
	defer cancel()
	for chunk := range slices.Chunk(elements, chunkSize) {
		ch.brake.Hold(held)
		if err := ch.takeChunk(ctx, inbox, chunk); err != nil {
			return err
		}
	}
	return nil
}

func (ch *Channel) takeChunk(ctx context.Context, inbox channels.Inbox, elements []delivery.Element) error {
	batch := newBatch(ch)
	for _, each := range elements {
		for _, e := range apart(each) {
			batch.add(e)
		}
	}
	if err := batch.tell(ctx); err != nil {
		return err
	}
	return batch.accept(ctx, inbox)
}

// A delivery of more than small elements is taken in chunks, each when little
// waits to be read: in a flood the backlog stays at Meta, so that what comes
// singly, as a cry for help does, has little before it. Meta waits 20 s for its
// answer (older FAQ), and delivers on other connections meanwhile.
const (
	small     = 50
	chunkSize = 250
)

// batch gathers what is to be accepted, by account.
type batch struct {
	ch    *Channel
	names []string // of accounts, in order of appearance
	parts map[string]*share
	news  []news
}

// share is one account's part of a batch.
type share struct {
	account   *account // nil for one that is not configured
	originals []channels.Original
	reads     []task
	fetches   []task
}

// news is what an element says about something that we sent.
type news struct {
	account *account
	sent    delivery.Sent
}

func newBatch(ch *Channel) *batch { return &batch{ch: ch, parts: map[string]*share{}} }

// add sorts an element into its account's part.
func (b *batch) add(e delivery.Element) {
	a := b.ch.accounts.With(e.Entry)
	sorted := sortElement(e)
	b.ch.metrics.elements.WithLabelValues(e.Object, told(e), outcome(sorted)).Inc()
	if sorted.Sent != nil && a != nil {
		b.news = append(b.news, news{a, *sorted.Sent})
	}
	if sorted.ID == "" {
		return
	}
	name := nameFor(a, e)
	p := b.parts[name]
	if p == nil {
		p = &share{account: a}
		b.parts[name], b.names = p, append(b.names, name)
	}
	original := channels.Original{
		Channel: Kind, Account: name, ID: sorted.ID, MediaType: delivery.MediaType, ReceivedAt: sorted.At, Bytes: e.Original(),
	}
	p.originals = append(p.originals, original)
	if a == nil {
		return
	}
	if sorted.Changed.ID != "" {
		p.reads = append(p.reads, task{Read: &sorted.Changed})
	}
	p.fetches = append(p.fetches, b.ch.filesOf(e, original, sorted.Files)...)
}

// nameFor is the account that an original belongs to. What comes for a
// page that is not configured is taken all the same, under its id.
func nameFor(a *account, e delivery.Element) string {
	switch {
	case a != nil:
		return a.Name
	case platformID.MatchString(e.Entry):
		return "unconfigured-" + e.Entry
	default:
		return "unconfigured"
	}
}

// filesOf are the tasks of fetching a message's files.
func (ch *Channel) filesOf(e delivery.Element, original channels.Original, files []delivery.File) []task {
	if len(files) == 0 {
		return nil
	}
	a := ch.accounts.With(e.Entry)
	msg, err := readElement(e, messaging.Where{Channel: Kind, Account: a.Name, Human: a.HumanAgent})
	if err != nil || msg.Conversation == "" {
		return nil // a person looks at the original
	}
	var tasks []task
	for i, file := range files[:min(len(files), maxFiles)] {
		tasks = append(tasks, task{Fetch: &fetch{
			File: file, Of: original.ID, Number: i + 1, Object: e.Object, At: original.ReceivedAt.Unix(),
			Origin: origin{
				Conversation: msg.Conversation, Kind: msg.Channel.Kind, Visibility: msg.Channel.Visibility, Sender: msg.Sender.Address,
				File: fileOfOrigin{Name: file.Name, Type: file.Type},
			},
		}})
	}
	return tasks
}

// maxFiles bounds the files of one message; Messenger takes 30 at most.
const maxFiles = 30

// tell passes on what the delivery says about what we sent, before anything is
// confirmed: Meta repeats what was not taken.
func (b *batch) tell(ctx context.Context) error {
	for _, each := range b.news {
		if err := b.ch.heard(ctx, each.account, each.sent); err != nil {
			return err
		}
	}
	return nil
}

// accept makes everything durable, account by account. That files remain to be
// fetched is noted first: what came with them keeps its place among the others.
func (b *batch) accept(ctx context.Context, inbox channels.Inbox) error {
	// Without tasks no cursor moves, and all accounts go in one transaction.
	var plain []channels.Original
	for _, name := range b.names {
		p := b.parts[name]
		if len(p.fetches) > 0 {
			if err := b.note(ctx, inbox, p.account.files, name, nil, p.fetches); err != nil {
				return err
			}
		}
		if len(p.reads) == 0 {
			plain = append(plain, p.originals...)
			continue
		}
		if err := b.note(ctx, inbox, p.account.todo, name, p.originals, p.reads); err != nil {
			return err
		}
	}
	if len(plain) == 0 {
		return nil
	}
	return inbox.Accept(ctx, plain, channels.Cursor{})
}

// note puts tasks on a list and accepts originals with them.
func (b *batch) note(ctx context.Context, inbox channels.Inbox, list *todo.List[task], name string, originals []channels.Original, tasks []task) error {
	missed, err := list.Add(ctx, inbox, originals, tasks)
	b.ch.metrics.dropped.WithLabelValues(name, "no_room").Add(float64(missed))
	return err
}

// told names the kind of an element for figures, in words that are ours.
func told(e delivery.Element) string {
	if e.Kind == delivery.Change && slices.Contains([]string{"feed", "mention", "ratings", "comments", "live_comments", "mentions", "message", "status"}, e.Field) {
		return e.Field
	}
	return e.Kind
}

func outcome(s delivery.Sorted) string {
	if s.ID != "" {
		return "taken"
	}
	return s.Ignored
}
