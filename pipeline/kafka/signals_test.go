package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"contactd/pipeline/kafka"
)

func TestFollowGivesEveryProcessWhatIsPublishedFromNowOn(t *testing.T) {
	onBoth(t, 1, func(t *testing.T, c kafka.Config, topic string) {
		p := newPublisher(t, c, kafka.Watch{})
		if err := p.Publish(topic, envelope("old", "k")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan kafka.Record, 1000), make(chan kafka.Record, 1000)
		ended := make(chan bool, 2)
		for _, to := range []chan kafka.Record{first, second} {
			go func() {
				newCluster(t, c).Follow(ctx, topic, func(r kafka.Record) { to <- r })
				ended <- true
			}()
		}
		limit, tick := time.After(20*time.Second), time.NewTicker(50*time.Millisecond)
		defer tick.Stop()
		for _, from := range []chan kafka.Record{first, second} {
			for got := false; !got; {
				select {
				case r := <-from:
					if got = true; string(r.Value) != "new" || r.Key != "k" {
						t.Fatalf("got %+v", r)
					}
				case <-tick.C: // until it has begun to read
					if err := p.Publish(topic, envelope("new", "k")); err != nil {
						t.Fatal(err)
					}
				case <-limit:
					t.Fatal("nothing came")
				}
			}
		}
		cancel()
		for range 2 {
			select {
			case <-ended:
			case <-limit:
				t.Fatal("it does not end")
			}
		}
	})
}

func TestFollowWaitsForABrokerThatIsAway(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	newCluster(t, single("127.0.0.1:1")).Follow(ctx, "signals", func(kafka.Record) { t.Error("a record came from nowhere") })
	if ctx.Err() == nil {
		t.Error("it gave up")
	}
}

func TestTailFromAnOffsetMissesNothingThatWasPublishedSince(t *testing.T) {
	onBoth(t, 2, func(t *testing.T, c kafka.Config, topic string) {
		p, cluster := newPublisher(t, c, kafka.Watch{}), newCluster(t, c)
		if err := p.Publish(topic, envelope("old", "k")); err != nil {
			t.Fatal(err)
		}
		before, err := cluster.EndOffsets(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Publish(topic, envelope("new", "k")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var got []string
		err = cluster.TailFrom(ctx, topic, before, func(r kafka.Record) error {
			got = append(got, string(r.Value))
			cancel()
			return nil
		})
		if err != nil || len(got) != 1 || got[0] != "new" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestAReaderThatIsCalledOffTellsOfNoTrouble(t *testing.T) {
	onBoth(t, 1, func(t *testing.T, c kafka.Config, topic string) {
		var told bytes.Buffer
		cluster, err := kafka.NewCluster(c, kafka.Watch{Log: slog.New(slog.NewTextHandler(&told, nil))})
		if err != nil {
			t.Fatal(err)
		}
		p := newPublisher(t, c, kafka.Watch{})
		if err := p.Publish(topic, envelope("id", "k")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err = cluster.Tail(ctx, topic, true, func(kafka.Record) error {
			time.AfterFunc(50*time.Millisecond, cancel) // the next fetch waits for more by then
			return nil
		})
		if err != nil || told.Len() > 0 {
			t.Errorf("ended with %v and told %s", err, &told)
		}
	})
}

func TestReadGivesWhatIsThereAndEnds(t *testing.T) {
	onBoth(t, 3, func(t *testing.T, c kafka.Config, topic string) {
		p, cluster := newPublisher(t, c, kafka.Watch{}), newCluster(t, c)
		want := map[string][]string{}
		for n := range 200 {
			key, value := fmt.Sprint(n%2), fmt.Sprint(n) // a partition stays empty
			want[key] = append(want[key], value)
			if err := p.Publish(topic, envelope(value, key)); err != nil {
				t.Fatal(err)
			}
		}
		got := map[string][]string{}
		late := sync.OnceValue(func() error { return p.Publish(topic, envelope("late", "0")) })
		err := cluster.Read(t.Context(), topic, func(r kafka.Record) error {
			got[r.Key] = append(got[r.Key], string(r.Value))
			return late()
		})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v", got, err)
		}
		if err := cluster.Read(t.Context(), topic, func(kafka.Record) error { return io.ErrShortWrite }); !errors.Is(err, io.ErrShortWrite) {
			t.Error(err)
		}
	})
}

func TestReadTellsThatNoBrokerIsThere(t *testing.T) {
	if err := newCluster(t, single("127.0.0.1:1")).Read(t.Context(), "signals", func(kafka.Record) error { return nil }); err == nil {
		t.Error("no error")
	}
}
