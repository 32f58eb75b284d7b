package main

import (
	"fmt"
	"time"

	"contactd/cmd/contactd/strict"
)

// moment reads a time, where now is, or how long ago it was.
func moment(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	for _, form := range []string{time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			return at, shownOnce(at)
		}
	}
	if ago, err := strict.Duration(text); err == nil && ago > 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("want a time such as 2026-11-03T21:00:00Z, \"2026-11-03 21:00\", 2h or 3d, got %q", text)
}

// shownOnce refuses a time in the hour that a clock shows twice when it is set
// back: the other one would be left out without a word.
func shownOnce(at time.Time) error {
	for _, apart := range []time.Duration{-time.Hour, time.Hour, -30 * time.Minute, 30 * time.Minute} { // half an hour in some places
		if other := at.Add(apart); other.Format(time.DateTime) == at.Format(time.DateTime) {
			if other.After(at) {
				at, other = other, at
			}
			return fmt.Errorf("the clock showed this twice; write %s or %s", other.Format(time.RFC3339), at.Format(time.RFC3339))
		}
	}
	return nil
}
