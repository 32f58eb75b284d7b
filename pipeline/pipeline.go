package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/prometheus/client_golang/prometheus"

	"contactd/channels"
)

// Deps are the parts that a pipeline joins. All are needed but Metrics and Now.
type Deps struct {
	// Unread delivers accepted entries that were not read yet, Outbox those
	// that wait to be published, Ahead emergencies among them that wait behind
	// others; Open reads an envelope of each.
	Unread, Outbox, Ahead message.Subscriber
	Open                  func(*message.Message) (Entry, error)
	Journal               Journal
	// Readers by kind of channel.
	Readers map[string]channels.Reader
	Panel   Assessor
	// Publisher returns nil only when every record is acknowledged by all
	// replicas. Run closes it, and nobody else.
	Publisher message.Publisher
	// Force names the police force in the source of every event; Version is
	// that of contactd.
	Force, Version string
	// Replies carry answers back; the zero value carries none.
	Replies ReplyDeps
	// Second judges once more what is published; the zero value judges nothing.
	Second SecondDeps
	// Decisions keeps what handlers decide about grades: the journal. Without
	// it their commands are rejected.
	Decisions Decisions
	// Shared says that other processes of the force have conversations of their
	// own: what is decided about one that is not known here is for them.
	Shared  bool
	Log     *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time
}

// Pipeline carries entries from the journal to Kafka. Make one with New.
type Pipeline struct {
	config    Config
	unread    message.Subscriber
	outbox    message.Subscriber
	ahead     message.Subscriber
	open      func(*message.Message) (Entry, error)
	journal   Journal
	readers   map[string]channels.Reader
	panel     Assessor
	out       message.Publisher
	replies   ReplyDeps
	secondly  SecondDeps
	decisions Decisions
	shared    bool
	// deciding makes one of what is looked up about a message's grade and what
	// is kept because of it.
	deciding  sync.Mutex
	seal      sealer
	memo      *memo
	copies    chan struct{} // of what was rejected, that are being published
	overdue   *overdue
	log       *slog.Logger
	metrics   metrics
	now       func() time.Time
	running   sync.WaitGroup // steps that have begun
	beginning sync.Mutex     // of them, and of ended
	ended     bool           // none begins any more
	// stopped ends when the drain time is over: what calls a platform then
	// returns at once.
	stopped context.Context
	stop    context.CancelFunc
}

// memoBytes bounds what is remembered between sorting and publishing.
const memoBytes = 16 << 20

// New makes a pipeline; it starts nothing.
func New(config Config, deps Deps) (*Pipeline, error) {
	config = config.WithDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	stopped, stop := context.WithCancel(context.Background())
	m := newMetrics(deps.Metrics, deps.Readers)
	if deps.Second.Judge != nil {
		m.asks()
	}
	return &Pipeline{
		stopped: stopped, stop: stop, replies: deps.Replies, secondly: deps.Second, decisions: deps.Decisions, shared: deps.Shared,
		config: config, unread: deps.Unread, outbox: deps.Outbox, ahead: deps.Ahead, open: deps.Open, journal: deps.Journal,
		readers: deps.Readers, panel: deps.Panel, out: deps.Publisher,
		seal:    sealer{force: deps.Force, version: deps.Version, config: config},
		memo:    newMemo(memoBytes),
		copies:  make(chan struct{}, copiesAtOnce),
		overdue: newOverdue(config.ReadTimeout, deps.Now),
		log:     deps.Log, metrics: m, now: deps.Now,
	}, nil
}

// Run carries entries until ctx ends. Then it takes no more, lets running
// steps finish for the drain time, closes the publisher, which frees whatever
// still waits for the broker, and returns when no step runs any more. What was
// not published is in the journal.
func (p *Pipeline) Run(ctx context.Context) error {
	// What Watermill finds worth telling is of interest to nobody but us.
	logger := watermill.NewSlogLoggerWithLevelMapping(p.log, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: p.config.Drain}, logger)
	if err != nil {
		return fmt.Errorf("make router: %w", err)
	}
	p.addSteps(router)

	watching, stopWatching := context.WithCancel(context.Background())
	defer stopWatching()
	go p.watch(watching)

	err = p.route(ctx, router)
	p.stop()
	err = errors.Join(err, p.out.Close())
	p.settle()
	return err
}

// settle returns when no step runs, and lets none begin any more.
func (p *Pipeline) settle() {
	p.beginning.Lock()
	p.ended = true
	p.beginning.Unlock()
	p.running.Wait()
}

// route runs the router until ctx ends, and lets its steps finish for the drain
// time. A router that ends before is an error.
func (p *Pipeline) route(ctx context.Context, router *message.Router) error {
	ended := make(chan error, 1)
	go func() { ended <- router.Run(context.WithoutCancel(ctx)) }()
	// One that does not run yet cannot be closed.
	for _, each := range []<-chan struct{}{ctx.Done(), router.Running()} {
		select {
		case <-each:
		case err := <-ended:
			return fmt.Errorf("run router: ended by itself: %w", cmp.Or(err, errClosed))
		}
	}
	// Close waits for the steps, at most the drain time; a time-out here only
	// means that the broker is away, and the journal keeps what it did not take.
	if err := router.Close(); err != nil {
		p.log.Warn("steps still run after the drain time; their entries wait for the next start", "drain", p.config.Drain)
	}
	<-ended
	return nil
}

// errClosed is why a router ends without an error of its own.
var errClosed = errors.New("what it reads from was closed")

// addSteps tells the router what to do with what the subscribers deliver.
func (p *Pipeline) addSteps(router *message.Router) {
	router.AddMiddleware(p.track, detach, p.measure)
	for _, step := range []struct {
		name string
		from message.Subscriber
		do   message.NoPublishHandlerFunc
	}{
		{"sort", p.unread, p.sort},
		{"publish", p.outbox, p.send},
	} {
		router.AddConsumerHandler(step.name, AllChannels, step.from, step.do).AddMiddleware(p.reject, p.retry(), p.recovered)
	}
	router.AddConsumerHandler("alert", AllChannels, p.ahead, p.alert).AddMiddleware(inTurn, p.retry(), p.recovered)
	if p.secondly.Judge != nil {
		router.AddConsumerHandler(secondStep, TopicEvents, p.secondly.Events, p.second).AddMiddleware(p.unasked)
	}
	if p.replies.Journal == nil {
		return
	}
	// It has its own rules about what is tried again, and when.
	router.AddConsumerHandler("deliver", RepliesChannel, p.replies.Due, p.deliver)
	if p.replies.Commands != nil {
		router.AddConsumerHandler("command", TopicReplies, p.replies.Commands, p.command).
			AddMiddleware(p.rejectCommands, p.retry(), p.recovered)
	}
}

// track counts running steps: the router forgets them after its time-out, and may
// begin one even then.
func (p *Pipeline) track(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) ([]*message.Message, error) {
		if !p.begin() {
			env.Nack() // an error would be told
			return nil, nil
		}
		defer p.running.Done()
		return next(env)
	}
}

// begin counts a step that begins, unless it is too late.
func (p *Pipeline) begin() bool {
	p.beginning.Lock()
	defer p.beginning.Unlock()
	if !p.ended {
		p.running.Add(1)
	}
	return !p.ended
}
