package facebook

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"contactd/channels/facebook/graph"
)

func TestAnUnreadableTokenIsNotCalledInvalid(t *testing.T) {
	unread := advise(&graph.Error{Op: "get debug_token", Kind: graph.TokenDead, Err: fs.ErrNotExist})
	if unread.Error() != "get debug_token: file does not exist" || !errors.Is(unread, fs.ErrNotExist) {
		t.Errorf("a token that cannot be read: %v", unread)
	}
	dead := advise(&graph.Error{Op: "get debug_token", Kind: graph.TokenDead, Status: 401})
	if !strings.Contains(dead.Error(), "no longer valid") || !strings.Contains(dead.Error(), "make a new one") {
		t.Errorf("a token that Meta refuses: %v", dead)
	}
}
