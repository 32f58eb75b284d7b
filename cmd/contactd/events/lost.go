package events

import (
	"fmt"
	"strings"

	"contactd/cmd/contactd/tell"
	"contactd/pipeline/kafka"
)

// Lost are the records of a topic that cannot be believed.
type Lost struct {
	topic string
	count int
	first []string // where the first ones lie
}

// lostNamed is how many are named.
const lostNamed = 5

func (l *Lost) add(r kafka.Record) {
	l.topic = r.Topic
	if l.count++; l.count <= lostNamed {
		l.first = append(l.first, fmt.Sprintf("/%d/%d", r.Partition, r.Offset))
	}
}

// Told is an error that names them, nil when there are none.
func (l *Lost) Told(by string) error {
	if l.count == 0 {
		return nil
	}
	more := ""
	if rest := l.count - len(l.first); rest > 0 {
		more = fmt.Sprintf(" and %d more", rest)
	}
	return fmt.Errorf("%s: left out %s that cannot be believed: %s%s%s", by, tell.Count(l.count, "record"), l.topic, strings.Join(l.first, ", "), more)
}
