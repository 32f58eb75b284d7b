package main

import (
	"fmt"
	"testing"

	"contactd/channels/twitter/xtest"
)

// TestNothingOnXIsLostOrDoubledWhenTheDaemonIsKilled kills contactd in the midst
// of deliveries and answers, in public and in private, while X drops, doubles
// and shuffles what it delivers and its API fails at every fourth call.
func TestNothingOnXIsLostOrDoubledWhenTheDaemonIsKilled(t *testing.T) {
	x := startX(t)
	x.Limit("", 1_000_000) // windows are tried beside the channel, by a clock
	posts := map[int]string{}
	killDrill{
		kills: 2, items: 60, residents: 6,
		config:   xConfig(t, x),
		callback: func(base string) { x.Callback(base + "/twitter") },
		resident: func(n int, text string) {
			person := xPerson(7000 + n)
			x.Person(person, fmt.Sprint("r", n), "Resident")
			if n%2 == 0 {
				x.DM(person, onX, text)
			} else {
				posts[n] = x.Post(person, xtest.Draft{Text: "@town " + text})
			}
		},
		item: func(n int, text string) {
			person := xPerson(100 + n)
			if n%2 == 0 {
				x.DM(person, onX, text)
			} else {
				x.Post(person, xtest.Draft{Text: "@town " + text})
			}
		},
		storm: func(on bool) {
			weather := xtest.Weather{Duplicate: 0.3, Reorder: 0.5, Drop: 0.2, Calls: 0.25}
			if !on {
				weather = xtest.Weather{}
			}
			x.Weather(weather)
		},
		settle: x.Settle,
		received: func(n int) []string {
			if post := posts[n]; post != "" {
				return x.Answers(onX, post)
			}
			return x.Received(onX, xPerson(7000+n))
		},
	}.run(t)
}

// xPerson is the id of somebody on X.
func xPerson(n int) string { return fmt.Sprint(1_500_000_000_000_000_000 + int64(n)) }
