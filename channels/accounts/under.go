package accounts

import (
	"errors"
	"fmt"
)

// Under puts the key of a section before each problem that the section's own
// Validate has joined: "hours" before "time_zone: want a name". Nil stays nil.
func Under(key string, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok:
		return fmt.Errorf("%s.%w", key, err)
	}
	var all []error
	for _, each := range joined.Unwrap() {
		all = append(all, Under(key, each))
	}
	return errors.Join(all...)
}
