package kafka

import (
	"math"
	"slices"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// spans are stretches of offsets, each from the first to before the second.
type spans [][2]int64

func (s spans) contain(offset int64) bool {
	return slices.ContainsFunc(s, func(each [2]int64) bool { return each[0] <= offset && offset < each[1] })
}

// takenBack are the batches of transactions that were called off. A broker names
// the producer of each and where it began; it ends with that producer's next
// marker.
func takenBack(stream *protocol.RecordStream, aborted []fetch.ResponseTransaction) (back spans) {
	ended := map[int64]int64{} // by producer, the last marker
	for i, batch := range stream.Records {
		switch b := batch.(type) {
		case *protocol.ControlBatch:
			ended[b.ProducerID] = b.BaseOffset
		case *protocol.RecordBatch:
			off := b.Attributes.Transactional() && slices.ContainsFunc(aborted, func(t fetch.ResponseTransaction) bool {
				last, has := ended[b.ProducerID]
				return t.ProducerID == b.ProducerID && t.FirstOffset <= b.BaseOffset && (!has || t.FirstOffset > last)
			})
			if off {
				back = append(back, [2]int64{b.BaseOffset, nextBase(stream.Records[i+1:])})
			}
		}
	}
	return back
}

// nextBase is where the first of the batches begins.
func nextBase(batches []protocol.RecordReader) int64 {
	if len(batches) > 0 {
		switch b := batches[0].(type) {
		case *protocol.ControlBatch:
			return b.BaseOffset
		case *protocol.RecordBatch:
			return b.BaseOffset
		}
	}
	return math.MaxInt64
}
