package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/deploy/servers"
	"contactd/pipeline/kafka"
)

// BenchmarkEmergencyBehindItsConversation hands over a flood of mails of one
// conversation, and then an emergency of the same, and measures from then until
// a consumer holds its alert, and until it holds its event, which comes after
// all the others.
func BenchmarkEmergencyBehindItsConversation(b *testing.B) {
	brokers := map[string]func(*testing.B) string{
		"kafka":    func(b *testing.B) string { return fmt.Sprintf("brokers: [%q]", servers.Kafka(b).Plain) },
		"embedded": bundledBroker,
	}
	for _, broker := range []string{"kafka", "embedded"} {
		for _, mails := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d_before", broker, mails), func(b *testing.B) {
				for b.Loop() {
					overtake(b, brokers[broker](b), mails)
				}
			})
		}
	}
}

// bundledBroker starts the broker that comes along.
func bundledBroker(b *testing.B) string {
	address := servers.FreeAddress(b)
	dir := configure(b, fmt.Sprintf("broker: {address: %q}\n", address))
	broker := startBroker(b, dir)
	b.Cleanup(func() { stopBroker(b, broker) })
	return fmt.Sprintf("brokers: [%q]\n  sasl: {mechanism: scram-sha-512, user: contactd, password_file: %q}",
		address, filepath.Join(dir, "data", "kafka", "contactd.password"))
}

func overtake(b *testing.B, broker string, mails int) {
	d, force := benchDaemonWith(b, broker, mailboxConfig("control", "127.0.0.1:1", "", "control", "none"))
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	const batch = 500
	alert, event := make(chan time.Time, 1), make(chan time.Time, 1)
	follow(ctx, b, d, "contact.alerts", force, contact.EscalatedV1, 0, alert)
	follow(ctx, b, d, "contact.events", force, contact.ReceivedV1, mails, event)
	began := time.Now()
	for n := 0; n < mails; n += batch {
		flood := make([]channels.Original, batch)
		for i := range flood {
			flood[i] = floodMail(n+i, "The gate in Mill Lane is open again.")
		}
		if err := d.journal.Accept(ctx, flood, channels.Cursor{}); err != nil {
			b.Fatal(err)
		}
	}
	urgent := floodMail(mails, "He has a knife and he is breaking in now, please hurry.")
	if err := d.journal.Accept(ctx, []channels.Original{urgent}, channels.Cursor{}); err != nil {
		b.Fatal(err)
	}
	accepted := time.Now()
	for n := 1; n > 0; time.Sleep(time.Millisecond) {
		n, _ = d.journal.Backlog(1)
	}
	sorted := time.Now()
	report := func(what string, since, at time.Time) {
		b.ReportMetric(at.Sub(since).Seconds(), what)
	}
	report("s-to-accept", began, accepted)
	report("s-to-sort", accepted, sorted)
	report("s-to-alert", accepted, <-alert)
	report("s-to-event", accepted, <-event)
}

// follow tells when the first event of a type is on the topic that has so many of
// its conversation before it.
func follow(ctx context.Context, b *testing.B, d *daemon, topic, force, eventType string, before int, seen chan<- time.Time) {
	b.Helper()
	cluster, err := kafka.NewCluster(d.broker.connect, kafka.Watch{})
	if err != nil {
		b.Fatal(err)
	}
	var ends map[int]int64
	eventually(b, time.Minute, func() bool { ends, err = cluster.EndOffsets(ctx, topic); return err == nil }, // it is just being made
		func() string { return err.Error() })
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_ = cluster.TailFrom(ctx, topic, ends, func(r kafka.Record) error {
			of := strings.Contains(r.Headers["ce_source"], force) && r.Headers["ce_type"] == eventType
			if of && (before == 0 || r.Headers["ce_sequence"] == fmt.Sprint(before+1)) {
				seen <- time.Now()
				cancel()
			}
			return nil
		})
	}()
}

// floodMail is the nth mail of one conversation.
func floodMail(n int, text string) channels.Original {
	body := fmt.Appendf(nil, "From: r@example.org\r\nTo: control@force.example\r\nSubject: gate\r\nMessage-ID: <%d@example.org>\r\n"+
		"References: <0@example.org>\r\n\r\n%s\r\n", n, text)
	return channels.Original{Channel: "email", Account: "control", ID: fmt.Sprint("INBOX/1/", n+1), MediaType: "message/rfc822", Bytes: body}
}
