package main

import (
	"fmt"
	"net/http"
	"sync"
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
	return xDelivery(fmt.Appendf(nil, `{"for_user_id":"%s","direct_message_events":[{"type":"message_create","id":"%d","created_timestamp":"%d",`+
		`"message_create":{"target":{"recipient_id":"%[1]s"},"sender_id":"%[4]d","message_data":{"text":"%[5]s","entities":{"hashtags":[],"symbols":[],"user_mentions":[],"urls":[]}}}}],`+
		`"users":{"%[4]d":{"id":"%[4]d","created_timestamp":"1422556069340","name":"Jo Resident","screen_name":"jo","followers_count":7}}}`, onX, id, now, 1700000000000000000+person, text))
}

// xPost is a post that names the account, as account activity delivers it.
func xPost(n, person int, text string) []byte {
	now := time.Now()
	id := (now.UnixMilli()-1288834974657)<<22 + int64(n)
	return xDelivery(fmt.Appendf(nil, `{"for_user_id":"%s","tweet_create_events":[{"id":%d,"id_str":"%[2]d","created_at":"%s","text":"@town %s","truncated":false,`+
		`"user":{"id":%[5]d,"id_str":"%[5]d","name":"Jo Resident","screen_name":"jo","followers_count":7},"in_reply_to_status_id_str":null,"in_reply_to_user_id_str":null,`+
		`"entities":{"hashtags":[],"symbols":[],"urls":[],"user_mentions":[{"id_str":"%[1]s","screen_name":"town","indices":[0,5]}]},"lang":"en"}]}`,
		onX, id, now.UTC().Format(time.RubyDate), text, 1700000000000000000+person))
}

// xDelivery is a delivery, signed.
func xDelivery(body []byte) []byte {
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
	d := door(b, xConfig(b, startX(b)))
	openedToX(b, d)
	deliverAll(b, d.hooks.URL(), func(i int) []byte {
		return xMessage(i+1, i%2000, fmt.Sprintf("The gate in Mill Lane is open again, number %d", i))
	})
}

// BenchmarkTwitterToKafka posts 1,000 messages a second and measures from
// before the call until a consumer holds the event.
func BenchmarkTwitterToKafka(b *testing.B) {
	node := servers.Kafka(b)
	for b.Loop() {
		d, force := benchDaemon(b, node.Plain, xConfig(b, startX(b)))
		openedToX(b, d)
		steadily(b, node.Plain, force, d.hooks.URL(), xMessage)
	}
}

// BenchmarkTwitterBurst takes 100,000 posts that name the account, one by one as
// X delivers them, over 64 connections; in the middle somebody writes an
// emergency by direct message. It measures when that is on Kafka, and the memory
// on the way.
func BenchmarkTwitterBurst(b *testing.B) {
	const posts, callers = 100_000, 64
	node := servers.Kafka(b)
	for b.Loop() {
		d, force := benchDaemon(b, node.Plain, xConfig(b, startX(b)))
		openedToX(b, d)
		e := awaitEmergency(b, node.Plain, force, d.hooks.URL(), xMessage)
		heap := watchHeap()
		began := time.Now()
		var middle sync.Once
		byCallers(b, d.hooks.URL(), callers, posts, func(c *caller, i int) (int, error) {
			if i >= posts/2 {
				middle.Do(e.write)
			}
			return c.post(xPost(i, i%5000, calmWords))
		})
		b.ReportMetric(posts/time.Since(began).Seconds(), "posts/s")
		e.report()
		heap.report(b)
	}
}
