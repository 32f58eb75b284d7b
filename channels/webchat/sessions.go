package webchat

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"contactd/channels/webchat/store"
)

// openingLimit is the size of the body that begins a session.
const openingLimit = 4 << 10

// opening is what a page says that begins a session.
type opening struct {
	Site, Lang, Page string
	Covert           bool
}

func (r *running) postSession(w http.ResponseWriter, req *http.Request) {
	var o opening
	raw, err := body(w, req, openingLimit)
	if err == nil {
		err = decodeStrictly(raw, &o)
	}
	if err != nil {
		r.fail(w, http.StatusBadRequest, "bad_request", "want one small JSON object")
		return
	}
	token := newToken()
	if session, ok := r.beginSession(w, req, o, token); ok {
		answer(w, http.StatusCreated, map[string]any{"token": token, "session": session.Public, "n": 0})
	}
}

// beginSession makes a session that token opens; false when the request was
// answered.
func (r *running) beginSession(w http.ResponseWriter, req *http.Request, o opening, token string) (session store.Session, ok bool) {
	site, ok := r.site(o.Site)
	switch {
	case !ok:
		r.fail(w, http.StatusNotFound, "site", "there is no such site")
		return session, false
	case !r.origins.allows(site, strings.ToLower(req.Header.Get("Origin")), req):
		r.fail(w, http.StatusForbidden, "origin", "this page may not use the chat of this site; list its origin there")
		return session, false
	case !r.limiter.session(r.deps.Now(), r.proxies.Client(req)):
		r.fail(w, http.StatusTooManyRequests, "too_many", "too many chats were begun from this address; try again in a few minutes, or call")
		return session, false
	}
	name := "s-" + strings.ToLower(rand.Text())
	session, err := r.store.Create(req.Context(), token, store.Session{
		Public: name, Conversation: conversation(site.Name, name), Site: site.Name,
		Language: languageTag(o.Lang), Page: plainPage(o.Page), CreatedAt: r.deps.Now().UTC(), Covert: o.Covert,
	})
	if err != nil {
		r.unavailable(w, err)
		return session, false
	}
	r.metrics.sessions.WithLabelValues(site.Name).Inc()
	return session, true
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
	answer(w, http.StatusCreated, map[string]any{"ticket": name, "seconds": int(ticketLife.Seconds())})
}
