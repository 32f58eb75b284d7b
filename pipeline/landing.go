package pipeline

import (
	"strings"
	"time"

	"contactd/contact"
)

// Landing is where in a partition of TopicEvents a message was acknowledged.
type Landing struct{ Seq, Offset int64 }

// Landed is a message at its place, with its identity.
type Landed struct {
	Landing
	// Published is when the journal noted it.
	Published            time.Time
	Channel, Account, ID string
}

// toldBy reports whether a record with these headers tells of l. Reading the
// message again, which may be what kills the process, is not needed: the id of
// its event is made of the event's type and of l's identity, in one of the ways
// of sealer. The id alone counts: its source holds the force besides, which
// may have been renamed since.
func (l Landed) toldBy(headers map[string]string) bool {
	id, kind := headers["ce_id"], headers["ce_type"]
	message := contact.MessageID(l.Channel, l.Account, l.ID)
	if id == contact.EventID(kind, message, "") || id == contact.EventID(kind, message, unreadable) {
		return true
	}
	about, which, _ := strings.Cut(l.ID, "/")
	return Own(l.Channel) && id == contact.EventID(kind, about, which)
}
