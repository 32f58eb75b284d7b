package webchat

import (
	"context"
	"time"

	"contactd/contact"
)

// received notes that the person's device has everything up to n.
func (r *running) received(ctx context.Context, in *room, n int64) error {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	n = min(n, in.session.N)
	if n <= in.session.Received {
		return nil
	}
	if err := r.store.Received(context.WithoutCancel(ctx), in.id, n); err != nil {
		return err // the next one says it again
	}
	in.session.Received = n
	select {
	case r.receipts <- struct{}{}:
	default:
	}
	return nil
}

// confirmAtOnce is how many receipts are told before it is looked for more.
const confirmAtOnce = 200

// tellReceipts tells which replies have reached their person. What could not be
// told, or was not before the program died, is told later.
func (r *running) tellReceipts() {
	if r.deps.Outcomes == nil {
		return
	}
	again := time.NewTicker(5 * time.Second)
	defer again.Stop()
	for {
		if r.confirm() == confirmAtOnce {
			continue // there are more
		}
		select {
		case <-r.receipts:
		case <-again.C:
		case <-r.ctx.Done():
			return
		}
	}
}

// confirm tells some receipts and returns how many.
func (r *running) confirm() int {
	replies, err := r.store.Unconfirmed(r.ctx, confirmAtOnce)
	if err != nil {
		return 0
	}
	for told, each := range replies {
		err := r.deps.Outcomes.Outcome(r.ctx, contact.Outcome{ReplyID: each.ID, State: contact.Confirmed, At: r.deps.Now().UTC()})
		if err == nil {
			err = r.store.Confirm(r.ctx, each.ID)
		}
		if err != nil {
			if r.ctx.Err() == nil {
				r.deps.Log.Warn("receipt of a reply could not be told", "err", err)
			}
			return told
		}
		r.metrics.confirmed.Inc()
	}
	return len(replies)
}
