package journal

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"contactd/pipeline"
)

func TestAClockThatJumpsAheadEmptiesNothing(t *testing.T) {
	began := time.Now()
	now := newClock(began)
	dir := t.TempDir()
	var log strings.Builder
	set := func(_ *Config, d *Deps) { d.Now, d.Log = now.Now, slog.New(slog.NewTextHandler(&log, nil)) }
	j := open(t, dir, set)
	accept(t, j, original("1"))
	place(t, j, 1, alone(1))
	sortIn(t, j, pipeline.LaneNormal, 1)
	publishAll(t, j, 1)
	waitPublished(t, j, 1)
	kept := func() bool { return j.Tools().Export(t.Context(), 1, io.Discard) == nil }

	s := j.steady()
	j.house(s, housekeeping)
	now.Advance(365 * 24 * time.Hour)
	for range 24 {
		j.house(s, time.Hour)
	}
	if !kept() {
		t.Fatal("its bytes are gone after a day")
	}
	if n := strings.Count(log.String(), "the clock is ahead"); n != 1 {
		t.Errorf("told %d times: %s", n, log.String())
	}
	j.Close()
	j = open(t, dir, set)
	if s = j.steady(); !kept() {
		t.Fatal("its bytes are gone after a restart")
	}
	j.house(s, housekeeping)
	if !kept() {
		t.Fatal("its bytes are gone when house is kept after a restart")
	}
	for range 7 * 24 { // however wrong the clock is, half of the time is kept
		j.house(s, time.Hour)
	}
	if kept() {
		t.Error("its bytes stay for ever")
	}
}

func TestATimeInWhichNothingRanIsMadeUpFor(t *testing.T) {
	began := time.Now()
	s := &steady{at: began}
	wall := began.Add(72 * time.Hour)
	if at := s.tick(wall, time.Hour); at.Sub(began) != 2*time.Hour {
		t.Errorf("after an hour it is %v", at.Sub(began))
	}
	if at := s.tick(wall.Add(100*time.Hour), 100*time.Hour); !at.Equal(wall.Add(100 * time.Hour)) {
		t.Errorf("after a hundred it is %v ahead", at.Sub(wall))
	}
}

func TestAClockThatIsBehindForAWhileCostsNothing(t *testing.T) {
	began := time.Now()
	s := &steady{at: began}
	if at := s.tick(time.Unix(0, 0), time.Hour); !at.Equal(time.Unix(0, 0)) {
		t.Errorf("while the clock says 1970 it is %v", at)
	}
	if at := s.tick(began.Add(2*time.Hour), time.Hour); !at.Equal(began.Add(2 * time.Hour)) {
		t.Errorf("when the clock is right again it is %v behind", began.Add(2*time.Hour).Sub(at))
	}
}
