package kafka

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"

	"contactd/pipeline"
)

const (
	// headerUUID carries the envelope's UUID.
	headerUUID = "envelope"
	// maxPayload is that of the event contract: larger things go by reference.
	maxPayload = 256 << 10
	// maxRecord leaves room for the key and headers; it stays far below the
	// brokers' own limit (message.max.bytes, 1 MiB).
	maxRecord = maxPayload + 64<<10
)

var (
	// ErrTooLarge is returned by Publish for an envelope that no broker would
	// take. It is permanent.
	ErrTooLarge = errors.New("larger than 256 kB")
	// errDigest is the error of a record whose payload is not its digest's.
	errDigest = errors.New("payload does not match its digest")
)

// Record is one record of a topic, as stored.
type Record struct {
	Topic     string
	Partition int
	Offset    int64
	Key       string
	Value     []byte
	Headers   map[string]string
	// Time is what its producer claims.
	Time time.Time
	// Err says why the record cannot be believed; nil for a sound one.
	Err error
}

// seal makes a record of an envelope.
func seal(topic string, env *message.Message) (kafkago.Message, error) {
	sum := sha256.Sum256(env.Payload)
	m := kafkago.Message{Topic: topic, Value: env.Payload}
	// kafka-go spreads records without a key; an empty key would not be spread.
	if key := env.Metadata[pipeline.MetaKey]; key != "" {
		m.Key = []byte(key)
	}
	add := func(key, value string) {
		m.Headers = append(m.Headers, kafkago.Header{Key: key, Value: []byte(value)})
	}
	for key, value := range env.Metadata {
		switch key {
		case pipeline.MetaKey, pipeline.MetaLane, pipeline.MetaPartition, pipeline.MetaOffset, pipeline.MetaDigest, headerUUID:
		default:
			add(key, value)
		}
	}
	// The same envelope is the same record, whatever a map's order.
	slices.SortFunc(m.Headers, func(a, b kafkago.Header) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	add(headerUUID, env.UUID)
	add(pipeline.MetaDigest, hex.EncodeToString(sum[:]))
	if len(env.Payload) > maxPayload || size(m) > maxRecord {
		return m, fmt.Errorf("publish to %s: %w", topic, pipeline.Permanent(ErrTooLarge))
	}
	return m, nil
}

// size is at least what the record takes on the wire.
func size(m kafkago.Message) int {
	const overhead = 32 // attributes, lengths, deltas; kafka-go counts less
	n := overhead + len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += 10 + len(h.Key) + len(h.Value)
	}
	return n
}

// verify checks the payload against the digest that it was published with. A
// record without one comes from somebody else and was checked by its CRC only.
func (r Record) verify() error {
	want, ok := r.Headers[pipeline.MetaDigest]
	if !ok {
		return nil
	}
	sum := sha256.Sum256(r.Value)
	if hex.EncodeToString(sum[:]) != want {
		return errDigest
	}
	return nil
}

// open makes an envelope of a record.
func (r Record) open() *message.Message {
	env := message.NewMessage(r.Headers[headerUUID], r.Value)
	for key, value := range r.Headers {
		if key != headerUUID {
			env.Metadata[key] = value
		}
	}
	// Last, so that no foreign header says otherwise.
	env.Metadata[pipeline.MetaKey] = r.Key
	place(env, r.Partition, r.Offset)
	return env
}

// place notes on the envelope where its record lies.
func place(env *message.Message, partition int, offset int64) {
	env.Metadata[pipeline.MetaPartition] = strconv.Itoa(partition)
	env.Metadata[pipeline.MetaOffset] = strconv.FormatInt(offset, 10)
}
