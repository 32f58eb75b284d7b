package main

import (
	"fmt"
	"strings"
)

// wantConversation and wantMessage refuse what is no id, such as one that was
// not copied whole: contactd would only reject the command.
func wantConversation(command, id string) error {
	return wantID(command, "a conversation such as c-3lnpdfsib5r34hnaib72u7ipcb", "c-", id)
}

func wantMessage(command, id string) error {
	return wantID(command, "a message such as m-671cd0j64v79vljrc1vm2qfie2", "m-", id)
}

func wantID(command, example, prefix, id string) error {
	rest, ok := strings.CutPrefix(id, prefix)
	if ok && len(rest) == 26 && strings.Trim(rest, "0123456789abcdefghijklmnopqrstuv") == "" {
		return nil
	}
	return usageError{fmt.Errorf("%s: want %s, got %q", command, example, id)}
}
