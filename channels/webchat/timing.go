package webchat

import "time"

// timing is how long everything may take. The reasons stand at the defaults.
type timing struct {
	header, read, write, idle time.Duration // of HTTP
	ping, pong                time.Duration // signs of life on a line
	slow, cut                 time.Duration // one frame to a client
	goodbye                   time.Duration // all clients, when the server ends
	report                    time.Duration // how often Health hears how it goes
	copies                    time.Duration // how often it is looked which copies are due
	// late tells when a delay of the limiter is over.
	late func(time.Duration) <-chan time.Time
}

// defaultTiming gives a poor mobile line a chance and a drip none. Uploads and
// downloads set their own deadlines by their size.
func defaultTiming() timing {
	return timing{
		header: 5 * time.Second, read: 30 * time.Second, write: 30 * time.Second, idle: time.Minute,
		// Proxies and mobile networks forget connections that are silent for a
		// minute.
		ping: 20 * time.Second, pong: 10 * time.Second,
		// A client that takes longer than slow for one frame is told that it is
		// too slow, as soon as it has taken it; after cut it is cut off.
		slow: 5 * time.Second, cut: 10 * time.Second,
		goodbye: 500 * time.Millisecond,
		report:  20 * time.Second,
		copies:  time.Second,
		late:    time.After,
	}
}
