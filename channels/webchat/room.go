package webchat

import (
	"context"
	"sync"
	"time"

	"contactd/channels/webchat/store"
)

// room is a session in use: by connections, or by a change that is being made.
// All that happens to a session happens under its mutex, so that the inbox, the
// log and every window have the same order.
type room struct {
	id int64

	mutex   sync.Mutex
	loaded  bool // session was read
	session store.Session
	lines   map[*line]struct{}
	// taken are the ids of all that the person sent, once one was asked for.
	taken map[string]struct{}

	typingTold, typingKept time.Time // when the person's typing was last passed on

	users int // guarded by rooms.mutex
}

// rooms are the sessions in use. Those that nobody uses are forgotten here;
// what must be known later is in the store.
type rooms struct {
	mutex          sync.Mutex
	byID           map[int64]*room
	byConversation map[string]*room
}

func newRooms() *rooms {
	return &rooms{byID: map[int64]*room{}, byConversation: map[string]*room{}}
}

// enter returns the room of a session, for the caller until leave. load reads
// the session when nobody is in; who comes meanwhile waits, so that nobody goes
// on with what was read before another changed it.
func (rs *rooms) enter(id int64, load func() (store.Session, error)) (*room, error) {
	rs.mutex.Lock()
	r := rs.byID[id]
	if r == nil {
		r = &room{id: id, lines: map[*line]struct{}{}}
		rs.byID[id] = r
	}
	r.users++
	rs.mutex.Unlock()
	if err := rs.load(r, load); err != nil {
		rs.leave(r)
		return nil, err
	}
	return r, nil
}

// load reads the session of a room unless it was.
func (rs *rooms) load(r *room, read func() (store.Session, error)) (err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.loaded {
		return nil
	}
	if r.session, err = read(); err != nil {
		return err
	}
	r.loaded = true
	rs.mutex.Lock()
	defer rs.mutex.Unlock()
	rs.byConversation[r.session.Conversation] = r
	return nil
}

// leave lets a room go.
func (rs *rooms) leave(r *room) {
	rs.mutex.Lock()
	defer rs.mutex.Unlock()
	if r.users--; r.users == 0 {
		delete(rs.byID, r.id)
		delete(rs.byConversation, r.session.Conversation)
	}
}

// inUse returns the room of a conversation, for the caller until leave, and
// nil when nobody is in.
func (rs *rooms) inUse(conversation string) *room {
	rs.mutex.Lock()
	defer rs.mutex.Unlock()
	r := rs.byConversation[conversation]
	if r != nil {
		r.users++
	}
	return r
}

// with does something to a session under its mutex.
func (ch *running) with(ctx context.Context, id int64, do func(*room) error) error {
	r, err := ch.rooms.enter(id, func() (store.Session, error) { return ch.store.ByID(ctx, id) })
	if err != nil {
		return err
	}
	defer ch.rooms.leave(r)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return do(r)
}

// all calls visit for every room that is in use.
func (rs *rooms) all(visit func(*room)) {
	rs.mutex.Lock()
	list := make([]*room, 0, len(rs.byID))
	for _, r := range rs.byID {
		list = append(list, r)
	}
	rs.mutex.Unlock()
	for _, r := range list {
		visit(r)
	}
}

// append makes a change of the session durable and shows its rows in every
// window. The caller holds mutex.
func (r *room) append(ctx context.Context, s *store.Store, c store.Change) ([]store.Row, error) {
	rows, err := s.Append(ctx, r.session.ID, c)
	if err != nil {
		// It may have happened all the same: what is known here is read again.
		r.taken = nil
		if again, loadErr := s.ByID(context.WithoutCancel(ctx), r.session.ID); loadErr == nil {
			r.session = again
			for l := range r.lines {
				l.upto(again.N)
			}
		}
		return nil, err
	}
	if len(rows) > 0 && rows[0].Old {
		return rows, nil
	}
	r.apply(c)
	for _, row := range rows {
		r.session.N = row.N
		if row.Kind == rowOwn && r.taken != nil {
			r.taken[row.Ref] = struct{}{}
		}
		for l := range r.lines {
			l.numbered(row.N, row.Frame)
		}
	}
	return rows, nil
}

// took reports whether something with this id was taken from the person before.
// The caller holds mutex.
func (r *room) took(ctx context.Context, s *store.Store, id string) (bool, error) {
	if r.taken == nil {
		refs, err := s.Refs(ctx, r.id, rowOwn)
		if err != nil {
			return false, err
		}
		r.taken = make(map[string]struct{}, len(refs))
		for _, ref := range refs {
			r.taken[ref] = struct{}{}
		}
	}
	_, known := r.taken[id]
	return known, nil
}

// apply keeps the copy of the session true.
func (r *room) apply(c store.Change) {
	if c.Spoke {
		r.session.LastMessageAt = c.At
		r.session.Unanswered++
	}
	if c.Answered {
		r.session.Unanswered = 0
	}
	if c.Covert != nil {
		r.session.Covert = *c.Covert
	}
	if c.Details != nil {
		r.session.Details = *c.Details
	}
	if c.Language != nil {
		r.session.Language = *c.Language
	}
	if c.Ended != nil {
		r.session.Ended = *c.Ended
	}
}

// tell shows a frame that may be lost in every window. The caller holds mutex.
func (r *room) tell(frame []byte) {
	for l := range r.lines {
		l.passing(frame)
	}
}
