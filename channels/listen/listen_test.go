package listen

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"contactd/deploy/servers"
)

func TestTwoClashWhenNobodyCanListenAtBoth(t *testing.T) {
	for _, each := range []struct {
		one, other string
		want       bool
	}{
		{"127.0.0.1:8080", "127.0.0.1:8080", true},
		{"127.0.0.1:8080", ":8080", true},
		{"0.0.0.0:8080", "192.0.2.7:8080", true},
		{"0.0.0.0:8080", "[::1]:8080", true},
		{"[::]:8080", "127.0.0.1:8080", true},
		{"[::ffff:0.0.0.0]:8080", "127.0.0.1:8080", true},
		{"[::ffff:127.0.0.1]:8080", "127.0.0.1:8080", true},
		{"localhost:http", "127.0.0.1:80", true},
		{"Chat.Example:80", "chat.example:80", true},
		{"127.0.0.1:8080", "127.0.0.1:8081", false},
		{"127.0.0.1:8080", "127.0.0.2:8080", false},
		{"127.0.0.1:8080", "[::1]:8080", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
		{":", ":", false},
		{"8080", "8080", false},
		{"127.0.0.1:99999", "127.0.0.1:99999", false},
	} {
		if Clash(each.one, each.other) != each.want || Clash(each.other, each.one) != each.want {
			t.Errorf("%s and %s: want %v", each.one, each.other, each.want)
		}
	}
}

// TestWhatClashesIsWhatTheMachineRefuses asks the machine, as far as it has the
// addresses.
func TestWhatClashesIsWhatTheMachineRefuses(t *testing.T) {
	hosts := []string{"", "0.0.0.0", "[::]", "127.0.0.1", "127.0.0.2", "localhost", "[::1]", "[::ffff:127.0.0.1]"}
	for _, host := range hosts {
		_, port, _ := net.SplitHostPort(servers.FreeAddress(t))
		first, err := Open(host + ":" + port)
		if err != nil {
			continue
		}
		for _, other := range hosts {
			err := Try(other + ":" + port)
			if refused := errors.Is(err, syscall.EADDRINUSE); (err == nil || refused) && refused != Clash(host+":"+port, other+":"+port) {
				t.Errorf("%q beside %q: refused %v", other, host, refused)
			}
		}
		_ = first.Close()
	}
}

func TestTheWayOutIsTold(t *testing.T) {
	taken, err := Open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for address, want := range map[string]string{
		taken.Addr().String(): "end the program that has it",
		"192.0.2.1:0":         "choose an address of this machine",
	} {
		if err := Try(address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := Try("127.0.0.1:0"); err != nil {
		t.Error(err)
	}
}

func TestAMistakeInAnAddressIsTold(t *testing.T) {
	for address, want := range map[string]string{
		"8080": `want host:port, got "8080"`, "127.0.0.1:99999": `want a port from 0 to 65535, got "99999"`, ":http": "", "127.0.0.1:0": "",
	} {
		if err := Check(address); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}
