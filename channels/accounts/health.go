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

// Report notes how something of the account went.
func (h *Health) Report(what string, err error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if err != nil {
		h.failing[what] = err
		h.to.Failing(h.channel, h.account, fmt.Errorf("%s: %w", what, err))
		return
	}
	delete(h.failing, what)
	if len(h.failing) == 0 {
		h.to.Working(h.channel, h.account)
	}
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
