package twitter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"contactd/channels/twitter/api"
	"contactd/channels/twitter/element"
)

// speaker is a version of the API: what is asked of it, and what it is told.
type speaker interface {
	Me(ctx context.Context) (element.User, error)
	lister
	writer
}

// lister lists what is on X, newest first, a page at a time.
type lister interface {
	Mentions(ctx context.Context, user, since, next string) (api.Page, error)
	Posts(ctx context.Context, user string, since time.Time, next string) (api.Page, error)
	LookUp(ctx context.Context, ids []string) (api.Page, error)
	Messages(ctx context.Context, next string) (api.Page, error)
	MessagesWith(ctx context.Context, person, group, next string) (api.Page, error)
}

// writer writes in the account's name.
type writer interface {
	Answer(ctx context.Context, to, text string) (id string, err error)
	Message(ctx context.Context, person, group, text string) (id string, err error)
	Hide(ctx context.Context, post string, hidden bool) error
	CanHide() bool
}

// version is which version of the API an account speaks.
type version struct {
	wanted string

	mutex sync.Mutex
	found speaker
}

// speak returns the version that is configured, or that works.
func (a *account) speak(ctx context.Context) (speaker, error) {
	switch a.version.wanted {
	case version1:
		return api.V1{Client: a.client}, nil
	case version2:
		return api.V2{Client: a.client}, nil
	}
	a.version.mutex.Lock()
	defer a.version.mutex.Unlock()
	if a.version.found != nil {
		return a.version.found, nil
	}
	found, err := a.probe(ctx)
	if err == nil {
		a.version.found = found
	}
	return found, err
}

// probe tries version 2, and version 1.1 when the plan does not include it.
func (a *account) probe(ctx context.Context) (speaker, error) {
	newer, older := api.V2{Client: a.client}, api.V1{Client: a.client}
	_, err := newer.Me(ctx)
	if err == nil {
		return newer, nil
	}
	if !api.Is(err, api.Closed, api.Refused) {
		return nil, unsent(err)
	}
	if _, olderErr := older.Me(ctx); olderErr != nil {
		return nil, errors.Join(fmt.Errorf("version 2: %w", unsent(err)), fmt.Errorf("version 1.1: %w", unsent(olderErr)))
	}
	return older, nil
}

// unsent says that whatever went wrong with a question, nothing was written.
func unsent(err error) error {
	var e *api.Error
	if errors.As(err, &e) {
		e.Certain = true
	}
	return err
}
