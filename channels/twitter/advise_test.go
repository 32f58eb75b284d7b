package twitter

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"contactd/channels/twitter/api"
)

func TestAnUnreadableTokenIsNotCalledInvalid(t *testing.T) {
	unread := advise(&api.Error{Op: "get 2/users/me", Kind: api.TokenDead, Err: fs.ErrNotExist})
	if unread.Error() != "get 2/users/me: file does not exist" || !errors.Is(unread, fs.ErrNotExist) {
		t.Errorf("a token that cannot be read: %v", unread)
	}
	dead := advise(&api.Error{Op: "get 2/users/me", Kind: api.TokenDead, Status: 401})
	if !strings.Contains(dead.Error(), "no longer valid") || !strings.Contains(dead.Error(), "make a new access token") {
		t.Errorf("a token that X refuses: %v", dead)
	}
}
