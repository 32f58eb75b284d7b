package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels/facebook/graphsim"
	"contactd/contact"
	"contactd/deploy/servers"
)

const (
	pageID    = "1058201444"
	appSecret = "the secret of the bench"
	// calmWords are no emergency in any judge's eyes: who measures how soon an
	// emergency passes must not let all be one.
	calmWords = "What time does the front counter open on Sunday"
	pageToken = "EAAB-bench"
)

// metaConfig configures the page "town" of a simulated Meta and returns the
// YAML. The files lie in a folder of the test.
func metaConfig(t testing.TB, graph string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"secret": appSecret, "verify": "verify", "token": pageToken} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(content, " ", "-")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf(`webhooks: {listen: "127.0.0.1:0"}
channels:
  facebook:
    graph_url: %s
    app_secret_file: %[2]s/secret
    verify_token_file: %[2]s/verify
    accounts:
      - {name: town, id: %q, token_file: %[2]s/token, human_agent: true}
`, graph, dir, pageID)
}

// startMeta starts a simulated Meta with the page.
func startMeta(t testing.TB) *graphsim.Server {
	t.Helper()
	meta, err := graphsim.Start(graphsim.Options{AppSecret: strings.ReplaceAll(appSecret, " ", "-"), VerifyToken: "verify", Token: pageToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = meta.Close() })
	meta.Account(pageID, "page", true)
	return meta
}

