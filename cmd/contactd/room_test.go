package main

import (
	"testing"

	"contactd/channels/webchat"
)

func TestTheWebChatKnowsHowMuchRoomThereIs(t *testing.T) {
	var deps webchat.Deps
	offer(&deps, []any{room{}})
	if deps.Room == nil {
		t.Error("strangers' files may fill the disk")
	}
}
