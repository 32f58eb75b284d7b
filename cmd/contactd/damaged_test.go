package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"contactd/pipeline"
)

func TestARecordThatCannotBeBelievedIsNamedByWhoeverCounts(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, pipeline.TopicEvents))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	writer := &kafkago.Writer{Addr: kafkago.TCP(cluster.ListenAddrs()...), Topic: pipeline.TopicEvents}
	changed := kafkago.Message{Value: []byte("{}"), Headers: []kafkago.Header{{Key: pipeline.MetaDigest, Value: []byte("of something else")}}}
	if err := errors.Join(writer.WriteMessages(t.Context(), slices.Repeat([]kafkago.Message{changed}, 7)...), writer.Close()); err != nil {
		t.Fatal(err)
	}
	t.Chdir(configure(t, "kafka: {brokers: [\""+cluster.ListenAddrs()[0]+"\"]}\n"))
	for _, args := range [][]string{{"shadow"}, {"labels", "export"}} {
		seen := contactd(t, "", args...)
		const want = "left out 7 records that cannot be believed: contact.events/0/0, /0/1, /0/2, /0/3, /0/4 and 2 more"
		if seen.code != 1 || !strings.Contains(seen.err, want) {
			t.Errorf("%v: %+v, want %s", args, seen, want)
		}
	}
}
