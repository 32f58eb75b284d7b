package webchat

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/coder/websocket"

	"contactd/channels/webchat/store"
)

// openingLimit is the size of the body that begins a session.
const openingLimit = 4 << 10

func (r *running) postSession(w http.ResponseWriter, req *http.Request) {
	var opening struct {
		Site, Lang, Page string
		Covert           bool
	}
	raw, err := body(w, req, openingLimit)
	if err == nil {
		err = decodeStrictly(raw, &opening)
	}
	if err != nil {
		r.fail(w, http.StatusBadRequest, "bad_request", "want one small JSON object")
		return
	}
	site, ok := r.site(opening.Site)
	if !ok {
		r.fail(w, http.StatusNotFound, "site", "there is no such site")
		return
	}
	if !r.origins.allows(site, strings.ToLower(req.Header.Get("Origin")), req) {
		r.fail(w, http.StatusForbidden, "origin", "this page may not use the chat of this site; list its origin there")
		return
	}
	if !r.limiter.session(r.deps.Now(), r.proxies.Client(req)) {
		r.fail(w, http.StatusTooManyRequests, "too_many", "too many chats were begun from this address; try again in a few minutes, or call")
		return
	}
	token := newToken()
	name := "s-" + strings.ToLower(rand.Text())
	session := store.Session{
		Public: name, Conversation: conversation(site.Name, name), Site: site.Name,
		Language: languageTag(opening.Lang), Page: plainPage(opening.Page), CreatedAt: r.deps.Now().UTC(), Covert: opening.Covert,
	}
	if _, err := r.store.Create(req.Context(), token, session); err != nil {
		r.unavailable(w, err)
		return
	}
	r.metrics.sessions.WithLabelValues(site.Name).Inc()
	answer(w, http.StatusCreated, map[string]any{"token": token, "session": name, "n": 0})
}

// newToken is 256 random bits.
func newToken() string {
	bits := make([]byte, 32)
	_, _ = rand.Read(bits) // never fails
	return base64.RawURLEncoding.EncodeToString(bits)
}

var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$`)

// languageTag is a BCP 47 tag, or empty for what is none.
func languageTag(text string) string {
	if !languagePattern.MatchString(text) {
		return ""
	}
	return text
}

// plainPage is the address of a page without what may be secret in it.
func plainPage(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || len(u.Host)+len(u.Path) > 500 {
		return ""
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

func (r *running) postTicket(w http.ResponseWriter, req *http.Request) {
	session, ok := r.authorized(w, req)
	if !ok {
		return
	}
	name := r.tickets.issue(session.ID, strings.ToLower(req.Header.Get("Origin")), r.deps.Now())
	if name == "" {
		r.fail(w, http.StatusTooManyRequests, "too_many", "too many tickets wait to be used; try again in a minute")
		return
	}
	answer(w, http.StatusCreated, map[string]any{"ticket": name, "seconds": int(ticketLife.Seconds())})
}

const byePath = "/chat/v1/bye"

// postBye is the last sign of a page that goes: the clock of its being gone
// begins now, and nobody waits for a broken connection to be noticed.
func (r *running) postBye(w http.ResponseWriter, req *http.Request) {
	raw, err := body(w, req, 200)
	if err != nil {
		r.fail(w, http.StatusBadRequest, "bad_request", "want the token alone")
		return
	}
	session, err := r.store.ByToken(req.Context(), strings.TrimSpace(string(raw)))
	if errors.Is(err, store.ErrUnknown) {
		w.WriteHeader(http.StatusNoContent) // it has gone already
		return
	}
	forget := req.URL.Query().Get("forget") == "1"
	if err == nil && forget {
		err = r.store.Forget(req.Context(), session.ID)
	}
	if err != nil {
		r.unavailable(w, err)
		return
	}
	if in := r.rooms.inUse(session.Conversation); in != nil {
		in.mutex.Lock()
		in.session.Forgotten = in.session.Forgotten || forget
		for l := range in.lines {
			if forget {
				go l.end(websocket.StatusNormalClosure, "bye")
			} else {
				go l.ask() // the one that goes is gone soon
			}
		}
		in.mutex.Unlock()
		r.rooms.leave(in)
	}
	w.WriteHeader(http.StatusNoContent)
}
