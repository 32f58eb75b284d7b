package contact

import (
	"errors"
	"fmt"
)

// Grade says how urgent a message is. The zero value is Unknown: nobody could
// judge, so a person must. Compare grades with Above and Highest, never by
// number: Unknown sorts just under Emergency.
type Grade uint8

// The grades. Forces rename and time them in configuration; the words here are
// the ones in the event contract.
const (
	Unknown    Grade = iota // no judgement: error, empty, unreadable, foreign
	Resolution              // resolution without deployment: advice, signposting, admin
	Scheduled               // police contact needed, by appointment
	Priority                // real concern, vulnerability, or evidence being lost
	Emergency               // danger to life, violence now, serious crime in progress
)

// Grades lists all grades, most urgent first.
func Grades() []Grade { return []Grade{Emergency, Unknown, Priority, Scheduled, Resolution} }

// Above reports whether g must be looked at before other.
func (g Grade) Above(other Grade) bool { return g.rank() > other.rank() }

// BySeriousness orders grades for sorting, the most urgent first.
func BySeriousness(a, b Grade) int { return b.rank() - a.rank() }

// Highest returns the more urgent of the two.
func Highest(a, b Grade) Grade {
	if b.Above(a) {
		return b
	}
	return a
}

// rank orders grades; anything that is no grade ranks as Unknown.
func (g Grade) rank() int {
	switch g {
	case Resolution:
		return 0
	case Scheduled:
		return 1
	case Priority:
		return 2
	case Emergency:
		return 4
	default:
		return 3
	}
}

// String gives the word of the event contract; a value that is no grade reads
// as "unknown".
func (g Grade) String() string {
	switch g {
	case Resolution:
		return "resolution"
	case Scheduled:
		return "scheduled"
	case Priority:
		return "priority"
	case Emergency:
		return "emergency"
	default:
		return "unknown"
	}
}

// MarshalText writes the word of the event contract.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads a word of the event contract. A word from a later
// version of the contract is an error here; readers of foreign events treat
// it as Unknown.
func (g *Grade) UnmarshalText(text []byte) error {
	for _, each := range Grades() {
		if each.String() == string(text) {
			*g = each
			return nil
		}
	}
	return fmt.Errorf("read grade %q: %w", text, ErrNoGrade)
}

// ErrNoGrade is wrapped by the error of reading a word that is no grade.
var ErrNoGrade = errors.New("want emergency, unknown, priority, scheduled or resolution")
