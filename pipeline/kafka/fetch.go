package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

const (
	// fetchBytes is above what brokers take in one batch, so that every batch
	// fits; it bounds the memory of each partition that is read.
	fetchBytes = 2 << 20
	// fetchWait is how long a broker may wait for the next record.
	fetchWait = 500 * time.Millisecond
)

// errUnreadable is the error of bytes that are no records, such as a batch
// whose CRC is wrong.
var errUnreadable = errors.New("unreadable records")

// source reads one partition, without a group. kafka-go's Reader is not used:
// it does not check CRCs, retries for ever and silently when its offset is
// beyond the end of the log, and is known to stall; a single request of the
// same library does none of that. One goroutine uses a source.
type source struct {
	client    *kafkago.Client
	topic     string
	partition int
	// next is the offset of the record to read next.
	next int64
	// uncommitted gives what transactions took back too, and does not wait for
	// those that are open.
	uncommitted bool
	// markers are the offsets in the last answer that hold no record.
	markers []int64
}

// fetch gives the records from next on, at most fetchBytes of them, and the
// offset behind the last record. It gives none when none came within
// fetchWait. It does not move next: the caller does when a record is dealt with.
func (s *source) fetch(ctx context.Context) ([]Record, int64, error) {
	return s.fetchSome(ctx, fetchBytes)
}

// fetchSome is fetch with about as many bytes at most, and at least one batch.
func (s *source) fetchSome(ctx context.Context, bytes int64) ([]Record, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := s.ask(ctx, int32(bytes))
	if err != nil {
		if isForeign(err) && s.reached(ctx) {
			err = fmt.Errorf("%w: %w", errUnreadable, err)
		} else {
			s.askAnew()
		}
		return nil, 0, fmt.Errorf("fetch %s/%d from %d: %w", s.topic, s.partition, s.next, err)
	}
	if code := kafkago.Error(answer.ErrorCode); code != 0 {
		if !errors.Is(code, kafkago.OffsetOutOfRange) {
			s.askAnew()
		}
		return nil, 0, fmt.Errorf("fetch %s/%d from %d: %w", s.topic, s.partition, s.next, code)
	}
	records, err := s.read(answer)
	return records, answer.HighWatermark, err
}

// askAnew lets the next call ask who leads: kafka-go believes for metadataTTL in
// a leader that is gone, or has told it that it is none.
func (s *source) askAnew() {
	if pool, ok := s.client.Transport.(*kafkago.Transport); ok {
		pool.CloseIdleConnections()
	}
}

// ask is kafka-go's Client.Fetch, which keeps to itself what was taken back.
func (s *source) ask(ctx context.Context, bytes int32) (*fetch.ResponsePartition, error) {
	isolation := kafkago.ReadCommitted
	if s.uncommitted {
		isolation = kafkago.ReadUncommitted
	}
	answer, err := s.client.Transport.RoundTrip(ctx, s.client.Addr, &fetch.Request{
		ReplicaID: -1, MaxWaitTime: int32(fetchWait.Milliseconds()), MinBytes: 1, MaxBytes: bytes, IsolationLevel: int8(isolation),
		SessionID: -1, SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: s.topic, Partitions: []fetch.RequestPartition{{
			Partition: int32(s.partition), CurrentLeaderEpoch: -1, FetchOffset: s.next, LogStartOffset: -1, PartitionMaxBytes: bytes,
		}}}},
	})
	if err != nil {
		return nil, err
	}
	whole, ok := answer.(*fetch.Response)
	switch {
	case !ok || len(whole.Topics) == 0:
		return nil, protocol.ErrNoTopic
	case len(whole.Topics[0].Partitions) == 0:
		return nil, protocol.ErrNoPartition
	case whole.ErrorCode != 0:
		return nil, kafkago.Error(whole.ErrorCode)
	}
	return &whole.Topics[0].Partitions[0], nil
}

