package journal

import (
	"os"
	"path/filepath"
	"time"
)

// steady is the clock by which house is kept. If the machine's jumps ahead, all
// that was published looks old, and its bytes, with which a broker's loss is made
// good, would go at once. So this one follows the machine's, and never goes more
// than twice as fast as time passes, also across restarts: a day in which nothing
// ran is made up for in a day, and until then things are kept longer.
type steady struct {
	file string
	at   time.Time
	told bool // that the machine's is ahead
}

// steadyFile holds what the clock said last. Without it the machine's is
// believed.
const steadyFile = "steady"

// ahead is how far the machine's clock is ahead when it is worth a word.
const ahead = time.Hour

func (j *Journal) steady() *steady {
	s := &steady{file: filepath.Join(j.config.Dir, steadyFile)}
	raw, err := os.ReadFile(s.file)
	if err != nil || s.at.UnmarshalText(raw) != nil {
		s.at = j.deps.Now()
	}
	return s
}

// tick says what time it is when so much has passed since the last tick, and
// the machine's clock says wall.
func (s *steady) tick(wall time.Time, passed time.Duration) time.Time {
	believed := s.at.Add(2 * passed)
	if wall.Before(believed) {
		believed = wall
	}
	if believed.After(s.at) { // else it is behind: it was later before
		s.at = believed
	}
	return believed
}

// keep notes what it says for the next start. A failure, as on a full disk,
// costs only that.
func (s *steady) keep() {
	text, err := s.at.MarshalText()
	if err == nil && os.WriteFile(s.file+".new", text, 0o600) == nil {
		_ = os.Rename(s.file+".new", s.file)
	}
}
