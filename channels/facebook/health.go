package facebook

import (
	"fmt"
	"sync"

	"contactd/channels"
)

// health tells of an account as a whole: it works when nothing of it fails.
type health struct {
	account string
	to      channels.Health

	mutex   sync.Mutex
	failing map[string]error // by what fails
}

// report notes how something of the account went.
func (h *health) report(what string, err error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if err != nil {
		h.failing[what] = err
		h.to.Failing(Kind, h.account, fmt.Errorf("%s: %w", what, err))
		return
	}
	delete(h.failing, what)
	if len(h.failing) == 0 {
		h.to.Working(Kind, h.account)
	}
}
