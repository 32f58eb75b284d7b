package email

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"contactd/channels"
	"contactd/channels/email/imap"
)

// folder reads one folder of an account. It is used by one goroutine.
type folder struct {
	*Channel
	account *account
	name    string
	inbox   channels.Inbox
	log     *slog.Logger
	network backoff
	login   backoff

	position position
	afterIs  string // "move", "flag", or "keep" while the server cannot
	target   string

	known      uidSet // accepted by this process, or there when it began
	remembered bool   // what was there when it began was noted
	swept      time.Time

	trouble  map[uint32]int // failed attempts to fetch, by UID
	oneByOne uint32         // up to this UID mails are listed one at a time
	dateless uint32         // up to this UID without INTERNALDATE
	upSince  time.Time      // since when the session works, zero while it does not

	unlisted      uint32 // the window whose list failed last, by its first UID
	unlistedTimes int
}

func newFolder(ch *Channel, a *account, name string, inbox channels.Inbox) *folder {
	return &folder{
		Channel: ch, account: a, name: name, inbox: inbox,
		log:     ch.deps.Log.With("channel", Kind, "account", a.Name, "folder", name),
		network: ch.timing.network, login: ch.timing.login,
		trouble: map[uint32]int{},
	}
}

// run keeps a session up until ctx ends.
func (f *folder) run(ctx context.Context) {
	for ctx.Err() == nil {
		f.upSince = time.Time{}
		err := f.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if !f.upSince.IsZero() && time.Since(f.upSince) >= f.timing.healthy {
			f.network.reset()
			f.login.reset()
		}
		if err == nil {
			continue // the server ended a long IDLE: it wants a new session
		}
		pause := f.pause(err)
		f.tell(err)
		f.metrics.failures.WithLabelValues(f.account.Name, f.name, cause(err)).Inc()
		f.log.Warn("session ended", "err", err, "retry_in", pause.Round(time.Millisecond))
		wait(ctx, pause)
	}
}

// tell tells how the folder does.
func (f *folder) tell(err error) { f.account.health.Report(fmt.Sprintf("folder %q", f.name), err) }

// pause is how long to wait after err.
func (f *folder) pause(err error) time.Duration {
	var refused *imap.Refused
	if !errors.As(err, &refused) {
		return f.network.delay()
	}
	pause := &f.network
	if refused.Login {
		pause = &f.login
	}
	return max(pause.delay(), min(refused.Wait, time.Hour))
}

// cause sorts errors for the metric.
func cause(err error) string {
	var refused *imap.Refused
	switch {
	case errors.Is(err, errInbox):
		return "inbox"
	case errors.As(err, &refused) && refused.Login:
		return "login"
	case errors.As(err, &refused):
		return "refused"
	default:
		return "network"
	}
}

// session is the life of one connection. It returns nil when the server ended
// it in good order.
func (f *folder) session(ctx context.Context) error {
	if _, err := f.account.keyed(); err != nil {
		return err // what is taken now could not be read
	}
	s, err := f.account.open(ctx, f.timing.limits)
	if err != nil {
		return err
	}
	defer s.Close()
	f.afterIs, f.target, _ = strings.Cut(f.account.After, ":")
	selected, err := s.Select(f.name, f.afterIs == "keep")
	if err != nil {
		return err
	}
	if err := f.resume(ctx, selected); err != nil {
		return err
	}
	f.settleAfter(s, selected)
	for first := true; ; first = false {
		if err := f.look(ctx, s, first); err != nil {
			return err
		}
		if f.upSince.IsZero() {
			f.upSince = time.Now()
		}
		over, err := f.await(ctx, s)
		if over || err != nil {
			return err
		}
	}
}

// look takes what is new, and now and then what was missed.
func (f *folder) look(ctx context.Context, s *imap.Session, first bool) error {
	if err := f.remember(s); err != nil {
		return err
	}
	if err := f.catchUp(ctx, s); err != nil {
		return err
	}
	f.tell(nil)
	f.metrics.searched.WithLabelValues(f.account.Name, f.name).SetToCurrentTime()
	if !first && time.Since(f.swept) < f.timing.sweep {
		return nil
	}
	newer, err := f.sweep(ctx, s)
	if err == nil && newer {
		err = f.catchUp(ctx, s)
	}
	return err
}

// shortIdle tells a server that ends IDLE at once from one that ends it now
// and then.
const shortIdle = 5 * time.Second

// await returns when there may be new mail, or with over when the session is.
func (f *folder) await(ctx context.Context, s *imap.Session) (over bool, err error) {
	if !s.CanIdle() {
		wait(ctx, f.account.Poll)
		return false, s.Noop()
	}
	begun := time.Now()
	woken, err := s.Idle(min(f.account.Idle, max(time.Second, f.timing.sweep-time.Since(f.swept))))
	if err != nil || woken != imap.Ended {
		return false, err
	}
	if time.Since(begun) < shortIdle {
		return true, errors.New("idle: ended by the server at once")
	}
	return true, nil
}

// resume finds where to read on under the server's present numbering.
func (f *folder) resume(ctx context.Context, selected imap.Folder) error {
	if f.position.validity == 0 {
		if err := f.recall(ctx); err != nil {
			return err
		}
	}
	switch old := f.position; {
	case old.validity == 0:
		f.position = position{validity: selected.Validity}
	case old.validity != selected.Validity:
		f.log.Warn("mails were renumbered: reading the folder again",
			"old_uidvalidity", old.validity, "new_uidvalidity", selected.Validity)
		// All mails that the next search finds may be known under other UIDs.
		f.position = position{validity: selected.Validity, renumbered: everything, reissued: old.reissued}
	case selected.Next != 0 && selected.Next <= old.last:
		f.log.Error("the server gives UIDs out again, as after a backup was put back: reading the folder again",
			"uidvalidity", selected.Validity, "uidnext", selected.Next, "read_up_to", old.last)
		// Those up to the old position may be known, also the ones that are not
		// there now: it may be another machine, which lags behind.
		f.position = position{validity: selected.Validity, renumbered: max(old.last, old.renumbered), reissued: old.reissued + 1}
	default:
		return nil
	}
	f.known, f.remembered = uidSet{}, false
	f.swept = time.Time{}
	f.trouble = map[uint32]int{}
	f.oneByOne, f.dateless = 0, 0
	return nil
}

// everything stands for the highest UID until a search has told it.
const everything = ^uint32(0)

// recall asks the inbox how far this folder was read.
func (f *folder) recall(ctx context.Context) error {
	kept, err := f.inbox.Cursor(ctx, cursorName(f.account.Name, f.name))
	if err != nil {
		return fmt.Errorf("%w: read cursor: %w", errInbox, err)
	}
	if kept.Value == "" {
		return nil
	}
	p, err := decodePosition(kept.Value)
	if err != nil {
		// Unknown is not lost: everything is read again, and what is known by
		// its bytes is not stored twice. No server's UIDVALIDITY is this one.
		f.log.Error("cursor not understood: reading the folder again", "err", err)
		p = position{validity: everything}
	}
	f.position = p
	return nil
}

// settleAfter decides what can be done with accepted mails on this server.
func (f *folder) settleAfter(s *imap.Session, selected imap.Folder) {
	switch {
	case f.afterIs == "move" && !s.CanMove():
		f.log.Warn("mails are kept: the server can move none without touching others")
	case f.afterIs == "flag" && !selected.Keywords && !slices.Contains(selected.Flags, f.target):
		f.log.Warn("mails are kept unmarked: the server keeps no keywords of ours")
	default:
		return
	}
	f.afterIs = "keep"
}
