package email

import (
	"fmt"
	"net"
	"strings"
)

// place is a folder of a mailbox, by whichever way the server is reached.
type place struct{ server, user, folder string }

func (a Account) place(folder string) place {
	host, port, _ := net.SplitHostPort(a.Address)
	if port == "143" {
		port = "993"
	}
	server := net.JoinHostPort(strings.ToLower(strings.TrimSuffix(host, ".")), port)
	return place{server, strings.ToLower(a.User), canonical(folder)}
}

// twice says which folders two accounts read, and which one reads that another
// moves its mails to: those mails would come twice. The accounts have their
// defaults.
func twice(accounts []Account) []error {
	var wrong []error
	readers := map[place]int{}
	check := func(i int, key, folder string) (read bool) {
		reader, read := readers[accounts[i].place(folder)]
		if read && reader != i && accounts[i].User != "" {
			wrong = append(wrong, fmt.Errorf("accounts[%d].%s: %q is read by account %q too, its mails would come twice", i, key, folder, accounts[reader].Name))
		}
		return read
	}
	for i, a := range accounts {
		for _, folder := range a.Folders {
			if !check(i, "folders", folder) {
				readers[a.place(folder)] = i
			}
		}
	}
	for i, a := range accounts {
		if target, moves := strings.CutPrefix(a.After, "move:"); moves {
			check(i, "after", target)
		}
	}
	return wrong
}
