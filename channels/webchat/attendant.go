package webchat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"contactd/channels/webchat/store"
	"contactd/contact"
)

// Seen puts the second tick to a message, and thereby to all before it.
func (ch *Channel) Seen(ctx context.Context, seen contact.Seen) error {
	r, err := ch.await(ctx)
	if err != nil {
		return fmt.Errorf("show chat as seen: %w", err)
	}
	if err := r.seen(ctx, seen); err != nil && !errors.Is(err, store.ErrUnknown) { // nothing there that could show it
		return fmt.Errorf("show chat as seen: %w", err)
	}
	return nil
}

func (r *running) seen(ctx context.Context, seen contact.Seen) error {
	session, err := r.store.ByConversation(ctx, seen.ConversationID)
	if err != nil {
		return err
	}
	row, err := r.store.ByContact(ctx, session.ID, seen.ContactID)
	if err != nil {
		return err
	}
	at := seen.At.UTC()
	return r.with(ctx, session.ID, func(in *room) error {
		_, err := in.append(ctx, r.store, store.Change{
			At: r.deps.Now().UTC(), Rows: []store.Row{{Kind: rowSeen, Ref: row.Ref}},
			Render: func(_ int, n int64) []byte {
				return encode(serverFrame{N: n, Type: "seen", ID: row.Ref, At: &at})
			},
		})
		return err
	})
}

// Typing shows that a handler is writing, to who is there now.
func (ch *Channel) Typing(typing contact.Typing) {
	r := ch.current()
	if r == nil || typing.By == "sender" {
		return
	}
	in := r.rooms.inUse(typing.ConversationID)
	if in == nil {
		return
	}
	defer r.rooms.leave(in)
	in.mutex.Lock()
	defer in.mutex.Unlock()
	in.tell(encode(serverFrame{Type: "typing"}))
}

// presenceEach is how soon after a change people see it, and how often at most.
const presenceEach = time.Second

// announce shows people when the desk opens, closes, or has more to do.
func (r *running) announce() {
	shown := map[string]state{}
	for _, site := range r.config.Sites {
		shown[site.Name] = r.desk.state(site.Name)
	}
	r.each(presenceEach, func() {
		for _, site := range r.config.Sites {
			if now := r.desk.state(site.Name); now != shown[site.Name] {
				shown[site.Name] = now
				r.show(site.Name, now)
			}
		}
	})
}

// show tells everybody on a site how the desk is.
func (r *running) show(site string, now state) {
	frames := map[string][]byte{} // by language
	r.rooms.all(func(in *room) {
		in.mutex.Lock()
		defer in.mutex.Unlock()
		if in.session.Site != site || len(in.lines) == 0 {
			return
		}
		language := in.session.Language
		if frames[language] == nil {
			frames[language] = encode(now.frame(r.desk.reads(site, language)))
		}
		in.tell(frames[language])
	})
}
