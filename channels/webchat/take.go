package webchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"contactd/channels"
	"contactd/channels/webchat/store"
)

// patience is how long one step towards the disk may take before the client is
// told to try again.
const patience = 10 * time.Second

// The kinds of rows in a session's log. All that the person sends has one kind,
// so that an id counts once, whatever it is used for.
const (
	rowOwn    = "own"
	rowReply  = "reply"
	rowSeen   = "seen"
	rowNotice = "notice"
)

// take does what a client's frame asks for. again is a frame for this client
// alone; id is that of the frame, for refusals.
func (r *running) take(ctx context.Context, in *room, address netip.Addr, raw []byte) (again []byte, id string, err error) {
	f, err := parseFrame(raw, r.config)
	if err != nil {
		return nil, f.ID, err
	}
	switch f.Type {
	case "ping":
		return encode(serverFrame{Type: "pong"}), "", nil
	case "typing":
		r.typed(in)
		return nil, "", nil
	case "received":
		return nil, "", r.received(ctx, in, f.N)
	case "covert":
		return nil, "", r.setCovert(ctx, in, *f.On)
	case "transcript":
		again, err = r.transcript(ctx, in, address, f)
	default:
		again, err = r.accept(ctx, in, address, f)
	}
	return again, f.ID, err
}

// refusalOf is what the sender of a frame is told of why it was not taken: what
// is our trouble, the operator is told of.
func (r *running) refusalOf(err error) refusal {
	var why refusal
	if !errors.As(err, &why) {
		r.deps.Log.Warn("chat frame was not taken", "err", err)
		why = refusal{code: "unavailable", later: true}
	}
	return why
}

// refused is the answer to a frame that was not taken.
func (r *running) refused(id string, err error) []byte {
	why := r.refusalOf(err)
	r.metrics.refused.WithLabelValues(why.code).Inc()
	if why.later {
		return encode(serverFrame{Type: "later", ID: id, Code: why.code})
	}
	return encode(serverFrame{Type: "refused", ID: id, Code: why.code, Message: why.message})
}

// accept makes what the person sent durable: in the inbox first, then in the
// log, which is the tick.
func (r *running) accept(ctx context.Context, in *room, address netip.Addr, f clientFrame) (again []byte, err error) {
	arrived := time.Now()
	in.mutex.Lock()
	locked := true
	defer func() {
		if locked {
			in.mutex.Unlock()
		}
	}()
	if again, err := r.repeated(ctx, in, f); again != nil || err != nil {
		return again, err
	}
	if in.session.Ended {
		return nil, refuse("ended", "this chat has ended; begin a new one")
	}
	now := r.deps.Now().UTC()
	session := in.session
	language := languageTag(f.Lang)
	if language != "" {
		session.Language = language
	}
	s, err := r.spoken(ctx, session, f, now)
	if err != nil {
		return nil, err
	}
	if session.Language != in.session.Language {
		s.change.Language = &language
	}
	// Whoever is not held back need not be judged here.
	free := sync.OnceValue(func() bool {
		return f.Type == "end" || f.Text != "" && r.deps.Judge != nil && r.deps.Judge.Urgent(f.Text) && r.limiter.overtakes(now, in.id)
	})
	if !r.limiter.fits(now, in.id) && !free() {
		return nil, refusal{code: "too_many", later: true}
	}
	// Who ends a chat in which nothing was said has told nothing.
	if f.Type != "end" || !in.session.LastMessageAt.IsZero() {
		if err := r.durable(ctx, s.document); err != nil {
			return nil, err
		}
	}
	delay := r.limiter.delay(now, in.id, address)
	if delay > 0 && free() {
		delay = 0
	}
	// From here on it is taken; that its sender may have gone changes nothing.
	gone := ctx.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), delay+patience)
	defer cancel()
	if delay > 0 {
		r.tellQueued(ctx, in, now)
		in.mutex.Unlock()
		locked = false
		r.pause(delay, gone)
		in.mutex.Lock()
		locked = true
		if f.Type == "details" { // others may have come meanwhile
			text := string(encode(merged(detailsOf(in.session), f)))
			s.change.Details = &text
		}
	}
	rows, err := in.append(ctx, r.store, s.change)
	if err != nil {
		return nil, err
	}
	r.metrics.taken.WithLabelValues(f.Type).Inc()
	r.metrics.tick.Observe(time.Since(arrived).Seconds())
	if rows[0].Old {
		return rows[0].Frame, nil
	}
	return nil, nil
}