// socialDaemon starts the program in this process with a page on a simulated
// Meta.
func socialDaemon(t testing.TB, broker string) (*daemon, *graphsim.Server, string) {
	t.Helper()
	meta := startMeta(t)
	dir, force := t.TempDir(), "social-"+strings.ToLower(rand.Text()[:8])
	writeConfig(t, dir, fmt.Sprintf("force: %s\ndata_dir: %s\nkafka:\n  brokers: [%q]\n  topics: {replication: 1}\npipeline: {degraded_after: 1s}\n%s",
		force, filepath.Join(dir, "data"), broker, metaConfig(t, meta.URL())))
	p := &program{getenv: os.LookupEnv, out: io.Discard, err: os.Stderr}
	c, err := p.load(filepath.Join(dir, "contactd.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := startDaemon(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	})
	if judged := d.panel.Assess(t.Context(), contact.Message{Text: calmWords}); judged.Grade == contact.Emergency {
		t.Fatalf("%q is an emergency to %v", calmWords, judged.JudgedBy)
	}
	meta.Callback(d.hooks.URL() + "/facebook")
	return d, meta, force
}

// request is a signed delivery as it goes over the line.
func request(body []byte) []byte {
	return fmt.Appendf(nil, "POST /facebook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Hub-Signature-256: %s\r\nContent-Length: %d\r\n\r\n%s",
		graphsim.Sign(strings.ReplaceAll(appSecret, " ", "-"), body), len(body), body)
}

// commentOf is a comment by somebody, in the text of which the benches look.
func commentOf(n int, text string) []byte {
	return fmt.Appendf(nil, `{"field":"feed","value":{"from":{"id":"%d","name":"Jo Resident"},"post":{"status_type":"mobile_status_update","is_published":true,"permalink_url":"https:\/\/www.facebook.com\/town\/posts\/1","id":"%s_1"},"message":"%s","post_id":"%s_1","comment_id":"1_%d","created_time":%d,"item":"comment","parent_id":"%s_1","verb":"add"}}`,
		900000+n%5000, pageID, text, pageID, n, time.Now().Unix(), pageID)
}

func deliveryOf(changes ...[]byte) []byte {
	return fmt.Appendf(nil, `{"object":"page","entry":[{"id":"%s","time":%d,"changes":[%s]}]}`, pageID, time.Now().Unix(), bytes.Join(changes, []byte(",")))
}

func messageOf(n int, person, text string) []byte {
	return fmt.Appendf(nil, `{"object":"page","entry":[{"id":"%s","time":%d,"messaging":[{"sender":{"id":"%s"},"recipient":{"id":"%s"},"timestamp":%d,"message":{"mid":"m_%d","text":"%s"}}]}]}`,
		pageID, time.Now().UnixMilli(), person, pageID, time.Now().UnixMilli(), n, text)
}

// opened waits until the public listener takes deliveries.
func opened(t testing.TB, d *daemon) {
	t.Helper()
	c := dialCaller(t, d.hooks.URL())
	eventually(t, 10*time.Second, func() bool {
		status, err := c.post(request(messageOf(0, "1", "warm")))
		return err == nil && status == http.StatusOK
	}, func() string { return "no delivery is taken" })
}

// doorway is where a delivery of Meta's arrives.
func doorway(b *testing.B) (url string) {
	b.Helper()
	d := door(b, metaConfig(b, startMeta(b).URL()))
	opened(b, d)
	return d.hooks.URL()
}

// BenchmarkFacebookDelivery posts single comments by 64 callers: each is
// answered by 200 once it is on disk.
func BenchmarkFacebookDelivery(b *testing.B) {
	url := doorway(b)
	deliverAll(b, url, func(i int) []byte {
		return request(deliveryOf(commentOf(i, fmt.Sprintf("%s, number %d", calmWords, i))))
	})
}

// BenchmarkFacebookBatch posts deliveries of 1,000 elements, the most that
// Meta sends at once.
func BenchmarkFacebookBatch(b *testing.B) {
	line := dialCaller(b, doorway(b))
	n := 0
	var taken []time.Duration
	for b.Loop() {
		b.StopTimer()
		changes := make([][]byte, 1000)
		for i := range changes {
			n++
			changes[i] = commentOf(n, calmWords)
		}
		whole := request(deliveryOf(changes...))
		b.StartTimer()
		start := time.Now()
		if status, err := line.post(whole); status != http.StatusOK {
			b.Fatalf("status %d, %v", status, err)
		}
		taken = append(taken, time.Since(start))
	}
	slices.Sort(taken)
	b.ReportMetric(milliseconds(taken, 0.50), "p50-ms")
	b.ReportMetric(milliseconds(taken, 0.99), "p99-ms")
}

// BenchmarkFacebookToKafka posts 1,000 messages a second and measures from
// before the call until a consumer holds the event.
func BenchmarkFacebookToKafka(b *testing.B) {
	node := servers.Kafka(b)
	for b.Loop() {
		d, _, force := socialDaemon(b, node.Plain)
		opened(b, d)
		steadily(b, node.Plain, force, d.hooks.URL(), metaMessage)
	}
}

// metaMessage is a message by Messenger as it goes over the line.
func metaMessage(n, person int, text string) []byte {
	return request(messageOf(n, fmt.Sprint(person), text))
}

// BenchmarkFacebookBurst takes 100,000 comments in deliveries of 1,000; in the
// middle somebody writes an emergency by Messenger. It measures when that is
// on Kafka, and the memory on the way.
func BenchmarkFacebookBurst(b *testing.B) {
	const comments, batch = 100_000, 1000
	node := servers.Kafka(b)
	for b.Loop() {
		d, _, force := socialDaemon(b, node.Plain)
		opened(b, d)
		line := dialCaller(b, d.hooks.URL())
		e := awaitEmergency(b, node.Plain, force, d.hooks.URL(), metaMessage)
		heap := watchHeap()
		began := time.Now()
		for n := 0; n < comments; n += batch {
			changes := make([][]byte, batch)
			for i := range changes {
				changes[i] = commentOf(n+i, calmWords)
			}
			if n == comments/2 {
				e.write()
			}
			if status, err := line.post(request(deliveryOf(changes...))); status != http.StatusOK {
				b.Fatalf("status %d, %v", status, err)
			}
		}
		b.ReportMetric(comments/time.Since(began).Seconds(), "comments/s")
		e.report()
		heap.report(b)
	}
}
