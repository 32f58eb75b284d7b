package accounts

import (
	"fmt"
	"log/slog"
	"sync"

	"contactd/channels"
)

// Health tells of an account as a whole: it works when nothing of it fails. It
// is safe for concurrent use.
type Health struct {
	channel, account string
	to               channels.Health

	mutex   sync.Mutex
	failing map[string]error // by what fails
}

// NewHealth makes the health of an account.
func NewHealth(channel, account string, to channels.Health) *Health {
	return &Health{channel: channel, account: account, to: to, failing: map[string]error{}}
}

// Report notes how something of the account went. What still fails is told when
// something else has ended: nobody looks for what is mended.
func (h *Health) Report(what string, err error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	_, failed := h.failing[what]
	delete(h.failing, what)
	switch other, cause := h.first(); {
	case err != nil:
		h.failing[what] = err
		h.tell(what, err)
	case cause == nil:
		h.to.Working(h.channel, h.account)
	case failed:
		h.tell(other, cause)
	}
}

func (h *Health) tell(what string, err error) {
	h.to.Failing(h.channel, h.account, fmt.Errorf("%s: %w", what, err))
}

// first is something that fails, the same one however often it is asked; nil
// when nothing does.
func (h *Health) first() (what string, err error) {
	for each, cause := range h.failing {
		if err == nil || each < what {
			what, err = each, cause
		}
	}
	return what, err
}

// ReportAll makes a function that notes of several accounts how the reading of
// a secret went that they share, and tells the log when it fails.
func ReportAll(log *slog.Logger, what string, healths []*Health) func(error) {
	return func(err error) {
		if err != nil {
			log.Error("secret cannot be read, trying again", "what", what, "err", err)
		}
		for _, h := range healths {
			h.Report(what, err)
		}
	}
}
