package journal

import (
	"context"
	"fmt"
	"time"
)

// Restoration is a time when the journal was found to be put back from a backup.
type Restoration struct {
	// At is when it was found, Last the number of the last message then.
	At   time.Time `json:"at"`
	Last int64     `json:"last"`
	// Forgotten is how many messages, changes of replies included, Kafka has that
	// the journal had no longer.
	Forgotten int `json:"forgotten"`
}

// String gives it for a person; nothing for never.
func (r Restoration) String() string {
	if r.At.IsZero() {
		return ""
	}
	return fmt.Sprintf("behind message %d it was put back from a backup, as was found at %s; Kafka has %d messages and changes of replies that are not here",
		r.Last, r.At.Format(time.RFC3339), r.Forgotten)
}

const restorationsKept = 10

// Restored is when the journal was last found to be put back from a backup;
// zero for never.
func (j *Journal) Restored() Restoration {
	o, err := j.origin(context.Background())
	if err != nil {
		return Restoration{}
	}
	return o.last()
}

func (o origin) last() (r Restoration) {
	if n := len(o.Restored); n > 0 {
		r = o.Restored[n-1]
	}
	return r
}
