package kafka_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"contactd/pipeline/kafka"
)

// flip changes one bit of the text wherever it lies in the folder's files.
func flip(t *testing.T, dir, text string) {
	t.Helper()
	found := 0
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		raw, readErr := os.ReadFile(path)
		if err != nil || readErr != nil {
			return err // a folder
		}
		if at := bytes.Index(raw, []byte(text)); at >= 0 {
			found++
			raw[at] ^= 1
			return os.WriteFile(path, raw, 0o600)
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Fatalf("%q lies in %d files: %v", text, found, err)
	}
}

func TestABitFlippedOnTheDiskIsHandedOverAndWhatFollowsIsDelivered(t *testing.T) {
	c := embedded(t)
	if err := createTopic(t.Context(), c, "test", 1); err != nil {
		t.Fatal(err)
	}
	p := newPublisher(t, c, kafka.Watch{})
	for i := range 5 { // one batch each
		if err := p.Publish("test", envelope(fmt.Sprintf("payload-number-%d", i), "k")); err != nil {
			t.Fatal(err)
		}
	}
	flip(t, filepath.Dir(c.SASL.PasswordFile), "payload-number-2")
	damaged := make(chan kafka.Record, 10)
	registry := prometheus.NewRegistry()
	s := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g", Damaged: func(_ context.Context, r kafka.Record) error {
		damaged <- r
		return nil
	}}, kafka.Watch{Metrics: kafka.NewMetrics(registry)})
	envs, err := s.Subscribe(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := testutil.GatherAndCount(registry, "contactd_kafka_damaged_total"); n != 1 || err != nil {
		t.Errorf("an alarm that counts what comes misses the first damaged record: %d figures, %v", n, err)
	}
	for i, env := range receive(t, envs, 4) {
		if want := fmt.Sprintf("payload-number-%d", []int{0, 1, 3, 4}[i]); string(env.Payload) != want {
			t.Errorf("delivered %q, want %q", env.Payload, want)
		}
	}
	if r := <-damaged; r.Offset != 2 || r.Err == nil {
		t.Errorf("handed over %+v", r)
	}
}

func TestADamagedRecordThatNobodyTakesIsKept(t *testing.T) {
	c := embedded(t)
	if err := createTopic(t.Context(), c, "test", 1); err != nil {
		t.Fatal(err)
	}
	p := newPublisher(t, c, kafka.Watch{})
	if err := p.Publish("test", envelope("payload-number-0", "k")); err != nil {
		t.Fatal(err)
	}
	flip(t, filepath.Dir(c.SASL.PasswordFile), "payload-number-0")
	alarms := make(chan kafka.Trouble, 10)
	s := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g"}, kafka.Watch{Alarm: func(trouble kafka.Trouble) { alarms <- trouble }})
	envs, err := s.Subscribe(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if alarm := <-alarms; alarm.Kind != kafka.Damaged {
		t.Errorf("alarm %+v", alarm)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if env, ok := <-envs; ok {
		t.Errorf("delivered %q", env.Payload)
	}
}
