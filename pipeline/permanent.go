package pipeline

import (
	"context"
	"errors"
	"syscall"

	"contactd/channels"
)

// Permanent marks an error that trying again cannot mend. The entry is
// quarantined and the rest goes on.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// isPermanent reports whether err was marked by Permanent.
func isPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// isOurs reports whether err comes from this machine or from stopping, not
// from the message: then the message waits and is never quarantined, however
// long the disk stays full.
func isOurs(err error) bool {
	for _, each := range []error{
		channels.ErrNotNow, context.Canceled, context.DeadlineExceeded,
		syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EROFS,
		syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EACCES,
	} {
		if errors.Is(err, each) {
			return true
		}
	}
	return false
}
