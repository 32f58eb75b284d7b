package kafka_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/pipeline/kafka"
)

// at gives the ids of the records at offsets of partition 0, "" for one
// without headers.
func at(t *testing.T, c kafka.Config, topic string, offsets ...int64) (ids map[int64]string, start int64) {
	t.Helper()
	records := newCluster(t, c).Records(topic)
	defer records.Close()
	ids = map[int64]string{}
	start, err := records.At(t.Context(), 0, offsets, func(offset int64, headers map[string]string) { ids[offset] = headers["ce_id"] })
	if err != nil {
		t.Fatal(err)
	}
	return ids, start
}

// publishIDs publishes records with ids, in batches of the broker's.
func publishIDs(t *testing.T, c kafka.Config, topic string, first, last, size int) {
	t.Helper()
	p := newPublisher(t, c, kafka.Watch{})
	for i := first; i <= last; i++ {
		env := envelope(fmt.Sprint(i), "k")
		env.Payload = append(env.Payload, make([]byte, size)...)
		env.Metadata["ce_id"] = fmt.Sprint("e-", i)
		if err := p.Publish(topic, env); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSingleRecordsAreReadWhereverTheyLie(t *testing.T) {
	onBoth(t, 1, func(t *testing.T, c kafka.Config, topic string) {
		publishIDs(t, c, topic, 0, 99, 0)
		publishIDs(t, c, topic, 100, 109, 100<<10) // larger than what is asked for
		offsets := []int64{0, 1, 2, 40, 60, 99, 100, 101, 102, 105, 109, 110, 5000}
		got, start := at(t, c, topic, offsets...)
		want := map[int64]string{}
		for _, offset := range offsets[:11] {
			want[offset] = fmt.Sprint("e-", offset)
		}
		if !maps.Equal(got, want) || start != 0 {
			t.Errorf("got %v from %d on", got, start)
		}
		if got, _ := at(t, c, topic, 110); len(got) > 0 {
			t.Errorf("got %v behind the end", got)
		}
		if got, _ := at(t, c, topic, 111); len(got) > 0 {
			t.Errorf("got %v far behind the end", got)
		}
	})
}

func TestWhereTheLogBeginsIsSaidWhenOlderRecordsAreAskedFor(t *testing.T) {
	c, topic := apache(t), "test."+watermill.NewShortUUID()
	if err := createTopic(t.Context(), c, topic, 1); err != nil {
		t.Fatal(err)
	}
	publishIDs(t, c, topic, 0, 9, 0)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	deletion := kmsg.NewPtrDeleteRecordsRequest()
	deletion.TimeoutMillis = 10_000
	partition := kmsg.DeleteRecordsRequestTopicPartition{Offset: 6}
	deletion.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{partition}}}
	if answer, err := deletion.RequestWith(t.Context(), client); err != nil || answer.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatal(answer, err)
	}
	got, start := at(t, c, topic, 0, 3, 5, 6, 8)
	if start != 6 || !maps.Equal(got, map[int64]string{6: "e-6", 8: "e-8"}) {
		t.Errorf("got %v from %d on", got, start)
	}
	if got, start := at(t, c, topic, 1, 2); start != 6 || len(got) > 0 {
		t.Errorf("got %v from %d on", got, start)
	}
}

// A marker that lies where a message was acknowledged has displaced it as any
// record would.
func TestAMarkerOfATransactionIsARecordWithoutHeaders(t *testing.T) {
	c, topic, client := transactional(t)
	for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		err := errors.Join(client.BeginTransaction(),
			client.ProduceSync(t.Context(), &kgo.Record{Value: []byte("v"), Headers: []kgo.RecordHeader{{Key: "ce_id", Value: []byte("t")}}}).FirstErr(),
			client.EndTransaction(t.Context(), end))
		if err != nil {
			t.Fatal(err)
		}
	}
	publishIDs(t, c, topic, 4, 4, 0)
	want := map[int64]string{0: "t", 1: "", 2: "t", 3: "", 4: "e-4"}
	if got, _ := at(t, c, topic, 0, 1, 2, 3, 4); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for offset, id := range want { // alone, too
		if got, _ := at(t, c, topic, offset); !maps.Equal(got, map[int64]string{offset: id}) {
			t.Errorf("at %d: %v", offset, got)
		}
	}
}

func TestADamagedRecordHidesNoOther(t *testing.T) {
	c := embedded(t)
	if err := createTopic(t.Context(), c, "test", 1); err != nil {
		t.Fatal(err)
	}
	p := newPublisher(t, c, kafka.Watch{})
	for i := range 5 { // one batch each
		env := envelope(fmt.Sprintf("payload-number-%d", i), "k")
		env.Metadata["ce_id"] = fmt.Sprint("e-", i)
		if err := p.Publish("test", env); err != nil {
			t.Fatal(err)
		}
	}
	flip(t, filepath.Dir(c.SASL.PasswordFile), "payload-number-2")
	got, _ := at(t, c, "test", 0, 1, 2, 3, 4)
	if seen := slices.Sorted(maps.Keys(got)); !slices.Equal(seen, []int64{0, 1, 3, 4}) {
		t.Errorf("got %v", got)
	}
}

// BenchmarkRecords reads the last 4,096 of the records of a partition in the
// portions in which the guard walks.
func BenchmarkRecords(b *testing.B) {
	for name, config := range map[string]func(testing.TB) kafka.Config{"apache": apache, "embedded": embedded} {
		b.Run(name, func(b *testing.B) {
			c, topic := config(b), "test."+watermill.NewShortUUID()
			if err := createTopic(b.Context(), c, topic, 1); err != nil {
				b.Fatal(err)
			}
			p := newPublisher(b, c, kafka.Watch{})
			const all = 10_000
			envs := make([]*message.Message, all)
			for i := range envs {
				envs[i] = envelope(fmt.Sprint(i), "k")
				envs[i].Payload = make([]byte, 3<<10)
			}
			if err := p.Publish(topic, envs...); err != nil {
				b.Fatal(err)
			}
			cluster, err := kafka.NewCluster(c, kafka.Watch{})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				records := cluster.Records(topic)
				read := 0
				for before := int64(all); before > all-4096; before -= 64 {
					offsets := make([]int64, 64)
					for i := range offsets {
						offsets[i] = before - 64 + int64(i)
					}
					if _, err := records.At(b.Context(), 0, offsets, func(int64, map[string]string) { read++ }); err != nil {
						b.Fatal(err)
					}
				}
				records.Close()
				if read != 4096 {
					b.Fatalf("read %d", read)
				}
			}
		})
	}
}
