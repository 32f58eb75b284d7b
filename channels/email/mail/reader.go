package mail

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"contactd/channels"
	"contactd/contact"
)

// Reader reads mails. Safe for concurrent use.
type Reader struct {
	cfg    Config
	blobs  channels.Blobs
	own    map[string]bool
	words  words
	tokens Tokens
	walks  sync.Pool
}

// New returns a Reader that puts attachments into blobs. With nil blobs
// attachments are measured and not kept. An invalid cfg is read as far as it
// makes sense; see Config.Validate.
func New(cfg Config, blobs channels.Blobs) *Reader {
	cfg = cfg.Defaults()
	fallback := lookupCharset(cfg.FallbackCharset)
	if fallback == nil {
		fallback = lookupCharset("windows-1252")
	}
	r := &Reader{cfg: cfg, blobs: blobs, own: make(map[string]bool), words: words{fallback}, tokens: NewTokens(cfg.ThreadKeys...)}
	for _, address := range cfg.Addresses {
		r.own[strings.ToLower(address)] = true
	}
	r.walks.New = func() any { return &walk{lines: lines{r: newBuffer()}} }
	return r
}

func newBuffer() *bufio.Reader { return bufio.NewReaderSize(nil, bufferSize) }

// Read reads a raw mail. It fills everything that a mail can say, Conversation
// only when it is proven to be about a reply of ours, and leaves ID, Channel,
// PlatformID, AcceptedAt and Original to the caller; ReceivedAt is the date of
// the topmost Received field, if any. Malformed mail is no error; an error means
// that raw or the blobs failed and that the mail may be read again later.
func (r *Reader) Read(ctx context.Context, raw io.Reader) (contact.Message, error) {
	msg, _, err := r.readReport(ctx, raw)
	return msg, err
}

// readReport is Read and also returns what the mail reports about mails that
// were sent; Report.Kind tells whether it reports anything.
func (r *Reader) readReport(ctx context.Context, raw io.Reader) (contact.Message, Report, error) {
	w := r.walks.Get().(*walk)
	defer r.walks.Put(w)
	w.words, w.limit, w.blobs = r.words, r.cfg.TextLimit, r.blobs
	w.reset(ctx, raw)
	defer w.release()
	w.mail()
	if w.err != nil {
		return contact.Message{}, Report{}, fmt.Errorf("read mail: %w", w.err)
	}
	msg := r.message(w)
	return msg, w.report, nil
}

// release lets go of the mail and of buffers that one large mail has grown.
func (w *walk) release() {
	w.lines.r.Reset(nil)
	w.blobs, w.ctx, w.attachments = nil, nil, nil
	w.body = body{buf: w.body.buf}
	const keep = 256 << 10
	if cap(w.raw) > keep {
		w.raw = nil
	}
	if cap(w.text) > keep {
		w.text = nil
	}
	if cap(w.fallback) > keep {
		w.fallback = nil
	}
	if cap(w.files) > keep {
		w.files = nil
	}
	if cap(w.compared.table) > keep/4 {
		w.compared.table = nil
	}
	w.html = htmlText{}
}

// message puts together what the walk has found.
func (r *Reader) message(w *walk) contact.Message {
	h := &w.root
	msg := contact.Message{Attachments: w.attachments}
	msg.Text, msg.Authored = w.finalText()
	msg.Subject = r.subject(h)
	from := r.list(h, maxAddresses, "From")
	msg.Sender = r.sender(h, from)
	msg.Recipients = r.list(h, maxAddresses, "To", "Cc")
	msg.SentAt = parseDate(h.get("Date"))
	msg.ReceivedAt = parseReceived(h.get("Received"))
	msg.Authenticity, msg.Checks = r.authenticity(h, from)
	if msg.Authenticity == contact.Verified && !slices.ContainsFunc(from, func(s contact.Sender) bool { return s.Address == msg.Sender.Address }) {
		msg.Authenticity = contact.Claimed // what was checked is From
	}
	w.report.findOriginal(msg.Text, r.tokens, h)
	msg.Thread = r.thread(h, w.report, msg.Recipients)
	msg.Thread.Participants = r.participants(h, from, msg.Recipients)
	msg.Automatic = r.automatic(h, w.report, msg.Sender, msg.Thread.IDs, msg.Authenticity)
	msg.Outcome, msg.Conversation = r.outcome(h, w.report, msg)
	msg.Answer = r.answer(h, msg)
	msg.Flags = r.flags(w, msg)
	if msg.Text == "" {
		switch {
		case w.marks.encrypted:
			msg.Unreadable = "encrypted"
		case w.marks.tnef:
			msg.Unreadable = "the text may be in a winmail.dat file"
		case w.marks.degraded && len(msg.Attachments) == 0:
			msg.Unreadable = "no text could be read"
		}
	}
	return msg
}