// read copies the records out of kafka-go's pages. A broker sends whole
// batches, so that records before next are left out.
func (s *source) read(answer *fetch.ResponsePartition) ([]Record, error) {
	s.markers = nil
	var back spans
	from := answer.RecordSet.Records
	if from == nil {
		return nil, nil
	}
	if stream, ok := from.(*protocol.RecordStream); ok {
		s.skipMarkers(stream)
		back = takenBack(stream, answer.AbortedTransactions)
	}
	var records []Record
	end := answer.HighWatermark
	for {
		r, err := from.ReadRecord()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return records, fmt.Errorf("%w: %w", errUnreadable, err)
		}
		record, err := s.copyRecord(r)
		if err != nil {
			return records, fmt.Errorf("%w: %w", errUnreadable, err)
		}
		if record.Offset < s.next {
			continue
		}
		// The offset is not covered by the CRC. Records wait until those
		// before them are dealt with, so that an impossible one is met last.
		if record.Offset >= end {
			return records, fmt.Errorf("%w: offset %d is beyond the end %d", errUnreadable, record.Offset, end)
		}
		if back.contain(record.Offset) {
			s.markers = append(s.markers, record.Offset)
			if len(records) == 0 {
				s.next = record.Offset + 1
			}
			continue
		}
		records = append(records, record)
	}
}

// skipMarkers notes the markers with which foreign producers end their
// transactions, and moves next over those that come first: kafka-go hides
// them, and a partition that ends in one would be asked for it for ever.
func (s *source) skipMarkers(stream *protocol.RecordStream) {
	first := true
	for _, batch := range stream.Records {
		marker, ok := batch.(*protocol.ControlBatch)
		if !ok {
			first = false
			continue
		}
		s.markers = append(s.markers, marker.BaseOffset)
		if first {
			s.next = max(s.next, marker.BaseOffset+1)
		}
	}
}

func (s *source) copyRecord(r *kafkago.Record) (Record, error) {
	record := Record{Topic: s.topic, Partition: s.partition, Offset: r.Offset, Time: r.Time, Headers: make(map[string]string, len(r.Headers))}
	key, err := readAll(r.Key)
	if err != nil {
		return record, err
	}
	record.Key = string(key)
	if record.Value, err = readAll(r.Value); err != nil {
		return record, err
	}
	for _, h := range r.Headers {
		record.Headers[h.Key] = string(h.Value)
	}
	return record, nil
}

func readAll(b kafkago.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer func() { _ = b.Close() }()
	return kafkago.ReadAll(b)
}

// isForeign reports whether an error of a fetch may be about the bytes that
// came: none of those that are known to be about the broker or the way to it.
// kafka-go has no type for it.
func isForeign(err error) bool {
	var network net.Error
	var code kafkago.Error
	return !errors.As(err, &network) && !errors.As(err, &code) &&
		!errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.ErrClosedPipe) && !errors.Is(err, net.ErrClosed) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) &&
		// Nobody was asked, or the answer is empty, as beyond a quota.
		!errors.Is(err, protocol.ErrNoTopic) && !errors.Is(err, protocol.ErrNoPartition) && !errors.Is(err, protocol.ErrNoLeader)
}

// reached reports whether the leader answers to something else. When it does
// not, no error of a fetch says anything about bytes: there are many ways not
// to connect, such as a certificate that has expired.
func (s *source) reached(ctx context.Context) bool {
	_, _, err := s.bounds(ctx)
	return err == nil
}

// bounds asks for the offset of the oldest record and the one behind the
// newest.
func (s *source) bounds(ctx context.Context) (start, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := s.client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
		s.topic: {kafkago.FirstOffsetOf(s.partition), kafkago.LastOffsetOf(s.partition)},
	}})
	if err != nil {
		return 0, 0, fmt.Errorf("list offsets of %s/%d: %w", s.topic, s.partition, err)
	}
	partitions := answer.Topics[s.topic]
	if len(partitions) == 0 {
		return 0, 0, fmt.Errorf("list offsets of %s/%d: no answer", s.topic, s.partition)
	}
	p := partitions[0] // it was asked for alone
	if p.Error != nil {
		return 0, 0, fmt.Errorf("list offsets of %s/%d: %w", s.topic, s.partition, p.Error)
	}
	return p.FirstOffset, p.LastOffset, nil
}
