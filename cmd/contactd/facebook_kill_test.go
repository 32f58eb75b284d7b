package main

import (
	"fmt"
	"testing"
	"time"

	"contactd/channels/facebook/graphsim"
)

// TestNothingOnAPageIsLostOrDoubledWhenTheDaemonIsKilled kills contactd in the
// midst of deliveries and answers, while Meta drops, doubles, shuffles and
// batches what it delivers and its API fails at every fourth call.
func TestNothingOnAPageIsLostOrDoubledWhenTheDaemonIsKilled(t *testing.T) {
	meta := startMeta(t)
	news := ""
	killDrill{
		kills: 5, items: 80, residents: 6,
		config:   metaConfig(t, meta.URL()),
		callback: func(base string) { meta.Callback(base + "/facebook") },
		ready: func() {
			eventually(t, time.Minute, func() bool { return meta.Subscribed(pageID) }, func() string { return "not subscribed" })
			news = meta.Post(pageID, pageID, "our news")
		},
		resident: func(n int, text string) { meta.Write(pageID, fmt.Sprint(7000+n), text) },
		item: func(n int, text string) {
			person := fmt.Sprint(100 + n)
			switch n % 4 {
			case 0:
				meta.Write(pageID, person, text)
			case 1:
				meta.Comment(pageID, person, news, "", text)
			case 2:
				meta.Post(pageID, person, text)
			default:
				meta.Review(pageID, person, text)
			}
		},
		storm: func(on bool) {
			weather := graphsim.Weather{Duplicate: 0.3, Reorder: 0.5, Drop: 0.2, Batch: 10, Calls: 0.25}
			if !on {
				weather = graphsim.Weather{}
			}
			meta.Weather(weather)
		},
		settle:   meta.Settle,
		received: func(n int) []string { return meta.Texts(pageID, fmt.Sprint(7000+n)) },
	}.run(t)
}
