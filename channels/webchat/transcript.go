package webchat

import (
	"cmp"
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
	transcriptsOfChat = 3
	transcriptRows    = 2000
)

// The codes of notices on a transcript.
const (
	askedCode   = "transcript_asked"
	sentCode    = "transcript_sent"
	failedCode  = "transcript_failed"  // there will be none
	unknownCode = "transcript_unknown" // perhaps it was sent
	unsafeCode  = "transcript_unsafe"
)

// transcript takes the wish for a copy of the chat by mail, if that is safe.
// Once it is confirmed, sendCopies sends it, whoever is still there.
func (r *running) transcript(ctx context.Context, in *room, address netip.Addr, f clientFrame) (again []byte, err error) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	if again, err := r.repeated(ctx, in, f); again != nil || err != nil {
		return again, err
	}
	now := r.deps.Now().UTC()
	asked := store.Copy{Ref: f.ID, Address: f.Email, Language: cmp.Or(languageTag(f.Lang), in.session.Language), Due: now}
	if err := r.mayMail(ctx, in, asked, address); err != nil {
		return nil, err
	}
	_, err = in.append(context.WithoutCancel(ctx), r.store, store.Change{
		At: now, Asked: &asked, Rows: []store.Row{{Kind: rowOwn, Ref: f.ID}},
		Render: func(_ int, n int64) []byte {
			return encode(serverFrame{N: n, Type: "notice", Code: askedCode, ID: f.ID, At: &now})
		},
	})
	select {
	case r.copies <- struct{}{}:
	default:
	}
	return nil, err
}

// mayMail refuses a transcript that is not safe, cannot be sent, or is one too
// many. The caller holds the room's mutex.
func (r *running) mayMail(ctx context.Context, in *room, asked store.Copy, address netip.Addr) error {
	words := transcriptWords(asked.Language)
	wrong := words.wrongWith(asked.Address)
	switch {
	case isUnsafe(in.session):
		return refuse(unsafeCode, "no copy is sent, because it might be seen by others")
	case wrong != "":
		return refuse("bad_address", "%s", wrong)
	case r.deps.Mailer == nil:
		return refuse("transcript_unavailable", "%s", words.unavailable)
	}
	copies, err := r.store.CopiesOf(ctx, in.id)
	if err == nil && (copies >= transcriptsOfChat || !r.limiter.transcript(r.deps.Now(), address)) {
		err = refuse("too_many", "%s", words.tooMany)
	}
	return err
}

// isUnsafe reports whether no copy of a chat may go out: it could be seen by
// whom the person fears, or they have left by the quick exit.
func isUnsafe(s store.Session) bool {
	d := detailsOf(s)
	return s.Covert || s.Forgotten || d != nil && d.SafeToContact == "no"
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
	if len(rows) == transcriptRows {
		text.WriteString(w.rest + "\n")
	}
	return text.String()
}
