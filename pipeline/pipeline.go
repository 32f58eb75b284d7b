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
	"contactd/contact"
)

// Deps are the parts that a pipeline joins. All are needed but Metrics and Now.
type Deps struct {
	// Unread delivers accepted entries that were not read yet, Outbox those
	// that wait to be published; Open reads an envelope of either.
	Unread, Outbox message.Subscriber
	Open           func(*message.Message) (Entry, error)
	Journal        Journal
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
	overdue   *overdue
	log       *slog.Logger
	metrics   metrics
	now       func() time.Time
	running   sync.WaitGroup // steps that have begun
	beginning sync.Mutex     // orders their beginning before the wait for them
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
	return &Pipeline{
		stopped: stopped, stop: stop, replies: deps.Replies, secondly: deps.Second, decisions: deps.Decisions, shared: deps.Shared,
		config: config, unread: deps.Unread, outbox: deps.Outbox, open: deps.Open, journal: deps.Journal,
		readers: deps.Readers, panel: deps.Panel, out: deps.Publisher,
		seal:    sealer{force: deps.Force, version: deps.Version, config: config},
		memo:    newMemo(memoBytes),
		overdue: newOverdue(config.ReadTimeout, deps.Now),
		log:     deps.Log, metrics: newMetrics(deps.Metrics, deps.Readers), now: deps.Now,
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
	p.beginning.Lock()
	p.beginning.Unlock() //nolint:staticcheck // empty on purpose: see beginning
	p.running.Wait()
	return err
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

// track counts running steps: the router forgets them after its time-out.
func (p *Pipeline) track(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) ([]*message.Message, error) {
		p.beginning.Lock()
		p.running.Add(1)
		p.beginning.Unlock()
		defer p.running.Done()
		return next(env)
	}
}

// sort is the first handler: read → grade → conversation, and the entry
// waits in its lane.
func (p *Pipeline) sort(env *message.Message) error {
	entry, err := p.open(env)
	if err != nil {
		return err
	}
	ctx := env.Context()
	if entry.Original.Channel == RepliesChannel {
		return p.sortReplied(ctx, entry)
	}
	if entry.Original.Channel == AssessmentsChannel {
		return p.sortLater(ctx, entry)
	}
	m, err := p.read(ctx, entry)
	if err != nil {
		return err
	}
	j := judged{message: m, assessment: p.assess(ctx, m)}
	lane := lane(m, j.assessment)
	p.memo.put(entry.Seq, lane, j)
	if !p.reacts(entry.Original.Channel, j) {
		return p.journal.Settle(ctx, entry.Seq, p.placement(entry, j), lane)
	}
	// What contactd does itself needs the conversation, and must be done
	// before the entry leaves the unread.
	placed, err := p.journal.Place(ctx, entry.Seq, p.placement(entry, j))
	if err != nil {
		return err
	}
	if err := p.react(ctx, entry.Original.Channel, judged{joined(m, placed), j.assessment}); err != nil {
		return err
	}
	return p.journal.Sort(ctx, entry.Seq, lane)
}

// assess judges a message. Silence cannot be judged, nor a change without words.
func (p *Pipeline) assess(ctx context.Context, m contact.Message) contact.Assessment {
	if m.Abandoned != nil || wordless(m) {
		return contact.Assessment{Grade: contact.Unknown, At: p.now()}
	}
	return p.panel.Assess(ctx, m)
}

// send is the second handler: seal and publish. The envelope is acknowledged
// to the journal only after Kafka acknowledged the record.
func (p *Pipeline) send(env *message.Message) error {
	entry, err := p.open(env)
	if err != nil {
		return err
	}
	alert, event, err := p.eventsOf(env.Context(), entry)
	if err != nil {
		return err
	}
	record, err := Envelope(event, entry.Lane)
	if err != nil {
		return err
	}
	// At the same time: each waits in a lane of its own, and after an outage
	// neither is to begin waiting only when the other is through.
	alerted := make(chan error, 1)
	if alert == nil {
		alerted <- nil
	} else {
		go func() { alerted <- p.publish(TopicAlerts, *alert, LaneEmergency) }()
	}
	err = p.out.Publish(TopicEvents, record)
	if err = errors.Join(<-alerted, err); err != nil {
		return fmt.Errorf("publish event: %w", err)
	}
	// Where the record lies, for the journal, which watches for a broker that
	// lost what it had acknowledged.
	env.Metadata.Set(MetaPartition, record.Metadata.Get(MetaPartition))
	env.Metadata.Set(MetaOffset, record.Metadata.Get(MetaOffset))
	if event.Grade != nil && !Own(entry.Original.Channel) {
		p.metrics.graded.WithLabelValues(entry.Original.Channel, event.Grade.String()).Inc()
	}
	p.metrics.latency.WithLabelValues(entry.Lane.String()).Observe(p.now().Sub(entry.AcceptedAt).Seconds())
	return nil
}

// eventsOf seals an entry for TopicEvents, and an emergency for TopicAlerts too.
func (p *Pipeline) eventsOf(ctx context.Context, entry Entry) (alert *contact.Event, event contact.Event, err error) {
	if entry.Original.Channel == RepliesChannel && entry.Quarantined == "" {
		replied, err := readReplied(entry)
		if err != nil {
			return nil, event, err
		}
		event, err = p.seal.replied(entry, replied)
		return nil, event, err
	}
	if entry.Original.Channel == AssessmentsChannel && entry.Quarantined == "" {
		return p.seal.later(entry)
	}
	j, err := p.judge(ctx, entry)
	if err != nil {
		return nil, event, err
	}
	if j.message.Abandoned != nil {
		event, err = p.seal.abandoned(entry, j.message)
		return nil, event, err
	}
	if j.assessment.Grade == contact.Emergency {
		escalated, err := p.seal.escalated(entry, j)
		if err != nil {
			return nil, event, err
		}
		alert = &escalated
	}
	event, err = p.seal.received(entry, j)
	return alert, event, err
}

// judge gives the message and assessment of an entry in the outbox: what was
// remembered from sorting, or read and judged anew. A quarantined entry is
// never read again: reading it may be what kills the process.
func (p *Pipeline) judge(ctx context.Context, e Entry) (judged, error) {
	if e.Quarantined != "" {
		p.memo.take(e.Seq)
		m := unread(e)
		return judged{message: m, assessment: p.panel.Assess(ctx, m)}, nil
	}
	j, ok := p.memo.take(e.Seq)
	if !ok {
		m, err := p.read(ctx, e)
		if err != nil {
			return judged{}, err
		}
		j = judged{message: m, assessment: p.assess(ctx, m)}
	}
	j.message = joined(j.message, e.Placed)
	return j, nil
}

func (p *Pipeline) publish(topic string, event contact.Event, l Lane) error {
	record, err := Envelope(event, l)
	if err != nil {
		return err
	}
	if err := p.out.Publish(topic, record); err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	return nil
}