// subject joins what all Subject fields say; more than one is against the
// rules, and mail programs show the first or the last.
func (r *Reader) subject(h *header) string {
	const most = 3
	var all []string
	for i := range h.fields {
		if !h.is(i, "Subject") || len(all) == most {
			continue
		}
		if subject := r.words.decode(h.value(i)); subject != "" && !slices.Contains(all, subject) {
			all = append(all, subject)
		}
	}
	return strings.Join(all, " / ")
}

// finalText returns the text, and the part of it that the sender wrote.
func (w *walk) finalText() (text, author string) {
	found := trimFrom(w.text, 0)
	blank := len(trimBlank(found)) == 0
	switch {
	case blank && len(w.files) > 0:
		w.quoted = nil
		found = trimFrom(w.files[w.heading:], 0)
	case blank:
		w.quoted = nil
		found = trimFrom(appendClean(nil, bytes.TrimSpace(w.fallback)), 0)
	case len(w.files) > 0:
		w.text = found
		start := w.separate()
		w.text = append(w.text, w.files...)
		w.quote(start)
		found = w.text
	}
	if limit := maxTextParts * w.limit; len(found) > limit {
		w.marks.oversize = true
		found = cutText(found, limit)
	}
	text = string(validUTF8(found))
	if isAllSignature(text) { // a picture, or nothing, is all that the person sent
		return "", ""
	}
	return text, authored(text, w.quoted)
}

// list reads all fields of the given names as addresses.
func (r *Reader) list(h *header, limit int, names ...string) []contact.Sender {
	var list []contact.Sender
	for _, name := range names {
		for i := range h.fields {
			if h.is(i, name) {
				list = r.words.addresses(list, h.value(i), limit)
			}
		}
	}
	return list
}

// sender returns who wrote the mail: the first usable address of From, or of
// the fields that stand in for it. Groups through which a mailbox is reached
// write "Ann via Contact" and the mailbox's own address there, and the person's
// elsewhere.
func (r *Reader) sender(h *header, from []contact.Sender) contact.Sender {
	for _, each := range from {
		switch {
		case each.Address == "":
			continue
		case !r.isOwn(each.Address):
			return each
		}
		for _, person := range r.list(h, 5, "X-Original-From", "X-Original-Sender", "Reply-To") {
			if person.Address != "" && !r.isOwn(person.Address) {
				return person
			}
		}
		return each
	}
	name := ""
	if len(from) > 0 {
		name = from[0].Name
		// Some programs encode the name with the address.
		for _, each := range r.words.addresses(nil, []byte(name), maxAddresses) {
			if each.Address != "" {
				return each
			}
		}
	}
	for _, field := range [...]string{"Sender", "Reply-To", "Resent-From", "Return-Path", "X-Sender", "X-Original-From"} {
		for _, each := range r.list(h, 5, field) {
			if each.Address != "" {
				if name != "" {
					each.Name = name
				}
				return each
			}
		}
	}
	return contact.Sender{Name: name}
}

// participants returns the people of the thread in lower case, without us and
// without addresses that several may share because nobody can read them.
func (r *Reader) participants(h *header, from, recipients []contact.Sender) []string {
	people := make([]string, 0, len(from)+len(recipients)+1)
	add := func(list []contact.Sender) {
		for _, each := range list {
			if each.Address != "" && !isGuess(each.Address) && len(people) < maxParticipants && !r.isOwn(each.Address) {
				people = append(people, strings.ToLower(each.Address))
			}
		}
	}
	add(from)
	add(r.list(h, 10, "Reply-To"))
	add(recipients)
	return distinct(people, maxParticipants)
}

const maxParticipants = 200

// flags lists what was remarked, in a fixed order.
func (r *Reader) flags(w *walk, msg contact.Message) []contact.Flag {
	var list []contact.Flag
	for _, each := range [...]struct {
		set  bool
		flag contact.Flag
	}{
		{w.marks.degraded, contact.ParseDegraded},
		{w.marks.oversize, contact.Oversize},
		{w.marks.hidden, contact.HiddenText},
		{w.marks.tnef, contact.TNEF},
		{w.marks.encrypted, contact.Encrypted},
		{!r.isAddressed(&w.root, msg.Recipients), contact.NotAddressed},
	} {
		if each.set {
			list = append(list, each.flag)
		}
	}
	return list
}

// isAddressed reports whether a recipient field names the mailbox; a mailbox
// without known addresses counts as named.
func (r *Reader) isAddressed(h *header, recipients []contact.Sender) bool {
	if len(r.own) == 0 {
		return true
	}
	for _, each := range recipients {
		if r.isOwn(each.Address) {
			return true
		}
	}
	for _, each := range r.list(h, maxAddresses, "Resent-To", "Resent-Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To") {
		if r.isOwn(each.Address) {
			return true
		}
	}
	return false
}
