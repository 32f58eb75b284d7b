package accounts

import (
	"context"
	"strings"
	"sync"
	"time"

	"contactd/channels"
)

const checkLimit = time.Minute

// Check tries all accounts at the same time, each for a minute. try says what
// works, and joins all that does not.
func Check[A Account](ctx context.Context, mode string, accounts List[A], try func(context.Context, A) (detail []string, err error)) []channels.Tried {
	if mode == Off {
		return []channels.Tried{{Account: "-", Detail: "switched off"}}
	}
	tried := make([]channels.Tried, len(accounts))
	var all sync.WaitGroup
	for i, a := range accounts {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkLimit)
			defer cancel()
			detail, err := try(ctx, a)
			name, _ := a.Names()
			tried[i] = channels.Tried{Account: name, Detail: strings.Join(detail, ", "), Err: err}
		})
	}
	all.Wait()
	return tried
}
