package journal

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"contactd/contact"
	"contactd/pipeline"
	"github.com/gabriel-vasile/mimetype"
)

// Bounds on one reply, whatever its channel allows: what tells of it must fit
// into a record of 256 kB (design, section 6).
const (
	replyTextBytes   = 64 << 10
	replyRecordBytes = 200 << 10
	replyAttachments = 100
)

// QueueReply keeps a reply that is to be sent, unless its id is known, or its
// conversation is in another journal. Another reply under a known id is a
// permanent error. It implements pipeline.Replies.
func (j *Journal) QueueReply(ctx context.Context, reply contact.Reply) error {
	if err := j.room(); err != nil {
		return err
	}
	q := &queueing{limits: j.config.Automatic, shared: j.config.Shared}
	var err error
	if q.refused, err = j.inspect(&reply); err != nil {
		return fmt.Errorf("queue reply %s: %w", reply.ID, err)
	}
	if q.body, err = json.Marshal(reply); err != nil {
		return fmt.Errorf("queue reply %s: %w", reply.ID, err)
	}
	if len(q.body) > replyRecordBytes {
		q.refused = "text too long"
		reply.Text, reply.Attachments = "", nil
		if q.body, err = json.Marshal(reply); err != nil || len(q.body) > replyRecordBytes {
			return pipeline.Permanent(fmt.Errorf("queue reply %s: larger than any record", reply.ID))
		}
	}
	q.reply = reply
	if err := j.do(ctx, q, len(q.body)+256); err != nil {
		return fmt.Errorf("queue reply %s: %w", reply.ID, err)
	}
	if q.reused {
		return pipeline.Permanent(fmt.Errorf("queue reply %s: this replyId was used for another reply, and this one is not sent: give each reply an id of its own", reply.ID))
	}
	return nil
}

// inspect looks at what needs no transaction: it fills in what the blob folder
// knows of the attachments and says why the reply cannot be sent, if so.
func (j *Journal) inspect(reply *contact.Reply) (refused string, err error) {
	reply.Text = strings.ToValidUTF8(strings.ReplaceAll(reply.Text, "\r\n", "\n"), "\uFFFD")
	switch {
	case strings.TrimSpace(reply.Text) == "" && len(reply.Attachments) == 0 && !reply.Way.Silent():
		return "empty: neither text nor attachment", nil
	case len(reply.Text) > replyTextBytes:
		return fmt.Sprintf("text too long: more than %d bytes", replyTextBytes), nil
	case len(reply.Attachments) > replyAttachments:
		return fmt.Sprintf("too many attachments: more than %d", replyAttachments), nil
	}
	for i := range reply.Attachments {
		a := &reply.Attachments[i]
		a.Ref = ""
		if a.Size, a.MediaType, err = j.blobs.refresh(a.SHA256); errors.Is(err, ErrNoBlob) {
			return fmt.Sprintf("attachment %d is not kept here: store it with POST /blobs first", i+1), nil
		} else if err != nil {
			return "", err
		}
	}
	return "", nil
}

