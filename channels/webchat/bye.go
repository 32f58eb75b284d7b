package webchat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"contactd/channels/webchat/store"
)

const byePath = "/chat/v1/bye"

// byeLimit is the size of what a page says as it goes: browsers let it say no
// more. byeTokens is more than 20 messages take that have 50 files each: what is
// refused would leave the key of the chat behind.
const (
	byeLimit  = 64 << 10
	byeTokens = 5000
)

// lastWords are what a page says as it goes.
type lastWords struct {
	Token string
	// Begin is how the chat begins of who has said Frames and has no token yet.
	Begin *opening
	// Frames were sent and not confirmed.
	Frames []json.RawMessage
}

// postBye is the last sign of a page that goes: the clock of its being gone
// begins now, and nobody waits for a broken connection to be noticed.
func (r *running) postBye(w http.ResponseWriter, req *http.Request) {
	raw, err := body(w, req, byeLimit)
	said := lastWords{Token: strings.TrimSpace(string(raw))}
	if err == nil && strings.HasPrefix(said.Token, "{") {
		said = lastWords{}
		err = decodeWithin(byeTokens, raw, &said)
	}
	if err != nil {
		r.fail(w, http.StatusBadRequest, "bad_request", "want the token alone, or one JSON object")
		return
	}
	session, ok := r.leaving(w, req, said)
	if !ok {
		return
	}
	forget := req.URL.Query().Get("forget") == "1" || said.Token == "" // nobody has the key of a chat that begins so
	if err := r.sayGoodbye(context.WithoutCancel(req.Context()), session, forget); err != nil {
		r.unavailable(w, err)
		return
	}
	if err := r.takeLast(req, session, said.Frames); err != nil {
		r.failFrame(w, r.refusalOf(err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// leaving is the session that is left, which may begin only now; false when the
// request was answered.
func (r *running) leaving(w http.ResponseWriter, req *http.Request, said lastWords) (store.Session, bool) {
	if said.Token == "" && said.Begin != nil && len(said.Frames) > 0 {
		return r.beginSession(w, req, *said.Begin, newToken())
	}
	session, err := r.store.ByToken(req.Context(), said.Token)
	switch {
	case errors.Is(err, store.ErrUnknown):
		w.WriteHeader(http.StatusNoContent) // it has gone already
	case err != nil:
		r.unavailable(w, err)
	default:
		return session, true
	}
	return store.Session{}, false
}

// sayGoodbye ends the connections of a session that is forgotten, and asks those
// of another whether they are still there.
func (r *running) sayGoodbye(ctx context.Context, session store.Session, forget bool) error {
	if forget {
		if err := r.store.Forget(ctx, session.ID); err != nil {
			return err
		}
	}
	return r.with(ctx, session.ID, func(in *room) error {
		in.session.Forgotten = in.session.Forgotten || forget
		for l := range in.lines {
			if forget {
				go l.end(websocket.StatusNormalClosure, "bye")
			} else {
				go l.ask() // the one that goes is gone soon
			}
		}
		return nil
	})
}

// takeLast takes frames of somebody who has gone: nobody waits, and nobody sends
// them again. What is wrong with one of them stops no other.
func (r *running) takeLast(req *http.Request, session store.Session, frames []json.RawMessage) error {
	if len(frames) == 0 {
		return nil
	}
	if !r.begin() {
		return refusal{code: "unavailable", later: true}
	}
	defer r.work.Done()
	ctx := context.WithoutCancel(req.Context())
	in, err := r.rooms.enter(session.ID, func() (store.Session, error) { return r.store.ByID(ctx, session.ID) })
	if err != nil {
		return err
	}
	defer r.rooms.leave(in)
	var problems []error
	for _, frame := range frames {
		if _, _, err := r.take(ctx, in, r.proxies.Client(req), frame); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
