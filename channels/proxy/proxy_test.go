package proxy

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestAForwardedAddressIsBelievedFromTrustedProxiesOnly(t *testing.T) {
	trusted, err := Parse("trusted_proxies", []string{"10.0.0.0/8", "192.0.2.7", "::ffff:192.0.2.8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"203.0.113.9:1", nil, "203.0.113.9"},
		{"203.0.113.9:1", []string{"198.51.100.1"}, "203.0.113.9"},
		{"10.1.2.3:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"192.0.2.8:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"127.0.0.1, 198.51.100.1"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"1.1.1.1, 198.51.100.1, 192.0.2.7"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"1.1.1.1", "198.51.100.1"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"not an address"}, "10.1.2.3"},
		{"10.1.2.3:1", []string{"198.51.100.1, not an address"}, "10.1.2.3"},
		{"10.1.2.3:1", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"10.1.2.3:1", []string{"10.9.9.9"}, "10.9.9.9"},
		{"[::1]:1", []string{"2001:db8::5"}, "2001:db8::5"},
		{"[::ffff:10.1.2.3]:1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"pipe", []string{"198.51.100.1"}, "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: each.peer, Header: http.Header{"X-Forwarded-For": each.forwarded}}
		if got := trusted.Client(r); got.String() != each.want {
			t.Errorf("%s by %v: %s, want %s", each.peer, each.forwarded, got, each.want)
		}
	}
}

func TestEveryMistakeIsTold(t *testing.T) {
	_, err := Parse("trusted_proxies", []string{"my proxy", "::1", "10.0.0.0/99"})
	if err == nil || strings.Count(err.Error(), "want an address or a network") != 2 || !strings.Contains(err.Error(), `trusted_proxies[2]: want an address or a network such as 10.0.0.0/8, got "10.0.0.0/99"`) {
		t.Error(err)
	}
}

func TestAHouseholdIsOneAddress(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.9":                    "203.0.113.9",
		"::ffff:203.0.113.9":             "203.0.113.9",
		"2001:db8:1:2:3:4:5:6":           "2001:db8:1:2::",
		"2001:db8:1:2:ffff:ffff:ffff:ff": "2001:db8:1:2::",
		"2001:db8:1:3::1":                "2001:db8:1:3::",
		"fe80::1%eth0":                   "fe80::",
	} {
		if got := Household(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if got := Household(netip.Addr{}); got.IsValid() {
		t.Errorf("no address became %s", got)
	}
}
