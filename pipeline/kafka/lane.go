package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"contactd/pipeline"
)

const (
	// normalBatch and emergencyBatch are how many records one call carries.
	normalBatch    = 500
	emergencyBatch = 20
	// batchBytes is the brokers' default message.max.bytes. A call is filled
	// below it so that kafka-go makes one batch of each partition: of two, the
	// first could fail and the second succeed, in the wrong order.
	batchBytes = 1 << 20
	fillBytes  = batchBytes - 64<<10
	// batchTimeout is how long kafka-go waits for more; all there is comes
	// in one call, so that waiting gains nothing.
	batchTimeout = time.Millisecond
	// callTimeout bounds a call that waits for the cluster's layout. It is far
	// above requestTimeout because a call that returned early could still
	// be on its way and arrive after its repetition.
	callTimeout = 3 * requestTimeout
	// laneBackoff is the longest pause between two calls of a lane.
	laneBackoff = 3 * time.Second
	// quickRetries are the failures after which a pause may exceed
	// quickBackoff: a broker's restart is over by then. An emergency is never
	// kept longer.
	quickRetries = 50
	quickBackoff = 200 * time.Millisecond
)

// entry is a record on its way. The lane that holds it owns its fields until
// it sends the outcome to done.
type entry struct {
	record    kafkago.Message
	size      int
	lane      laneKey
	done      chan error
	err       error
	acked     bool
	unsure    bool // a call that failed may have carried it
	partition int
	offset    int64
}

func newEntry(record kafkago.Message) *entry {
	e := &entry{record: record, size: size(record), done: make(chan error, 1)}
	// The lane knows the topic.
	e.record.Topic = ""
	e.record.WriterData = e
	return e
}

// lane publishes the records of one urgency to one topic: one call in flight,
// which carries all that waits. On a disk with a flush of 2 ms that carries a
// hundred times more than many callers with a record each.
type lane struct {
	key      laneKey
	others   *precedence
	writer   *kafkago.Writer
	pool     *kafkago.Transport
	watch    Watch
	closed   <-chan struct{}
	most     int
	newest   map[int]int64 // offset last acknowledged, by partition
	failures int
	down     trouble

	mu      sync.Mutex
	waiting []*entry
	wake    chan struct{}
}

func newLane(key laneKey, connect connector, watch Watch, others *precedence, closed <-chan struct{}) *lane {
	l := &lane{
		key: key, others: others, pool: connect.transport(key.topic), watch: watch, closed: closed, most: normalBatch,
		newest: make(map[int]int64), wake: make(chan struct{}, 1),
		down: trouble{
			watch: watch, about: Trouble{Kind: CannotPublish, Topic: key.topic, Lane: key.String(), Partition: -1},
			since: watch.Metrics.downSince.WithLabelValues(key.topic, key.String()),
		},
	}
	if key.emergency {
		l.most = emergencyBatch
	}
	l.writer = &kafkago.Writer{
		Addr: kafkago.TCP(connect.brokers...), Topic: key.topic, Transport: l.pool,
		Balancer: &kafkago.Hash{}, // one key, one partition
		// The zero value asks for no acknowledgement at all.
		RequiredAcks: kafkago.RequireAll,
		// Async would swallow errors. Attempts inside the writer would reorder
		// records, and leave out errors that deserve them.
		Async: false, MaxAttempts: 1,
		BatchSize: l.most, BatchBytes: batchBytes, BatchTimeout: batchTimeout,
		WriteTimeout: requestTimeout, ReadTimeout: requestTimeout,
		AllowAutoTopicCreation: false, // Topics.Ensure decides what a topic is like
		Completion:             acknowledge,
	}
	return l
}

// acknowledge notes where records lie. The writer calls it before the call
// that carried them returns.
func acknowledge(records []kafkago.Message, err error) {
	for _, r := range records {
		if e, ok := r.WriterData.(*entry); ok && err == nil {
			e.acked, e.partition, e.offset = true, r.Partition, r.Offset
		}
	}
}

