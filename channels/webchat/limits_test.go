package webchat

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func nobody(netip.Addr) bool { return false }

func TestALateConfirmationIsNeverLaterThanTenSeconds(t *testing.T) {
	l := newLimiter(Config{}.WithDefaults().Limits, nobody)
	now := time.Now()
	address := netip.MustParseAddr("192.0.2.1")
	slowest := time.Duration(0)
	for range 10_000 {
		slowest = max(slowest, l.delay(now, 1, address))
	}
	if slowest != longestDelay {
		t.Errorf("the longest delay is %s", slowest)
	}
	if again := l.delay(now.Add(time.Minute), 1, address); again > longestDelay/2 {
		t.Errorf("a minute later a flood is still punished by %s", again)
	}
}

func TestAFloodFromOneAddressDelaysNobodyElse(t *testing.T) {
	l := newLimiter(Config{}.WithDefaults().Limits, nobody)
	now := time.Now()
	for session := range int64(1000) {
		l.delay(now, session, netip.MustParseAddr("192.0.2.1"))
	}
	if delay := l.delay(now, 5000, netip.MustParseAddr("192.0.2.1")); delay == 0 {
		t.Error("a new session of the same address passes")
	}
	if delay := l.delay(now, 5001, netip.MustParseAddr("192.0.2.2")); delay != 0 {
		t.Errorf("another address waits %s", delay)
	}
	// The addresses of one IPv6 network are one.
	for i := range 1000 {
		l.delay(now, int64(10_000+i), netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2::%x", i)))
	}
	if delay := l.delay(now, 20_000, netip.MustParseAddr("2001:db8:1:2:ffff::1")); delay == 0 {
		t.Error("a new address of the same network passes")
	}
	if delay := l.delay(now, 20_001, netip.MustParseAddr("2001:db8:1:3::1")); delay != 0 {
		t.Errorf("another network waits %s", delay)
	}
}

func TestEmergenciesOvertakeUpToAPoint(t *testing.T) {
	l := newLimiter(Config{}.WithDefaults().Limits, nobody)
	now, passed := time.Now(), 0
	for range 1000 {
		if l.overtakes(now, 1) {
			passed++
		}
	}
	if passed != urgentBurst || !l.overtakes(now.Add(2*time.Second), 1) {
		t.Errorf("%d passed at once", passed)
	}
}

func TestAFloodOfAddressesFillsNoMemory(t *testing.T) {
	var r recent[int, int]
	made := 0
	for key := range 10 * recentLimit {
		r.get(key, func() int { made++; return key })
	}
	if len(r.now)+len(r.old) > 2*recentLimit || made != 10*recentLimit {
		t.Errorf("%d are kept, %d were made", len(r.now)+len(r.old), made)
	}
	last := 10*recentLimit - 1
	if r.get(last, func() int { return -1 }) != last || r.get(0, func() int { return -1 }) != -1 {
		t.Error("the wrong ones were forgotten")
	}
}
