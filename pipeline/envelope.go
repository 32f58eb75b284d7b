package pipeline

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/contact"
)

// contentType marks a structured-mode CloudEvent (CloudEvents Kafka protocol
// binding 1.0.2, section 3.3).
const contentType = "application/cloudevents+json; charset=UTF-8"

// Envelope wraps an event for a topic. The CloudEvents attributes that routing
// needs are copied to the metadata, which become record headers; the payload
// alone is the truth.
func Envelope(e contact.Event, lane Lane) (*message.Message, error) {
	payload, err := write(e)
	if err != nil {
		return nil, err
	}
	env := message.NewMessage(e.ID, payload)
	env.Metadata = message.Metadata{
		MetaKey:        e.PartitionKey,
		MetaLane:       lane.String(),
		"content-type": contentType,
		"ce_id":        e.ID,
		"ce_source":    e.Source,
		"ce_type":      e.Type,
		"ce_subject":   e.Subject,
		"ce_time":      e.Time.Format(time.RFC3339Nano),
	}
	if e.Grade != nil {
		env.Metadata["ce_grade"] = e.Grade.String()
	}
	if e.Sequence != "" {
		env.Metadata["ce_sequence"] = e.Sequence
	}
	return env, nil
}

// write gives the event's JSON. The data is JSON already and most of the
// record, so it is put behind the attributes instead of being read and copied
// once more, which would take half of the time of sealing.
func write(e contact.Event) ([]byte, error) {
	const noData = "null}" // data is the last field
	data := e.Data
	e.Data = nil
	attributes, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("write event %s: %w", e.ID, err)
	}
	if len(data) == 0 {
		return attributes, nil
	}
	head := attributes[:len(attributes)-len(noData)]
	payload := make([]byte, 0, len(head)+len(data)+1)
	return append(append(append(payload, head...), data...), '}'), nil
}
