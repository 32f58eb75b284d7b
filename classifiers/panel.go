package classifiers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"contactd/contact"
)

// Config is how the Panel asks its classifiers.
type Config struct {
	// Timeout is how long one classifier may take over one message, as a
	// duration; default 3s. Bounded classifiers are not timed.
	Timeout time.Duration `yaml:"timeout"`
	// Timeouts overrides Timeout for single classifiers, by their name. It is
	// for whoever seats them and cannot be configured: names carry versions.
	Timeouts map[string]time.Duration `yaml:"-"`
	// InFlight is how many messages one classifier may have in hand at a
	// time, hung ones included; default 16. Bounded classifiers are free.
	InFlight int `yaml:"in_flight"`
	// Now is the clock; time.Now when nil.
	Now func() time.Time `yaml:"-"`
}

// The defaults of Config.
const (
	defaultTimeout  = 3 * time.Second
	defaultInFlight = 16
)

// Validate returns every problem of the configuration, joined.
func (c Config) Validate() error {
	var problems []error
	if c.Timeout < 0 {
		problems = append(problems, fmt.Errorf("timeout: must not be negative, got %v", c.Timeout))
	}
	for name, timeout := range c.Timeouts {
		if timeout <= 0 {
			problems = append(problems, fmt.Errorf("timeouts.%s: must be positive, got %v", name, timeout))
		}
	}
	if c.InFlight < 0 {
		problems = append(problems, fmt.Errorf("in_flight: must not be negative, got %d", c.InFlight))
	}
	return errors.Join(problems...)
}

// Bounded is what a classifier also implements when its Grade returns in a
// time that depends on the length of the message alone: it waits for nothing
// outside itself. The Panel asks it on its own goroutine, without a timer;
// that is what makes thousands of messages a second per core possible.
type Bounded interface {
	Classifier
	// Bounded reports whether the promise holds as configured.
	Bounded() bool
}

// Named is what a classifier also implements to be known when it does not
// answer: its name goes into the failed opinion and picks its timeout. Others
// are called after their place, such as "classifier 2".
type Named interface {
	Name() string
}

// Informed is what a Bounded classifier also implements to judge in the light
// of what the Bounded ones before it have said; the Panel then calls
// GradeAfter in place of Grade. It must not change or keep what it is told.
type Informed interface {
	Bounded
	GradeAfter(ctx context.Context, message contact.Message, before []contact.Opinion) (contact.Opinion, error)
}

// Panel turns the opinions of several classifiers into one assessment: the
// highest wins. It never says less than any of them, and what it cannot have
// judged (an error, a panic, silence, nothing to read) counts as Unknown.
type Panel struct {
	now   func() time.Time
	seats []*seat
}

// NewPanel seats the classifiers, in the order in which their reasons are
// told. Without any, every message is Unknown. Config values that are not
// positive mean the default.
func NewPanel(cfg Config, members ...Classifier) *Panel {
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.InFlight <= 0 {
		cfg.InFlight = defaultInFlight
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	panel := &Panel{now: cfg.Now}
	for i, member := range members {
		panel.seats = append(panel.seats, newSeat(cfg, i, member))
	}
	return panel
}

// Assess asks every classifier and returns the highest opinion with all
// reasons. It always answers: within the longest timeout, or soon after ctx
// ends, in which case whoever had not answered counts as Unknown. The message
// must not be changed afterwards, because a classifier that hangs may still
// be reading it. Safe for concurrent use.
func (p *Panel) Assess(ctx context.Context, message contact.Message) contact.Assessment {
	at := p.now()
	opinions := make([]contact.Opinion, len(p.seats), len(p.seats)+1)
	var waiting sync.WaitGroup
	for i, seat := range p.seats {
		if !seat.bounded {
			waiting.Go(func() { opinions[i] = seat.ask(ctx, message) })
		}
	}
	var before []contact.Opinion
	for i, seat := range p.seats {
		if seat.bounded {
			opinions[i] = seat.grade(ctx, message, before)
			before = append(before, opinions[i])
		}
	}
	waiting.Wait()
	if own, ok := p.own(message); ok {
		opinions = append(opinions, own)
	}
	return merge(opinions, at)
}
