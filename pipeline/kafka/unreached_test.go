package kafka_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"contactd/pipeline/kafka"
)

// A command that is skipped as damaged is never carried out, so that only what
// came and was looked at may count as that.
func TestNoRecordIsTakenForDamagedBecauseTheBrokerGivesNone(t *testing.T) {
	for name, fail := range map[string]func(*faulty){
		// As Apache Kafka does beyond a quota.
		"it answers without partitions": func(b *faulty) {
			b.answer(kmsg.Fetch, 6, func(request kmsg.Request) kmsg.Response { return request.ResponseKind() })
		},
		"the partition has no leader": func(b *faulty) {
			b.answer(kmsg.Metadata, 4, leaderless) // two ask for the group, one is believed for seconds
		},
		"its certificate is not the one to trust": func(b *faulty) {
			b.answer(kmsg.Fetch, 1, func(kmsg.Request) kmsg.Response {
				b.distrusted.Store(10)
				return nil // hangs up
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, c := newFaulty(t)
			p := newPublisher(t, c, kafka.Watch{})
			if err := p.Publish("test", envelope("first", "k"), envelope("second", "k")); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"first", "second"} {
				s := newSubscriber(t, c, kafka.SubscriberConfig{Group: "g", Damaged: func(_ context.Context, r kafka.Record) error {
					t.Errorf("taken for damaged: %v", r.Err)
					return nil
				}}, kafka.Watch{})
				envs, err := s.Subscribe(t.Context(), "test")
				if err != nil {
					t.Fatal(err)
				}
				if got := receive(t, envs, 1); got[0].UUID != want {
					t.Errorf("delivered %s, want %s", got[0].UUID, want)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				fail(b)
			}
		})
	}
}

// The guard publishes again what it is told is not there.
func TestNoRecordIsMissingBecauseTheBrokerGivesNone(t *testing.T) {
	b, c := newFaulty(t)
	if err := newPublisher(t, c, kafka.Watch{}).Publish("test", envelope("id", "k")); err != nil {
		t.Fatal(err)
	}
	b.answer(kmsg.Metadata, 100, leaderless)
	records := newCluster(t, c).Records("test")
	defer records.Close()
	if _, err := records.At(t.Context(), 0, []int64{0}, func(int64, map[string]string) {}); err == nil {
		t.Error("it is said not to be there")
	}
}

// faulty is a broker that a test makes misbehave.
type faulty struct {
	*kfake.Cluster
	distrusted atomic.Int32 // how often it still shows a certificate that nobody trusts
}

// answer lets f answer the next requests of a kind. No answer hangs up.
func (b *faulty) answer(kind kmsg.Key, times int, f func(kmsg.Request) kmsg.Response) {
	b.ControlKey(int16(kind), func(request kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		if times--; times < 0 {
			return nil, nil, false
		}
		return f(request), nil, true
	})
}

// leaderless is the metadata of a partition whose brokers are all down.
func leaderless(request kmsg.Request) kmsg.Response {
	answer := request.ResponseKind().(*kmsg.MetadataResponse)
	node := kmsg.NewMetadataResponseBroker()
	node.Host, node.Port = "127.0.0.1", 1
	answer.Brokers = append(answer.Brokers, node)
	topic, partition := kmsg.NewMetadataResponseTopic(), kmsg.NewMetadataResponseTopicPartition()
	topic.Topic, partition.Leader = kmsg.StringPtr("test"), -1
	topic.Partitions = append(topic.Partitions, partition)
	answer.Topics = append(answer.Topics, topic)
	return answer
}

func newFaulty(t *testing.T) (*faulty, kafka.Config) {
	t.Helper()
	trusted, caFile := certificate(t)
	other, _ := certificate(t)
	b := &faulty{}
	var err error
	b.Cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "test"), kfake.TLS(&tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if b.distrusted.Add(-1) >= 0 {
				return other, nil
			}
			return trusted, nil
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	c := single(b.ListenAddrs()[0])
	c.TLS = kafka.TLS{Enabled: true, CAFile: caFile}
	return b, c
}

// certificate makes one for this machine that vouches for itself, and the file
// with which it is trusted.
func certificate(t *testing.T) (*tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, file
}
