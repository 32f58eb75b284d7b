package email

import (
	"fmt"
	"sync"

	"contactd/channels"
)

// sending stands for the way out among an account's folders. No folder is
// called so: it holds a control character.
const sending = "\x00smtp"

// health tells of an account as a whole: it works when all its folders do, and
// the way out.
type health struct {
	account string
	to      channels.Health

	mutex   sync.Mutex
	failing map[string]bool // by folder
}

func (h *health) working(folder string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.failing, folder)
	if len(h.failing) == 0 {
		h.to.Working(Kind, h.account)
	}
}

func (h *health) fails(folder string, err error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.failing[folder] = true
	if folder == sending {
		h.to.Failing(Kind, h.account, fmt.Errorf("smtp: %w", err))
		return
	}
	h.to.Failing(Kind, h.account, fmt.Errorf("folder %q: %w", folder, err))
}
