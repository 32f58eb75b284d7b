package twitter

import (
	"errors"
	"fmt"
	"sync"

	"contactd/channels"
)

// errRevoked says that somebody has withdrawn the application's access.
var errRevoked = errors.New("the account has withdrawn the application's access; authorise it again and put the new token into token_file")

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
	if what == "mentions" || what == "messages" { // so the access is there again
		delete(h.failing, "consent")
	}
	if len(h.failing) == 0 {
		h.to.Working(Kind, h.account)
	}
}
