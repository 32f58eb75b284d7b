package webchat

import (
	"testing"
	"time"
)

func TestManyUnusedTicketsKeepNobodyOut(t *testing.T) {
	var all tickets
	now := time.Now()
	for range ticketLimit + 10 {
		all.issue(1, "https://flood.example", now)
	}
	name := all.issue(2, "https://www.example", now)
	session, ok := all.redeem(name, func(origin string) bool { return origin == "https://www.example" }, now)
	if !ok || session != 2 {
		t.Error("the last ticket opens nothing")
	}
	if len(all.unused) > ticketLimit {
		t.Errorf("%d are remembered", len(all.unused))
	}
}