// repeated returns the row of a frame that was taken before. The caller holds
// the room's mutex.
func (r *running) repeated(ctx context.Context, in *room, f clientFrame) ([]byte, error) {
	if known, err := in.took(ctx, r.store, f.ID); !known || err != nil {
		return nil, err
	}
	row, err := r.store.Find(ctx, in.id, rowOwn, f.ID)
	if errors.Is(err, store.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var was serverFrame
	if json.Unmarshal(row.Frame, &was) == nil && was.Type == "message" && f.Type == "message" && was.Text != f.Text {
		return nil, refuse("id_used", "another message has this id")
	}
	return row.Frame, nil
}

// durable hands a document to the inbox.
func (r *running) durable(ctx context.Context, d document) error {
	original, err := d.original()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.inbox.Accept(ctx, []channels.Original{original}, channels.Cursor{}); err != nil {
		r.deps.Log.Debug("chat message was not accepted", "err", err)
		return refusal{code: "unavailable", later: true}
	}
	return nil
}

// tellQueued says that a message is taken and will be confirmed late, once a
// minute. The caller holds the room's mutex.
func (r *running) tellQueued(ctx context.Context, in *room, now time.Time) {
	r.metrics.queued.Inc()
	_, err := in.append(ctx, r.store, store.Change{
		At: now, Rows: []store.Row{{Kind: rowNotice, Ref: "queued/" + now.Format("200601021504")}},
		Render: func(_ int, n int64) []byte {
			return encode(serverFrame{N: n, Type: "notice", Code: "queued", At: &now})
		},
	})
	if err != nil {
		r.deps.Log.Debug("notice was not kept", "err", err)
	}
}

// pause waits, unless nobody is there to wait for, or Receive ends.
func (r *running) pause(delay time.Duration, gone <-chan struct{}) {
	select {
	case <-r.timing.late(delay):
	case <-gone:
	case <-r.ctx.Done():
	}
}

// spoken is what the person sent, as an original and as a change of the log.
type spoken struct {
	document document
	change   store.Change
}

// spoken makes both from a frame.
func (r *running) spoken(ctx context.Context, session store.Session, f clientFrame, now time.Time) (spoken, error) {
	d := r.newDocument(session, f.Type, f.ID, now)
	d.At, d.Text = f.At, f.Text
	frame := serverFrame{Type: "message", ID: f.ID, Text: f.Text, At: &now}
	s := spoken{change: store.Change{At: now, Spoke: true}}
	var notices []serverFrame
	switch f.Type {
	case "message":
		kept, err := r.filesOf(ctx, session, f.Files)
		if err != nil {
			return spoken{}, err
		}
		for _, each := range kept {
			d.Files = append(d.Files, file{SHA256: each.SHA256, Name: each.Name, Size: each.Size, MediaType: each.MediaType, Claimed: each.Claimed, Scan: each.Scan})
			frame.Files = append(frame.Files, onWire(each))
		}
		if keptBack(kept) {
			notices = append(notices, serverFrame{Code: "file_quarantined", ID: f.ID})
		}
	case "location":
		d.Location = &location{Lat: *f.Lat, Lon: *f.Lon, AccuracyM: f.AccuracyM}
		d.Text, frame.Text, frame.Location = "", "", d.Location
	case "details":
		d.Text, frame.Text = "", ""
		d.Details = merged(d.Details, f)
		frame = serverFrame{Type: "details", ID: f.ID, At: &now, wireAnswer: wireAnswer{
			Name: d.Details.Name, Reach: d.Details.Reach, SafeToContact: d.Details.SafeToContact,
		}}
		if d.Details.Location != "" {
			frame.Location = d.Details.Location
		}
		text := string(encode(d.Details))
		s.change.Details = &text
	case "end":
		ended := true
		frame = serverFrame{Type: "notice", Code: "ended", ID: f.ID, At: &now}
		s.change.Spoke, s.change.Ended, d.Text = false, &ended, ""
	}
	if text := r.desk.reads(session.Site, session.Language); text != "" && f.Type != "end" {
		site, _ := r.site(session.Site)
		d.Told = text + " " + site.danger(session.Language)
		notices = append(notices, serverFrame{Code: "closed", Text: d.Told})
	}
	s.document = d
	s.rows(frame, notices, r.desk.closing(session.Site)+" "+session.Language, d)
	return s, nil
}

// rows are the person's own row, and after it what they are told at once.
func (s *spoken) rows(own serverFrame, notices []serverFrame, closing string, d document) {
	frames := []serverFrame{own}
	original, _ := d.original() // it was made before
	s.change.Rows = []store.Row{{Kind: rowOwn, Ref: d.ID, Contact: messageID(d.Site, original.ID)}}
	for _, notice := range notices {
		ref := notice.Code + "/" + closing
		if notice.ID != "" {
			ref = notice.Code + "/" + notice.ID
		}
		notice.Type, notice.At = "notice", own.At
		frames = append(frames, notice)
		s.change.Rows = append(s.change.Rows, store.Row{Kind: rowNotice, Ref: ref})
	}
	s.change.Render = func(i int, n int64) []byte {
		frame := frames[i]
		frame.N = n
		return encode(frame)
	}
}

// newDocument holds what is known of a session by now.
func (r *running) newDocument(session store.Session, kind, id string, now time.Time) document {
	return document{
		Kind: kind, Site: session.Site, Session: session.Public, Conversation: session.Conversation,
		ID: id, ReceivedAt: now, Details: detailsOf(session), Covert: session.Covert, Language: session.Language, Page: session.Page,
	}
}

// detailsOf are the answers that a session holds, nil for none.
func detailsOf(session store.Session) *details {
	if session.Details == "" {
		return nil
	}
	var d details
	if json.Unmarshal([]byte(session.Details), &d) != nil {
		return nil
	}
	return &d
}

// merged are the answers with those of a frame: what it leaves out stays.
func merged(old *details, f clientFrame) *details {
	var d details
	if old != nil {
		d = *old
	}
	for _, each := range []struct {
		into *string
		said string
	}{{&d.Name, f.Name}, {&d.Reach, f.Reach}, {&d.SafeToContact, f.SafeToContact}, {&d.Location, f.Location}} {
		if each.said != "" {
			*each.into = each.said
		}
	}
	return &d
}

// setCovert switches the covert mode. Once the person has written, the desk is
// told by a message.
func (r *running) setCovert(ctx context.Context, in *room, on bool) error {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	if in.session.Covert == on {
		return nil
	}
	now := r.deps.Now().UTC()
	if !in.session.LastMessageAt.IsZero() && !in.session.Ended {
		if !r.limiter.fits(now, in.id) {
			return refusal{code: "too_many", later: true}
		}
		d := r.newDocument(in.session, kindCovert, fmt.Sprintf("covert-%d", now.UnixMicro()), now)
		d.Covert = on
		if err := r.durable(ctx, d); err != nil {
			return err
		}
	}
	_, err := in.append(context.WithoutCancel(ctx), r.store, store.Change{At: now, Covert: &on})
	return err
}

// Typing is told to the desk, and kept for the case that the person vanishes,
// no more often than this.
const (
	typingEach     = 3 * time.Second
	typingKeptEach = 10 * time.Second
)

func (r *running) typed(in *room) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	now := r.deps.Now()
	in.session.LastTypingAt = now
	if now.Sub(in.typingKept) >= typingKeptEach {
		in.typingKept = now
		r.store.Typing(in.id, now)
	}
	if now.Sub(in.typingTold) >= typingEach && r.deps.Signals != nil {
		in.typingTold = now
		r.deps.Signals.SenderTyping(Kind, in.session.Site, in.session.Conversation)
	}
}
