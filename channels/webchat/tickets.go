package webchat

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ticketLife is how long a ticket waits to be used.
const ticketLife = 60 * time.Second

// redeem uses up the ticket of a request. A stream that our own page opens
// comes without an origin.
func (r *running) redeem(req *http.Request) (session int64, ok bool) {
	origin := strings.ToLower(req.Header.Get("Origin"))
	return r.tickets.redeem(req.URL.Query().Get("ticket"), func(asked string) bool {
		return asked == origin || origin == "" && r.origins.isOwn(asked, req)
	}, r.deps.Now())
}

// ticketLimit bounds the unused tickets of everybody. Beyond it, one of them is
// forgotten for each that is issued: one that was asked for in earnest is used
// within moments, and hardly ever that one.
const ticketLimit = 50_000

// tickets open one connection each: a browser can put no header on a socket's
// request, and what stands in an address gets into logs. They are not kept over
// a restart; a client then asks for another.
type tickets struct {
	mutex  sync.Mutex
	unused map[[sha256.Size]byte]ticket
}

type ticket struct {
	session int64
	origin  string
	until   time.Time
}

// issue makes a ticket for pages of one origin.
func (t *tickets) issue(session int64, origin string, now time.Time) string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for key := range t.unused {
		if len(t.unused) < ticketLimit {
			break
		}
		delete(t.unused, key)
	}
	name := rand.Text()
	if t.unused == nil {
		t.unused = map[[sha256.Size]byte]ticket{}
	}
	t.unused[sha256.Sum256([]byte(name))] = ticket{session, origin, now.Add(ticketLife)}
	return name
}

// redeem uses a ticket up. from reports whether the page that has it is one of
// the origin that asked for it.
func (t *tickets) redeem(name string, from func(origin string) bool, now time.Time) (session int64, ok bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	key := sha256.Sum256([]byte(name))
	found, ok := t.unused[key]
	delete(t.unused, key)
	if !ok || now.After(found.until) || !from(found.origin) {
		return 0, false
	}
	return found.session, true
}
