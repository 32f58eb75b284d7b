package main

import (
	"fmt"
	"strings"

	"contactd/cmd/contactd/tell"
	"contactd/pipeline/kafka"
)

// damaged are the records of a topic that cannot be believed.
type damaged struct {
	topic string
	count int
	first []string // where the first ones lie
}

// damagedNamed is how many are named.
const damagedNamed = 5

func (d *damaged) add(r kafka.Record) {
	d.topic = r.Topic
	if d.count++; d.count <= damagedNamed {
		d.first = append(d.first, fmt.Sprintf("/%d/%d", r.Partition, r.Offset))
	}
}

// told is an error that names them, nil when there are none.
func (d *damaged) told(by string) error {
	if d.count == 0 {
		return nil
	}
	more := ""
	if rest := d.count - len(d.first); rest > 0 {
		more = fmt.Sprintf(" and %d more", rest)
	}
	return fmt.Errorf("%s: left out %s that cannot be believed: %s%s%s", by, tell.Count(d.count, "record"), d.topic, strings.Join(d.first, ", "), more)
}
