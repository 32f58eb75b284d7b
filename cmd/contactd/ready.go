package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"contactd/cmd/contactd/listener"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// brokerState is what is known of the broker, for /readyz.
type brokerState struct {
	mu       sync.Mutex // of topics and troubles
	topics   error      // why the topics are not as they must be, nil when they are
	troubles map[string]error

	// looking is held while the broker is asked, which may take long: a
	// publisher that tells its trouble does not wait for that.
	looking sync.Mutex
	probed  time.Time
	answer  error
	// room says why a broker of our own would take nothing; nil for another.
	room func() error
	full error
}

// probeEvery is how old an answer of the broker may be.
const (
	probeEvery = 3 * time.Second
	probeLimit = 2 * time.Second
)

var errTopics = errors.New("topics are not looked at yet")

func newBrokerState() *brokerState {
	return &brokerState{topics: errTopics, troubles: map[string]error{}}
}

// trouble notes what the publisher and the reader of commands tell; a nil Err
// ends it. That records were lost or damaged is in the log and nothing that
// ends: whoever takes messages only while this is ready would take none until
// the next start, although the guard has published the lost ones again.
func (s *brokerState) trouble(t kafka.Trouble) {
	switch t.Kind {
	case kafka.OffsetsFell, kafka.Missed, kafka.Damaged:
		return
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprintf("%s %s", t.Kind, t.Topic)
	if t.Lane != "" {
		key += "/" + t.Lane
	}
	if t.Partition >= 0 {
		key += "/" + strconv.Itoa(t.Partition)
	}
	if t.Err == nil {
		delete(s.troubles, key)
		return
	}
	s.troubles[key] = fmt.Errorf("%s since %s: %w", key, t.Since.UTC().Format(time.RFC3339), t.Err)
}

func (s *brokerState) topicsAre(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topics = err
}

// look asks the broker, unless it was asked just now, and returns what is
// wrong with it.
func (s *brokerState) look(ctx context.Context, cluster *kafka.Cluster) error {
	s.looking.Lock()
	defer s.looking.Unlock()
	if time.Since(s.probed) > probeEvery {
		ctx, cancel := context.WithTimeout(ctx, probeLimit)
		defer cancel()
		_, s.answer = cluster.EndOffsets(ctx, pipeline.TopicEvents)
		if s.room != nil {
			s.full = s.room()
		}
		s.probed = time.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	problems := []error{s.full, s.answer}
	if s.answer == nil {
		problems = append(problems, s.topics)
	}
	for _, err := range s.troubles {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// ready says what is ready, for /readyz.
func (d *daemon) ready(ctx context.Context) listener.Readiness {
	r := listener.Readiness{
		Journal:    part(d.journal.Ready()),
		Broker:     listener.Part{Error: "starting"},
		Publishing: part(unpublished(d.journal.Oldest())),
		Listeners:  map[string]listener.Part{},
		Warnings:   warnings(d.certificates),
	}
	r.Journal.Detail = d.journal.Restored().String()
	for name, trouble := range d.listeners() {
		r.Listeners[name] = part(trouble())
	}
	if d.started.Load() {
		r.Broker = part(d.broker.state.look(ctx, d.broker.cluster))
		r.Broker.Detail = d.broker.detail
	}
	for _, state := range d.health.States() {
		account := listener.Account{
			Channel: state.Channel, Account: state.Account,
			Ready: state.Err == "" && !state.LastGood.IsZero(), Error: state.Err,
		}
		if !state.LastGood.IsZero() {
			account.LastSuccess = &state.LastGood
		}
		if !state.Since.IsZero() {
			account.FailingSince = &state.Since
		}
		r.Channels = append(r.Channels, account)
	}
	return r.Judged()
}

// publishLimit is how long a message may wait to be published while all is
// well. Behind a backlog it may wait longer, and that is not well either.
const publishLimit = time.Minute

// unpublished says which lanes hold what should be published by now, whatever
// the cause. The ages are the journal's, by lane.
func unpublished(ages map[string]time.Duration, err error) error {
	problems := []error{err}
	for _, lane := range slices.Sorted(maps.Keys(ages)) {
		if age := ages[lane]; age > publishLimit {
			problems = append(problems, fmt.Errorf("publish messages: the oldest of lane %s waits for %v", lane, age.Round(time.Second)))
		}
	}
	return errors.Join(problems...)
}

func part(err error) listener.Part {
	if err != nil {
		return listener.Part{Error: err.Error()}
	}
	return listener.Part{Ready: true}
}
