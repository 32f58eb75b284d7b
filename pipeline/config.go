package pipeline

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Config of the pipeline.
type Config struct {
	// Marking is the protective marking written on every event. Default
	// "OFFICIAL".
	Marking string `yaml:"marking"`
	// BaseURL is where integrators fetch originals and attachments; events
	// refer to it. Default: the address of the HTTP listener.
	BaseURL string `yaml:"base_url"`
	// ReadTimeout is how long one original may be read before it is
	// quarantined. Default 1m.
	ReadTimeout time.Duration `yaml:"read_timeout"`
	// Drain is how long running steps may finish when contactd stops; what
	// is not finished is done after the next start. Default 10s.
	Drain time.Duration `yaml:"drain"`
	// LateAfter is how long after the platform's receipt a message counts as
	// late. Default 5m.
	LateAfter time.Duration `yaml:"late_after"`
	// DegradedAfter is how long a channel account may fail before
	// channel.degraded.v1 is published. Default 1m.
	DegradedAfter time.Duration `yaml:"degraded_after"`
	// GradeCodes names the grades as the force does, such as
	// {emergency: "G1"}; carried as localGradeCode. Default none.
	GradeCodes map[string]string `yaml:"grade_codes"`
}

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	if c.Marking == "" {
		c.Marking = "OFFICIAL"
	}
	for _, each := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&c.ReadTimeout, time.Minute},
		{&c.Drain, 10 * time.Second},
		{&c.LateAfter, 5 * time.Minute},
		{&c.DegradedAfter, time.Minute},
	} {
		if *each.value == 0 {
			*each.value = each.fallback
		}
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	return c
}

// Validate returns every problem, each with its key.
func (c Config) Validate() error {
	var problems []error
	if c.BaseURL != "" {
		if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			problems = append(problems, fmt.Errorf("pipeline.base_url: want http(s)://host[:port], got %q", c.BaseURL))
		}
	}
	for _, each := range []struct {
		key   string
		value time.Duration
	}{
		{"read_timeout", c.ReadTimeout},
		{"drain", c.Drain},
		{"late_after", c.LateAfter},
		{"degraded_after", c.DegradedAfter},
	} {
		if each.value < 0 {
			problems = append(problems, fmt.Errorf("pipeline.%s: want a positive duration, got %v", each.key, each.value))
		}
	}
	for grade := range c.GradeCodes {
		if !isGrade(grade) {
			problems = append(problems, fmt.Errorf("pipeline.grade_codes: %q is no grade; want emergency, unknown, priority, scheduled or resolution", grade))
		}
	}
	return errors.Join(problems...)
}
