package email

import (
	"context"
	"errors"
	"time"

	"contactd/channels/email/smtp"
)

// sending is the way out in what is told of an account.
const sending = "smtp"

// toldSending tells whether the account can send: what the server says about
// one mail is no trouble of the account.
func (a *account) toldSending(err error) {
	var step *smtp.Error
	switch {
	case err == nil, errors.As(err, &step) && step.Permanent():
		a.sender.failedAt.Store(nil)
		a.health.Report(sending, nil)
	case errors.Is(err, context.Canceled):
	default:
		now := time.Now()
		a.sender.failedAt.Store(&now)
		a.health.Report(sending, err)
	}
}

// watchSending tries now and then, while the account cannot send and nobody has
// tried for a while, as far as mails go without being sent: the replies that
// would show that it can again may have expired.
func (a *account) watchSending(ctx context.Context, quiet time.Duration) {
	for wait(ctx, quiet); ctx.Err() == nil; wait(ctx, quiet) {
		if at := a.sender.failedAt.Load(); at == nil || time.Since(*at) < quiet {
			continue
		}
		_, err := a.keyed()
		if err == nil {
			err = a.sender.try(ctx)
		}
		a.toldSending(err)
	}
}
