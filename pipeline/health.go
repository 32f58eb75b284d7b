package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"sort"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"contactd/channels"
	"contactd/contact"
)

// AccountState is how one account of a channel is doing.
type AccountState struct {
	Channel, Account string
	// LastGood is the last time the platform was reached, zero for never.
	LastGood time.Time
	// Since is when it began to fail, zero while it works; Err says why.
	Since time.Time
	Err   string

	told time.Time // since when channel.degraded.v1 said that it fails; zero for not
	over *gap      // a told failure that has ended and is not told yet
}

func (s AccountState) name() string { return s.Channel + "/" + s.Account }

// gap is a time in which an account was not reached.
type gap struct{ since, until time.Time }

// Health collects how the accounts of all channels are doing, and tells the
// world when one fails for long and when it works again. It implements
// channels.Health.
type Health struct {
	after time.Duration
	now   func() time.Time
	last  *prometheus.GaugeVec
	down  *prometheus.GaugeVec

	mu     sync.Mutex
	states map[[2]string]*AccountState
}

// NewHealth returns a collector without accounts.
func NewHealth(config Config, registry prometheus.Registerer, now func() time.Time) *Health {
	h := &Health{
		after: config.WithDefaults().DegradedAfter, now: now, states: map[[2]string]*AccountState{},
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "contactd_channel_last_success_timestamp_seconds",
			Help: "When the platform was last reached, Unix time; 0 for never.",
		}, []string{"channel", "account"}),
		down: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "contactd_channel_down_since_timestamp_seconds",
			Help: "Since when the platform is not reached, Unix time; 0 while it is.",
		}, []string{"channel", "account"}),
	}
	if registry != nil {
		registry.MustRegister(h.last, h.down)
	}
	return h
}

// Working notes that the platform was reached.
func (h *Health) Working(channel, account string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.state(channel, account)
	now := h.now()
	s.end(now)
	s.LastGood, s.Since, s.Err = now, time.Time{}, ""
	h.last.WithLabelValues(channel, account).Set(unixSeconds(now))
	h.down.WithLabelValues(channel, account).Set(0)
}

// end notes that a failure that was told, if there is one, is over.
func (s *AccountState) end(now time.Time) {
	if !s.told.IsZero() {
		s.told, s.over = time.Time{}, &gap{s.told, now}
	}
}

// Failing notes that it was not.
func (h *Health) Failing(channel, account string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.state(channel, account)
	if s.Since.IsZero() {
		s.Since = h.now()
	}
	s.Err = err.Error()
	h.down.WithLabelValues(channel, account).Set(unixSeconds(s.Since))
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Expect makes an account known before it was ever reached, to alarms too: what
// is not there raises none.
func (h *Health) Expect(channel, account string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state(channel, account)
	h.last.WithLabelValues(channel, account)
	h.down.WithLabelValues(channel, account)
}

// States returns a copy of all states, by channel and account.
func (h *Health) States() []AccountState {
	h.mu.Lock()
	defer h.mu.Unlock()
	states := make([]AccountState, 0, len(h.states))
	for _, s := range h.states {
		states = append(states, *s)
	}
	sort.Slice(states, func(i, j int) bool {
		a, b := states[i], states[j]
		return a.Channel < b.Channel || a.Channel == b.Channel && a.Account < b.Account
	})
	return states
}

func (h *Health) state(channel, account string) *AccountState {
	key := [2]string{channel, account}
	s, ok := h.states[key]
	if !ok {
		s = &AccountState{Channel: channel, Account: account}
		h.states[key] = s
	}
	return s
}

// toldCursor begins the names under which it is kept which accounts were told to
// fail.
const toldCursor = "degraded/"

// Announce publishes degraded and restored events through p until ctx ends.
// It blocks while the broker is away; the states go on. The inbox keeps what was
// told to fail: a failure that ends with a restart would stay for ever to who
// reads the events.
func (h *Health) Announce(ctx context.Context, p *Pipeline, inbox channels.Inbox) {
	h.recall(ctx, p, inbox)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, event := range h.due(p.seal) {
			if err := announce(ctx, p, inbox, event); err != nil {
				p.log.Warn("publish channel state", "event", event.Type, "err", err)
			}
		}
	}
}

// announce publishes an event and keeps that it was told. A failure is kept
// before and its end after, so that a crash between leads to a second end, which
// is the same event.
func announce(ctx context.Context, p *Pipeline, inbox channels.Inbox, event contact.Event) error {
	kept := channels.Cursor{Name: toldCursor + event.Subject}
	if event.Type == contact.RestoredV1 {
		if err := p.publish(TopicEvents, event, LaneNormal); err != nil {
			return err
		}
		return inbox.Accept(ctx, nil, kept)
	}
	kept.Value = event.Time.Format(time.RFC3339Nano)
	return errors.Join(inbox.Accept(ctx, nil, kept), p.publish(TopicEvents, event, LaneNormal))
}

// recall reads which of the accounts were told to fail before the start.
func (h *Health) recall(ctx context.Context, p *Pipeline, inbox channels.Inbox) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.states {
		kept, err := inbox.Cursor(ctx, toldCursor+s.name())
		if err == nil && kept.Value != "" {
			s.told, err = time.Parse(time.RFC3339Nano, kept.Value)
		}
		if err != nil {
			p.log.Warn("read whether a channel was told to fail", "channel", s.Channel, "account", s.Account, "err", err)
		}
		if !s.LastGood.IsZero() {
			s.end(s.LastGood)
		}
	}
}

// due returns the events that are owed now and marks them as told.
func (h *Health) due(seal sealer) []contact.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	var events []contact.Event
	for _, s := range h.states {
		if s.over != nil {
			events = append(events, seal.channelState(contact.RestoredV1, *s, *s.over))
			s.over = nil
		}
		if s.told.IsZero() && !s.Since.IsZero() && now.Sub(s.Since) >= h.after {
			s.told = s.Since
			events = append(events, seal.channelState(contact.DegradedV1, *s, gap{since: s.Since}))
		}
	}
	return events
}

// channelState is the event of an account that stopped or works again. The
// time in it is that of the change, so that telling it twice is one event.
func (s sealer) channelState(eventType string, state AccountState, g gap) contact.Event {
	name := state.name()
	at, why := g.since, state.Err
	if !g.until.IsZero() {
		at, why = g.until, "" // it may fail again by now
	}
	data := contact.ChannelState{
		SchemaVersion: schemaVersion,
		Channel:       state.Channel,
		Account:       state.Account,
		LastGoodAt:    known(state.LastGood),
		Since:         g.since.UTC(),
		Until:         known(g.until),
		Error:         why,
	}
	raw, _ := json.Marshal(data) // holds nothing that cannot be written
	event := s.begin(eventType, contact.EventID(eventType, name, g.since.UTC().Format(time.RFC3339Nano)), name, at)
	event.Source, event.PartitionKey, event.Data = s.source(state.Channel, state.Account), name, raw
	return event
}
