package rules

import (
	"errors"
	"fmt"
	"time"
)

// Expiry is when a part of a force's pack ends.
type Expiry struct {
	// File is the pack; Rule is one of its rules, empty for all of it.
	File, Rule string
	// Ends is when it no longer fires: the end of its last day, local time.
	Ends time.Time
}

// Expiries lists every part of the pack that has an end, the pack itself first;
// a rule that would end later ends with it. What has ended stays on it until it
// is taken out of the file.
func (c *Classifier) Expiries() (all []Expiry) {
	if c.pack == nil {
		return nil
	}
	if !c.pack.ends.IsZero() {
		all = append(all, Expiry{File: c.pack.name, Ends: c.pack.ends})
	}
	for _, r := range c.pack.Rules {
		if !r.ends.IsZero() && (c.pack.ends.IsZero() || r.ends.Before(c.pack.ends)) {
			all = append(all, Expiry{c.pack.name, r.ID.text, r.ends})
		}
	}
	return all
}

// owns reports whether there is a pack that has not ended.
func (c *Classifier) owns(now time.Time) bool {
	return c.own != nil && (c.pack.ends.IsZero() || now.Before(c.pack.ends))
}

// expired reports whether the rule has ended.
func (r *compiled) expired(now time.Time) bool { return !r.ends.IsZero() && !now.Before(r.ends) }

// endOf is the end of the last day that a file gives; the zero time when it
// gives none.
func (f *file) endOf(last line) (time.Time, error) {
	if last == (line{}) {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, last.text, time.Local)
	if err != nil {
		return day, f.errorAt(last, "expires: want a day such as 2026-12-31, got %q", last.text)
	}
	return day.AddDate(0, 0, 1), nil
}

// dated works out when the file and its rules end.
func (f *file) dated() error {
	var problems []error
	end := func(last line) time.Time {
		ends, err := f.endOf(last)
		problems = append(problems, err)
		return ends
	}
	f.ends = end(f.Expires)
	for i := range f.Rules {
		f.Rules[i].ends = end(f.Rules[i].Expires)
	}
	return errors.Join(problems...)
}

// String says which part and its last day.
func (e Expiry) String() string {
	last := e.Ends.AddDate(0, 0, -1).Format(time.DateOnly)
	if e.Rule == "" {
		return "all of it until " + last
	}
	return fmt.Sprintf("rule %s until %s", e.Rule, last)
}
