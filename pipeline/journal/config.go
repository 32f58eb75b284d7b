package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config is what an operator may set about the journal. Zero values mean the
// defaults.
type Config struct {
	// Dir is the directory, created with mode 0700. Only one daemon may use it.
	Dir string `yaml:"-"`
	// Shared says that conversations of the force are in other journals too: a
	// reply to one that is not in this one is left to them.
	Shared bool `yaml:"-"`
	// Keep is how long the bytes of a message are kept after Kafka has
	// acknowledged it; default 168h.
	Keep time.Duration `yaml:"keep"`
	// Remember is how long after acceptance identities and digests are kept,
	// so that a repeated message is recognized; default 9600h.
	Remember time.Duration `yaml:"remember"`
	// InFlight is how many messages are being read, and how many are being
	// published, at a time; default 1024.
	InFlight int `yaml:"in_flight"`
	// MinFree is how many bytes must be free on the disk for Accept to take
	// more, so that what was accepted can still be worked off; Spare wants four
	// times as many. Default 67108864 (64 MiB), negative for no such floor.
	MinFree int64 `yaml:"min_free_bytes"`
	// Automatic bounds the replies that no person wrote.
	Automatic Automatic `yaml:"automatic_replies"`
	// raisedAtOnce is for tests: it is defaultRaisedAtOnce.
	raisedAtOnce int
}

const (
	defaultKeep     = 168 * time.Hour
	defaultRemember = 9600 * time.Hour
	defaultInFlight = 1024
	defaultMinFree  = 64 << 20
	maxInFlight     = 4096 // the marker file has a slot for each
)

// Validate returns all problems joined, each naming its key.
func (c Config) Validate() error {
	var problems []error
	if c.Keep < 0 {
		problems = append(problems, fmt.Errorf("keep: %v is negative", c.Keep))
	}
	if c.Remember < 0 {
		problems = append(problems, fmt.Errorf("remember: %v is negative", c.Remember))
	}
	d := c.WithDefaults()
	if c.Keep >= 0 && c.Remember >= 0 && d.Remember < d.Keep {
		problems = append(problems, fmt.Errorf("remember: %v is shorter than keep (%v)", d.Remember, d.Keep))
	}
	if c.InFlight < 0 || c.InFlight > maxInFlight {
		problems = append(problems, fmt.Errorf("in_flight: %d is not between 1 and %d", c.InFlight, maxInFlight))
	}
	problems = append(problems, c.Automatic.validate())
	return errors.Join(problems...)
}

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	if c.Keep == 0 {
		c.Keep = defaultKeep
	}
	if c.Remember == 0 {
		c.Remember = max(defaultRemember, c.Keep)
	}
	if c.InFlight == 0 {
		c.InFlight = defaultInFlight
	}
	if c.MinFree == 0 {
		c.MinFree = defaultMinFree
	}
	if c.raisedAtOnce == 0 {
		c.raisedAtOnce = defaultRaisedAtOnce
	}
	c.Automatic = c.Automatic.withDefaults()
	return c
}

// TryRoom returns an error when so little is free on the disk of dir that a
// journal there would take no message.
func (c Config) TryRoom(dir string) error {
	free, err := freeBytes(dir)
	if err != nil {
		return fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
	return c.WithDefaults().tooFull(dir, free)
}

func (c Config) tooFull(dir string, free int64) error {
	if c.MinFree < 0 || free >= c.MinFree {
		return nil
	}
	return fmt.Errorf("accept messages: %d bytes are free in %s, less than min_free_bytes %d: free some space and it goes on by itself",
		free, dir, c.MinFree)
}

// Deps is what the journal needs from its surroundings. Zero values discard
// logs and metrics and use the real clock.
type Deps struct {
	Log     *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time
	// Witnessed says that somebody compares the journal with Kafka and calls
	// Agree: no reply is sent before that.
	Witnessed bool
}

func (d Deps) withDefaults() Deps {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return d
}
