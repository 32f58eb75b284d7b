package main

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"contactd/channels/twitter/xtest"
	"contactd/deploy/servers"
)

// xMessage is a direct message as account activity delivers it, signed, as it
// goes over the line.
func xMessage(n, person int, text string) []byte {
	now := time.Now().UnixMilli()
	id := (now-1288834974657)<<22 + int64(n)
	body := fmt.Appendf(nil, `{"for_user_id":"%s","direct_message_events":[{"type":"message_create","id":"%d","created_timestamp":"%d",`+
		`"message_create":{"target":{"recipient_id":"%[1]s"},"sender_id":"%[4]d","message_data":{"text":"%[5]s","entities":{"hashtags":[],"symbols":[],"user_mentions":[],"urls":[]}}}}],`+
		`"users":{"%[4]d":{"id":"%[4]d","created_timestamp":"1422556069340","name":"Jo Resident","screen_name":"jo","followers_count":7}}}`, onX, id, now, 1700000000000000000+person, text)
	return fmt.Appendf(nil, "POST /twitter HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nx-twitter-webhooks-signature: %s\r\nContent-Length: %d\r\n\r\n%s",
		xtest.Sign(xSecret, body), len(body), body)
}

// openedToX waits until the public listener takes X's deliveries.
func openedToX(t testing.TB, d *daemon) {
	t.Helper()
	c := dialCaller(t, d.hooks.URL())
	eventually(t, 10*time.Second, func() bool {
		status, err := c.post(xMessage(0, 1, "warm"))
		return err == nil && status == http.StatusOK
	}, func() string { return "no delivery is taken" })
}

// BenchmarkTwitterDelivery posts single direct messages by 64 callers: each is
// answered by 200 once it is on disk.
func BenchmarkTwitterDelivery(b *testing.B) {
	const callers = 64
	d := door(b, xConfig(b, startX(b)))
	openedToX(b, d)
	requests := make([][]byte, b.N)
	for i := range requests {
		requests[i] = xMessage(i+1, i%2000, fmt.Sprintf("The gate in Mill Lane is open again, number %d", i))
	}
	lines := make([]*caller, callers)
	for i := range lines {
		lines[i] = dialCaller(b, d.hooks.URL())
	}
	taken := make([]time.Duration, b.N)
	var next atomic.Int64
	var all sync.WaitGroup
	runtime.GC()
	b.ResetTimer()
	began, spent := time.Now(), processorTime(b)
	for _, line := range lines {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				start := time.Now()
				if status, err := line.post(requests[i]); status != http.StatusOK {
					b.Errorf("status %d, %v", status, err)
					return
				}
				taken[i] = time.Since(start)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "deliveries/s")
	// What it costs both sides, whatever else the machine does.
	b.ReportMetric(float64((processorTime(b)-spent).Microseconds())/float64(b.N), "cpu-us/delivery")
	slices.Sort(taken)
	b.ReportMetric(milliseconds(taken, 0.50), "p50-ms")
	b.ReportMetric(milliseconds(taken, 0.99), "p99-ms")
}

// BenchmarkTwitterToKafka posts 1,000 messages a second and measures from
// before the call until a consumer holds the event.
func BenchmarkTwitterToKafka(b *testing.B) {
	const rate, last = 1000, 5
	node := servers.Kafka(b)
	for b.Loop() {
		d, force := benchDaemon(b, node.Plain, xConfig(b, startX(b)))
		openedToX(b, d)
		line := dialCaller(b, d.hooks.URL())
		watch := newStopwatch(b, node.Plain, force, rate*last, func(n int) {
			if _, err := line.post(xMessage(1_000_000+n, 2, "warm")); err != nil {
				b.Fatal(err)
			}
		})
		watch.mark = `"content":{"summary":"mail `
		free := make(chan *caller, 16)
		for range cap(free) {
			free <- dialCaller(b, d.hooks.URL())
		}
		var all sync.WaitGroup
		tick := time.NewTicker(time.Millisecond)
		for n := range rate * last {
			<-tick.C
			c := <-free
			all.Go(func() {
				watch.begin(n, 1)
				if status, err := c.post(xMessage(n+1, n%2000, fmt.Sprintf("mail %d. the gate in Mill Lane is open again", n))); status != http.StatusOK {
					b.Errorf("status %d, %v", status, err)
				}
				free <- c
			})
		}
		tick.Stop()
		all.Wait()
		taken := watch.wait()
		b.ReportMetric(milliseconds(taken, 0.50), "p50-ms")
		b.ReportMetric(milliseconds(taken, 0.99), "p99-ms")
	}
}
