package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"contactd/channels"
	"contactd/pipeline"
	"contactd/pipeline/lock"
	"github.com/ThreeDotsLabs/watermill/message"
)

// Journal is the durable inbox. All methods are safe for concurrent use. It
// implements channels.Inbox and pipeline.Journal.
type Journal struct {
	config  Config
	deps    Deps
	metrics *metrics
	lock    *os.File
	blobs   *blobs
	marker  *marker
	reader  *reader
	recent  recent
	unread  *unread
	outbox  *outbox
	ahead   *overtaking
	// outgoing are the replies that are being sent.
	outgoing *outgoing
	past     past

	cursorMu sync.Mutex
	cursors  map[string]string

	// requests go to the writer's goroutine, which alone uses tx, lazy,
	// patience and backOff once it runs.
	requests chan *request
	tx       *tx
	lazy     []*request
	patience *patience
	backOff  backOff

	opened    int64        // the last message when it was opened
	commits   atomic.Int64 // so far
	free      atomic.Int64 // bytes on the disk, as last seen
	freeError atomic.Pointer[error]
	// unwritten is why the last commit failed, while none has worked since.
	unwritten atomic.Pointer[error]

	// ctx ends first: no more deliveries. Then draining is closed: late
	// answers are taken no longer. Then closing: the writer finishes what it
	// has and closes stopped.
	ctx       context.Context
	cancel    context.CancelFunc
	draining  chan struct{}
	closing   chan struct{}
	stopped   chan struct{}
	closeOnce sync.Once
	closeErr  error
	// runs are the subscriptions, begun under runsMu and not after the end of
	// ctx; answers the envelopes out; helpers the goroutines beside the writer.
	runsMu  sync.Mutex
	runs    sync.WaitGroup
	answers sync.WaitGroup
	helpers sync.WaitGroup
}

var (
	_ channels.Inbox   = (*Journal)(nil)
	_ pipeline.Journal = (*Journal)(nil)
	_ pipeline.Replies = (*Journal)(nil)
	_ pipeline.Memory  = (*Journal)(nil)
)

// Open opens the journal in cfg.Dir, creating it when there is none. Another
// daemon in the same directory is an error. The caller closes.
func Open(cfg Config, deps Deps) (*Journal, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if cfg.Dir == "" {
		return nil, errors.New("open journal: no directory")
	}
	cfg, deps = cfg.WithDefaults(), deps.withDefaults()
	taken, err := lock.Take(cfg.Dir)
	if errors.Is(err, lock.ErrTaken) {
		return nil, fmt.Errorf("lock journal directory %s: another contactd is using it, stop that one or give this one its own directory", cfg.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{
		config: cfg, deps: deps, metrics: newMetrics(), lock: taken,
		reader: &reader{dir: cfg.Dir}, cursors: map[string]string{},
		requests: make(chan *request, groupOps),
		patience: newPatience(),
		draining: make(chan struct{}), closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	j.unread, j.outbox = newUnread(j, cfg.InFlight), newOutbox(j, cfg.InFlight)
	j.ahead = newOvertaking(j)
	j.outgoing = newOutgoing(j)
	if err := j.start(); err != nil {
		j.cancel()
		if j.tx != nil {
			_ = j.tx.conn.Close()
		}
		_ = taken.Close()
		return nil, err
	}
	return j, nil
}

// start recovers and begins to run.
func (j *Journal) start() (err error) {
	if j.blobs, err = openBlobs(j.config.Dir); err != nil {
		return err
	}
	var reading []int64
	if j.marker, reading, err = openMarker(j.config.Dir, j.config.InFlight); err != nil {
		return err
	}
	if err := j.reopen(); err != nil {
		return err
	}
	if err := j.recover(reading); err != nil {
		return explain(j.config.Dir, err)
	}
	j.blobs.accepted.Store(j.tx.accepted)
	j.opened = j.tx.last
	if err := j.marker.erase(); err != nil {
		return err
	}
	if err := j.metrics.register(j.deps.Metrics, &gauges{j: j}); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	j.lookAtDisk()
	go j.write()
	for _, run := range []func(<-chan struct{}){j.unread.run, j.outbox.run, j.recall, j.checkpoint, j.watch, j.keepHouse} {
		j.helpers.Add(1)
		go func() {
			defer j.helpers.Done()
			run(j.ctx.Done())
		}()
	}
	return nil
}

// Close ends deliveries, waits for what was promised to be durable, and frees
// the directory. Envelopes that were not answered are delivered again by the
// next Open.
func (j *Journal) Close() error {
	j.closeOnce.Do(func() {
		j.runsMu.Lock()
		j.cancel()
		j.runsMu.Unlock()
		j.unread.wake()
		j.outbox.wake()
		j.ahead.wake()
		j.runs.Wait()
		j.helpers.Wait()
		close(j.draining)
		j.answers.Wait()
		close(j.closing)
		<-j.stopped
		j.reader.close()
		if j.tx != nil {
			_ = execute(j.tx.conn, "PRAGMA wal_checkpoint(PASSIVE)")
			j.closeErr = j.tx.conn.Close()
		}
		j.metrics.unregister(j.deps.Metrics)
		_ = j.marker.file.Close()
		_ = j.lock.Close()
	})
	return j.closeErr
}

// Blobs returns the folder of large bytes.
func (j *Journal) Blobs() channels.Blobs { return j.blobs }

// Unread returns a subscriber that delivers every accepted and not yet sorted
// entry, in order of acceptance. An envelope is done when its entry was sorted
// or quarantined; acknowledging alone is not enough.
func (j *Journal) Unread() message.Subscriber {
	return j.deliver(func(topic string) side { return unreadOf{j.unread, topic} }, envelopeOf)
}

// Outbox returns a subscriber that delivers sorted entries: emergencies first,
// then what nobody could read, then the oldest, automatic mail last but never
// starved; one unacknowledged per conversation, in its order. Ack means
// published: pipeline.MetaPartition and MetaOffset of the envelope are noted.
func (j *Journal) Outbox() message.Subscriber { return j.deliver(j.outbox.open, envelopeOf) }

// Ahead returns a subscriber that delivers emergencies that wait behind others
// of their conversation, so that they can be told of before their turn; the
// Outbox delivers them all the same. After a restart it delivers them again,
// together with what was only taken along by one. An envelope that is
// acknowledged is not delivered again.
func (j *Journal) Ahead() message.Subscriber {
	return j.deliver(func(string) side { return j.ahead }, envelopeOf)
}
