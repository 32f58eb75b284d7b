package webchat

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"contactd/channels/webchat/store"
)

// The limits of transcripts: a mail to whatever address somebody gives is a
// way to send mail to strangers.
const (
	mailsAtOnce       = 4
	transcriptsOfChat = 3
	mailLimit         = 30 * time.Second
	transcriptRows    = 2000
)

// transcript sends the chat to the person by mail, if that is safe.
func (r *running) transcript(ctx context.Context, in *room, address netip.Addr, f clientFrame) (again []byte, err error) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	if again, err := r.repeated(ctx, in, f); again != nil || err != nil {
		return again, err
	}
	if in.mailing[f.ID] {
		return nil, nil
	}
	rows, err := r.store.After(ctx, in.id, 0, transcriptRows)
	if err != nil {
		return nil, err
	}
	if err := r.mayMail(in, rows, address); err != nil {
		return nil, err
	}
	select {
	case r.mails <- struct{}{}:
	default:
		return nil, refusal{code: "unavailable", later: true}
	}
	if !r.begin() {
		<-r.mails
		return nil, nil // the end has begun, and who comes back asks again
	}
	if in.mailing == nil {
		in.mailing = map[string]bool{}
	}
	in.mailing[f.ID] = true
	r.rooms.inUse(in.session.Conversation) // with the room, what is on its way would be forgotten
	words := transcriptWords(in.session.Language)
	text := words.written(rows, r.desk.hours[in.session.Site].Zone())
	go func() {
		defer r.work.Done()
		defer func() { <-r.mails }()
		defer r.rooms.leave(in)
		if err := r.mail(in, f, words.subject, text); err != nil {
			r.deps.Log.Warn("transcript was not sent", "err", err)
		}
	}()
	return nil, nil
}

// mayMail refuses a transcript that is not safe, cannot be sent, or is one too
// many. The caller holds the room's mutex.
func (r *running) mayMail(in *room, rows []store.Row, address netip.Addr) error {
	switch d := detailsOf(in.session); {
	case in.session.Covert, d != nil && d.SafeToContact == "no":
		return refuse("transcript_unsafe", "no copy is sent, because it might be seen by others")
	case r.deps.Mailer == nil:
		return refuse("transcript_unavailable", "no copy can be sent by e-mail here")
	case mailed(rows)+len(in.mailing) >= transcriptsOfChat, !r.limiter.transcript(r.deps.Now(), address):
		return refuse("too_many", "a copy was sent often enough")
	}
	return nil
}

// sentCode is the code of the notice that a transcript was sent.
const sentCode = "transcript_sent"

// mailed counts the transcripts that were sent.
func mailed(rows []store.Row) (n int) {
	for _, row := range rows {
		var f serverFrame
		if json.Unmarshal(row.Frame, &f) == nil && f.Code == sentCode {
			n++
		}
	}
	return n
}

// mail sends and notes it, or tells who waits that it must be asked for again.
func (r *running) mail(in *room, f clientFrame, subject, text string) error {
	ctx, cancel := context.WithTimeout(r.ctx, mailLimit)
	defer cancel()
	err := r.deps.Mailer.Mail(ctx, f.Email, subject, text)
	in.mutex.Lock()
	defer in.mutex.Unlock()
	delete(in.mailing, f.ID) // whoever is told and asks again is heard again
	if err != nil {
		in.tell(encode(serverFrame{Type: "later", ID: f.ID, Code: "unavailable"}))
		return err
	}
	now := r.deps.Now().UTC()
	_, err = in.append(context.WithoutCancel(ctx), r.store, store.Change{
		At: now, Rows: []store.Row{{Kind: rowOwn, Ref: f.ID}},
		Render: func(_ int, n int64) []byte {
			return encode(serverFrame{N: n, Type: "notice", Code: sentCode, ID: f.ID, At: &now})
		},
	})
	return err
}

// wording are the words of a transcript.
type wording struct{ subject, you, police, place, file string }

func transcriptWords(language string) wording {
	if isWelsh(language) {
		return wording{"Eich sgwrs â’r heddlu", "Chi", "Heddlu", "eich lleoliad", "ffeil"}
	}
	return wording{"Your chat with the police", "You", "Police", "your location", "file"}
}

// written is a chat as plain text.
func (w wording) written(rows []store.Row, zone *time.Location) string {
	var text strings.Builder
	for _, row := range rows {
		var f serverFrame
		if json.Unmarshal(row.Frame, &f) != nil || f.At == nil {
			continue
		}
		who := w.you
		switch f.Type {
		case "message":
		case "reply":
			who = w.police
			if f.SignedAs != "" {
				who += " (" + oneLine(f.SignedAs) + ")"
			}
		default:
			continue
		}
		fmt.Fprintf(&text, "%s %s:\n", f.At.In(zone).Format("02/01/2006 15:04"), who)
		for line := range strings.Lines(f.Text) {
			fmt.Fprintf(&text, "  %s\n", strings.TrimRight(line, "\r\n"))
		}
		if f.Location != nil {
			fmt.Fprintf(&text, "  (%s)\n", w.place)
		}
		for _, each := range f.Files {
			fmt.Fprintf(&text, "  [%s] %s\n", w.file, each.Name)
		}
		text.WriteString("\n")
	}
	return text.String()
}
