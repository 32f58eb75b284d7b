// Package hours knows when somebody reads: weekly opening times in a time zone,
// and days on which nobody does. Times are those on the clock of the zone, so a
// day that has 23 or 25 hours opens and closes when the clock says so.
package hours

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a container may have none
)

// Config are the opening hours of a site. The zero value is open day and night.
type Config struct {
	// TimeZone is the zone of all times here. Default Europe/London.
	TimeZone string `yaml:"time_zone"`
	// Weekly are the opening times of each day, such as "08:00-18:00", by the
	// English name of the day in lower case; a day without is closed. "24:00"
	// is midnight at the day's end. Default: open day and night.
	Weekly map[string][]string `yaml:"weekly"`
	// Closed are days, such as 2026-12-25, on which nobody reads: bank
	// holidays. Default none.
	Closed []string `yaml:"closed"`
}

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	if c.TimeZone == "" {
		c.TimeZone = "Europe/London"
	}
	return c
}

// Validate returns every problem, each with its key.
func (c Config) Validate() error {
	_, err := New(c)
	return err
}

// Hours answers when somebody reads. Safe for concurrent use.
type Hours struct {
	zone   *time.Location
	always bool
	weekly [7][]span // by time.Weekday, in order
	closed map[string]bool
}

// dayNames are the keys of Config.Weekly, by time.Weekday.
var dayNames = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// span is from minute to minute of a day, end exclusive.
type span struct{ from, to int }

// New makes the hours of a config.
func New(c Config) (*Hours, error) {
	c = c.WithDefaults()
	h := &Hours{always: len(c.Weekly) == 0, closed: map[string]bool{}}
	var problems []error
	var err error
	if h.zone, err = time.LoadLocation(c.TimeZone); err != nil {
		problems = append(problems, fmt.Errorf("time_zone: want a name such as Europe/London, got %q", c.TimeZone))
	}
	for name, times := range c.Weekly {
		day := slices.Index(dayNames[:], name)
		if day < 0 {
			problems = append(problems, fmt.Errorf("weekly.%s: want monday to sunday", name))
			continue
		}
		for i, text := range times {
			s, err := parseSpan(text)
			if err != nil {
				problems = append(problems, fmt.Errorf("weekly.%s[%d]: %w", name, i, err))
			}
			h.weekly[day] = append(h.weekly[day], s)
		}
		slices.SortFunc(h.weekly[day], func(a, b span) int { return a.from - b.from })
	}
	for i, day := range c.Closed {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			problems = append(problems, fmt.Errorf("closed[%d]: want a day such as 2026-12-25, got %q", i, day))
		}
		h.closed[day] = true
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return h, nil
}

func parseSpan(text string) (span, error) {
	from, to, found := strings.Cut(text, "-")
	a, okA := parseClock(from)
	b, okB := parseClock(to)
	if !found || !okA || !okB || a >= b {
		return span{}, fmt.Errorf("want a time such as 08:00-18:00, got %q", text)
	}
	return span{a, b}, nil
}

// parseClock reads hh:mm as minutes of the day.
func parseClock(text string) (minutes int, ok bool) {
	h, m, found := strings.Cut(strings.TrimSpace(text), ":")
	hours, errH := strconv.Atoi(h)
	rest, errM := strconv.Atoi(m)
	minutes = hours*60 + rest
	return minutes, found && len(h) == 2 && len(m) == 2 && errH == nil && errM == nil &&
		hours >= 0 && rest >= 0 && rest < 60 && minutes <= 24*60
}

// Open reports whether somebody reads at t.
func (h *Hours) Open(t time.Time) bool {
	t = t.In(h.zone)
	if h.closed[t.Format(time.DateOnly)] {
		return false
	}
	if h.always {
		return true
	}
	minute := t.Hour()*60 + t.Minute()
	return slices.ContainsFunc(h.weekly[t.Weekday()], func(s span) bool { return s.from <= minute && minute < s.to })
}

// horizon is how far NextOpening looks.
const horizon = 60 // days

// NextOpening is when somebody reads next after t, in the zone of the hours;
// zero when that is not within two months, or when somebody reads at t.
func (h *Hours) NextOpening(t time.Time) time.Time {
	t = t.In(h.zone)
	if h.Open(t) {
		return time.Time{}
	}
	for days := range horizon {
		if opens := h.firstOpening(t, days); !opens.IsZero() {
			return opens
		}
	}
	return time.Time{}
}

// firstOpening is the first after t on a day that comes so many days later, zero
// when there is none. A clock that is put back shows some times twice, and one
// that is put forward leaves some out and may open by that.
func (h *Hours) firstOpening(t time.Time, days int) (first time.Time) {
	consider := func(opens time.Time) {
		if opens.After(t) && h.Open(opens) && (first.IsZero() || opens.Before(first)) {
			first = opens
		}
	}
	day := time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, time.UTC)
	begins := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, h.zone)
	ends := begins.AddDate(0, 0, 1)
	changed, changes := begins.ZoneBounds()
	consider(changed)
	if changes.Before(ends) {
		consider(changes)
	}
	spans := h.weekly[day.Weekday()]
	if h.always {
		spans = []span{{0, 24 * 60}}
	}
	for _, s := range spans {
		for _, at := range []time.Time{begins, ends} {
			_, east := at.Zone()
			consider(day.Add(time.Duration(s.from)*time.Minute - time.Duration(east)*time.Second).In(h.zone))
		}
	}
	return first
}

// Zone is the time zone of the hours.
func (h *Hours) Zone() *time.Location { return h.zone }