// add queues an entry. The queue is bounded by the callers of Publish, who
// wait for their entries.
func (l *lane) add(e *entry) {
	if l.key.emergency {
		l.others.add(l.key.topic)
	}
	l.mu.Lock()
	l.waiting = append(l.waiting, e)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run publishes until the publisher is closed, and then refuses what is left.
func (l *lane) run() {
	defer l.pool.CloseIdleConnections()
	defer func() { _ = l.writer.Close() }()
	var batch []*entry
	for {
		batch = l.fill(batch)
		select {
		case <-l.closed:
			l.refuse(batch)
			return
		default:
		}
		if len(batch) == 0 {
			select {
			case <-l.wake:
			case <-l.closed:
			}
			continue
		}
		if !l.key.emergency {
			l.others.yield(l.key.topic, l.closed)
		}
		l.send(batch)
		batch = l.settle(batch)
		l.pause(batch)
	}
}

// fill takes what waits behind what has failed, as much as one call carries.
func (l *lane) fill(batch []*entry) []*entry {
	bytes := 0
	for _, e := range batch {
		bytes += e.size
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for n < len(l.waiting) && len(batch) < l.most && bytes+l.waiting[n].size <= fillBytes {
		bytes += l.waiting[n].size
		batch = append(batch, l.waiting[n])
		n++
	}
	l.waiting = l.waiting[n:]
	if len(l.waiting) == 0 {
		l.waiting = nil // lets go of the array
	}
	return batch
}

// send makes one call with the entries and notes each one's outcome.
func (l *lane) send(batch []*entry) {
	records := make([]kafkago.Message, len(batch))
	for i, e := range batch {
		e.acked, e.err = false, nil
		records[i] = e.record
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	err := l.writer.WriteMessages(ctx, records...)
	if err == nil {
		return
	}
	var each kafkago.WriteErrors
	if !errors.As(err, &each) || len(each) != len(batch) {
		each = nil
	}
	for i, e := range batch {
		if e.acked {
			continue
		}
		if e.err = err; each != nil {
			e.err = each[i]
		}
		e.unsure = e.unsure || !certain(e.err)
	}
	l.sift(batch)
}

// sift finds the records for which a broker refused a whole batch: it sends the
// refused ones again, each by itself, and gives up those that are refused
// alone.
func (l *lane) sift(batch []*entry) {
	for _, e := range batch {
		if e.err == nil || !refused(e.err) {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		err := l.writer.WriteMessages(ctx, e.record)
		cancel()
		var one kafkago.WriteErrors
		if errors.As(err, &one) && len(one) == 1 {
			err = one[0]
		}
		switch {
		case err == nil:
			e.err = nil
		case refused(err):
			e.err = fmt.Errorf("publish to %s: %w", l.key.topic, pipeline.Permanent(err))
			e.acked = true // settled: it is not tried again
		default:
			// The broker is away. The later ones wait, in order.
			e.err, e.unsure = err, e.unsure || !certain(err)
			return
		}
	}
}

// refused reports whether a broker will never take a record as it is.
func refused(err error) bool {
	const invalidRecord = kafkago.Error(87)
	return errors.Is(err, kafkago.MessageSizeTooLarge) || errors.Is(err, kafkago.RecordListTooLarge) ||
		errors.Is(err, kafkago.InvalidTimestamp) || errors.Is(err, invalidRecord) ||
		errors.Is(err, kafkago.UnsupportedForMessageFormat)
}

// settle tells the outcome of all that need not be tried again, and gives the
// rest in order.
func (l *lane) settle(batch []*entry) []*entry {
	var failed []*entry
	published := 0
	for _, e := range batch {
		if e.err != nil && !e.acked {
			failed = append(failed, e)
			continue
		}
		if e.err == nil {
			published++
			l.watchOffset(e)
		}
		e.done <- e.err
	}
	if l.key.emergency {
		l.others.settle(l.key.topic, len(batch)-len(failed))
	}
	labels := []string{l.key.topic, l.key.String()}
	l.watch.Metrics.published.WithLabelValues(labels...).Add(float64(published))
	l.watch.Metrics.failed.WithLabelValues(labels...).Add(float64(len(failed)))
	return failed
}

// watchOffset notices a broker that has lost what it acknowledged: it gives
// the same offsets again.
func (l *lane) watchOffset(e *entry) {
	last, seen := l.newest[e.partition]
	l.newest[e.partition] = e.offset
	if seen && e.offset <= last {
		err := fmt.Errorf("acknowledged offset %d after %d", e.offset, last)
		l.watch.Log.Error("kafka lost records", "kind", string(OffsetsFell), "topic", l.key.topic, "partition", e.partition, "err", err.Error())
		l.watch.Alarm(Trouble{
			Kind: OffsetsFell, Topic: l.key.topic, Lane: l.key.String(), Partition: e.partition, Since: time.Now(), Err: err,
		})
	}
}

// pause waits after a failure, longer after each in a row.
func (l *lane) pause(failed []*entry) {
	back := l.others.recovery()
	if len(failed) == 0 {
		if l.failures > 0 {
			l.others.recovered()
		}
		l.failures = 0
		l.down.over()
		return
	}
	l.failures++
	l.down.goesOn(failed[0].err)
	// What is known of the cluster may be why: kafka-go believes for metadataTTL
	// in a leader that has told it that it is none. The next call asks anew.
	l.pool.CloseIdleConnections()
	limit := quickBackoff
	if l.failures > quickRetries && !l.key.emergency {
		limit = laneBackoff
	}
	timer := time.NewTimer(backoff(l.failures, limit))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-back:
	case <-l.closed:
	}
}

// refuse ends the lane.
func (l *lane) refuse(batch []*entry) {
	l.mu.Lock()
	batch = append(batch, l.waiting...)
	l.waiting = nil
	l.mu.Unlock()
	if l.key.emergency {
		l.others.settle(l.key.topic, len(batch))
	}
	for _, e := range batch {
		err := error(ErrClosed)
		if e.err != nil {
			err = fmt.Errorf("%w; last error: %w", ErrClosed, e.err)
		}
		if e.unsure {
			err = fmt.Errorf("%w, %w", ErrUnsure, err)
		}
		e.done <- fmt.Errorf("publish to %s: %w", l.key.topic, err)
	}
}
