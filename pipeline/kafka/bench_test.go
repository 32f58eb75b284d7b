package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// payload is 1 kB, as most events are.
var payload = make([]byte, 1000)

func event(i int, lane pipeline.Lane) *message.Message {
	env := message.NewMessage(watermill.NewUUID(), payload)
	env.Metadata[pipeline.MetaKey] = fmt.Sprintf("conversation-%d", i%1000)
	env.Metadata[pipeline.MetaLane] = lane.String()
	return env
}

func benchTopic(b *testing.B, c kafka.Config) string {
	topic := "bench." + watermill.NewShortUUID()
	if err := createTopic(b.Context(), c, topic, 4); err != nil {
		b.Fatal(err)
	}
	if err := newPublisher(b, c, kafka.Watch{}).Publish(topic, event(0, pipeline.LaneNormal)); err != nil { // it has leaders
		b.Fatal(err)
	}
	return topic
}

// onBothBench runs a benchmark on both brokers.
func onBothBench(b *testing.B, bench func(b *testing.B, c kafka.Config, topic string)) {
	for name, config := range map[string]func(testing.TB) kafka.Config{"apache": apache, "embedded": embedded} {
		b.Run(name, func(b *testing.B) {
			c := config(b)
			bench(b, c, benchTopic(b, c))
		})
	}
}

// report prints quantiles in milliseconds.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	at := func(q float64) float64 { return took[int(q*float64(len(took)-1))].Seconds() * 1000 }
	b.ReportMetric(at(.5), "p50-ms")
	b.ReportMetric(at(.99), "p99-ms")
	b.ReportMetric(at(1), "max-ms")
	b.ReportMetric(0, "ns/op")
}

// pace publishes b.N events at a rate, each by a caller of its own, and gives
// how long each took from the moment that it was due.
func pace(b *testing.B, p *kafka.Publisher, topic string, rate int, lane pipeline.Lane) []time.Duration {
	took := make([]time.Duration, b.N)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range b.N {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		if wait := time.Until(due); wait > 0 {
			<-time.After(wait)
		}
		env := event(i, lane)
		wg.Go(func() {
			if err := p.Publish(topic, env); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "events/s")
	return took
}

// BenchmarkPublishLatency wants a fixed number of events: -benchtime 20000x.
func BenchmarkPublishLatency(b *testing.B) {
	for _, rate := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(rate, "/s"), func(b *testing.B) {
			onBothBench(b, func(b *testing.B, c kafka.Config, topic string) {
				p := newPublisher(b, c, kafka.Watch{})
				b.ResetTimer()
				report(b, pace(b, p, topic, rate, pipeline.LaneNormal))
			})
		})
	}
}

// BenchmarkPublishThroughput keeps 2,000 callers busy.
func BenchmarkPublishThroughput(b *testing.B) {
	onBothBench(b, func(b *testing.B, c kafka.Config, topic string) {
		p := newPublisher(b, c, kafka.Watch{})
		b.ResetTimer()
		b.SetParallelism(1000)
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if err := p.Publish(topic, event(i, pipeline.LaneNormal)); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

// BenchmarkEmergencyBehindABacklog publishes 50 emergencies a second while 2,000
// callers publish normal events as fast as they can: -benchtime 500x.
func BenchmarkEmergencyBehindABacklog(b *testing.B) {
	onBothBench(b, func(b *testing.B, c kafka.Config, topic string) {
		p := newPublisher(b, c, kafka.Watch{})
		ctx, cancel := context.WithCancel(b.Context())
		var backlog sync.WaitGroup
		for range 2000 {
			backlog.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					if err := p.Publish(topic, event(i, pipeline.LaneNormal)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		b.ResetTimer()
		report(b, pace(b, p, topic, 50, pipeline.LaneEmergency))
		cancel()
		backlog.Wait()
	})
}