// refresh makes a blob young, so that pruning spares it, and says what it is.
func (b *blobs) refresh(sum string) (size int64, mediaType string, err error) {
	if _, err := parseDigest(sum); err != nil {
		return 0, "", fmt.Errorf("%w: %w", ErrNoBlob, err)
	}
	path := b.path(sum)
	if err := b.touch(path); errors.Is(err, fs.ErrNotExist) {
		return 0, "", ErrNoBlob
	} else if err != nil {
		return 0, "", fmt.Errorf("look at blob: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, "", fmt.Errorf("look at blob: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, "", fmt.Errorf("look at blob: %w", err)
	}
	head, err := io.ReadAll(io.LimitReader(file, sniffBytes))
	if err != nil {
		return 0, "", fmt.Errorf("look at blob: %w", err)
	}
	return info.Size(), mimetype.Detect(head).String(), nil
}

// queueing is the change behind QueueReply.
type queueing struct {
	reply   contact.Reply
	body    []byte
	limits  Automatic
	shared  bool   // see Config
	refused string // why it cannot be sent, found before the transaction

	stored []*row
	state  int
	braked string
	reused bool // its id is known, of another reply
}

func (q *queueing) apply(t *tx) error {
	q.stored, q.braked, q.reused = nil, "", false
	if known, err := replyOf(t.conn, q.reply.ID); !errors.Is(err, errNoReply) {
		if errors.Is(err, errDamaged) {
			return nil // known all the same
		}
		q.reused = err == nil && !q.repeats(known)
		return err
	}
	now := t.now()
	r := &replyRow{
		reply: q.reply.ID, automatic: q.reply.Automatic, body: q.body, sha: textDigest(q.reply.Text), queued: now.UnixMicro(),
	}
	rules, refused, err := q.find(t, r)
	if err != nil || refused == noConversation && q.shared {
		return err
	}
	if refused == "" {
		refused = q.judge(rules, now)
	}
	if q.reply.Automatic && refused != "" {
		q.braked = "refused" // nobody waits for it
		return nil
	}
	if q.reply.Automatic {
		if rules.PeopleOnly {
			q.braked = "unsafe"
			return nil
		}
		r.recipient = recipientOf(rules.To, r.conversation)
		if q.braked, err = t.brake(r, q.limits); err != nil || q.braked != "" {
			return err
		}
	}
	if q.state = replyQueued; refused != "" {
		q.state = replyFailed
	}
	q.stored, err = t.changeReply(r, q.state, refused)
	return err
}

// repeats reports whether the reply is the one of a row: it says the same to the
// same people. Who sent it off, and when, may differ.
func (q *queueing) repeats(r *replyRow) bool {
	known, err := r.open()
	if err != nil {
		return true // as far as anybody can tell
	}
	if r.sha != textDigest(q.reply.Text) || known.Conversation != q.reply.Conversation || known.Way != q.reply.Way {
		return false
	}
	same := func(a, b contact.Attachment) bool { return a.SHA256 == b.SHA256 }
	return r.due == wordless || slices.EqualFunc(known.Attachments, q.reply.Attachments, same)
}

// noConversation is why a reply is refused whose conversation is not in this journal.
const noConversation = "there is no such conversation"

// find fills in the conversation and where the reply goes, or says why it goes
// nowhere.
func (q *queueing) find(t *tx, r *replyRow) (rules contact.ReplyRules, refused string, err error) {
	id, err := t.conversationID(q.reply.Conversation)
	if err != nil || id == 0 {
		return rules, noConversation, err
	}
	begun, err := queryInt(t.conn, "SELECT source FROM conversations WHERE id = ?", id)
	if err != nil {
		return rules, "", err
	}
	if s := t.byID[begun]; s == nil || pipeline.Own(s.channel) {
		return rules, noConversation, nil // all that is known of it is that somebody wanted to answer
	}
	urgent, err := queryInt(t.conn, "SELECT urgent FROM conversations WHERE id = ?", id)
	if err != nil {
		return rules, "", err
	}
	r.conversation, r.source, r.urgent = id, begun, urgent != 0
	a, rules, found, err := t.answerOf(id)
	switch {
	case errors.Is(err, errDamaged):
		return rules, "how the conversation is answered is damaged: run contactd verify", nil
	case err != nil:
		return rules, "", err
	case !found:
		return rules, "no_address", nil
	}
	r.source, r.address = a.source, a.address
	switch {
	case !rules.Allowed && rules.Reason != "":
		return rules, rules.Reason, nil
	case !rules.Allowed || a.address == "":
		return rules, "no_address", nil
	case a.over(t.now()):
		return rules, "window_closed", nil
	}
	return rules, "", nil
}

// judge says why the rules of the conversation forbid the reply, or nothing.
func (q *queueing) judge(rules contact.ReplyRules, now time.Time) string {
	if q.refused != "" {
		return q.refused
	}
	if expired(q.reply, now) {
		return "expired"
	}
	if q.reply.Way != "" && !slices.Contains(rules.Ways, q.reply.Way) {
		return fmt.Sprintf("this message cannot be answered in the way %q", q.reply.Way)
	}
	if n := utf8.RuneCountInString(q.reply.Text); rules.TextLimit > 0 && n > rules.TextLimit {
		return fmt.Sprintf("text too long: %d characters, at most %d", n, rules.TextLimit)
	}
	if n := len(q.reply.Attachments); n > rules.AttachmentLimit {
		return fmt.Sprintf("too many attachments: %d, at most %d", n, rules.AttachmentLimit)
	}
	var bytes int64
	for i, a := range q.reply.Attachments {
		if bytes += a.Size; !allowed(rules.MediaTypes, a.MediaType) {
			return fmt.Sprintf("attachment %d is %s, which this channel does not take", i+1, a.MediaType)
		}
	}
	if rules.AttachmentBytes > 0 && bytes > rules.AttachmentBytes {
		return fmt.Sprintf("attachments too large: %d bytes, at most %d", bytes, rules.AttachmentBytes)
	}
	return ""
}

// allowed reports whether a media type is in a list such as image/*.
func allowed(list []string, mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	for _, each := range list {
		family, open := strings.CutSuffix(each, "*")
		if each == mediaType || open && strings.HasPrefix(mediaType, family) {
			return true
		}
	}
	return len(list) == 0
}

func (q *queueing) committed(j *Journal) {
	if q.braked != "" {
		j.metrics.braked.WithLabelValues(q.braked).Inc()
		return
	}
	j.arrived(q.stored)
	if len(q.stored) > 0 {
		j.metrics.replies.WithLabelValues(string(stateName(q.state))).Inc()
		j.outgoing.nudge()
	}
}

// recipientOf is a digest of who gets a reply; without a name, the
// conversation stands for it.
func recipientOf(to []string, conversation int64) int64 {
	name := strings.ToLower(strings.Join(to, "\x00"))
	if name == "" {
		name = fmt.Sprintf("\x00%d", conversation)
	}
	return short(sha256.Sum256([]byte(name)))
}
