package events_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"contactd/cmd/contactd/events"
	"contactd/cmd/contactd/events/eventstest"
	"contactd/contact"
	"contactd/pipeline/kafka"
)

// record is of an event with an id, told with the header that told names.
func record(t *testing.T, id, eventType, told string) kafka.Record {
	t.Helper()
	raw, err := json.Marshal(contact.Event{ID: id, Source: "/here", Type: eventType})
	if err != nil {
		t.Fatal(err)
	}
	return kafka.Record{Key: id, Value: raw, Headers: map[string]string{"ce_type": told}}
}

func TestEveryEventOfATypeIsReadOnceInOrder(t *testing.T) {
	from := &eventstest.Topic{Records: []kafka.Record{
		record(t, "1", contact.ReceivedV1, contact.ReceivedV1), record(t, "2", contact.AssessedV1, contact.AssessedV1),
		record(t, "3", contact.ReceivedV1, ""), record(t, "1", contact.ReceivedV1, contact.ReceivedV1), // again
		record(t, "4", contact.AssessedV1, contact.ReceivedV1),
		{Value: []byte("no event")},
		record(t, "5", contact.RevisedV1, contact.RevisedV1), record(t, "6", contact.ReceivedV1, contact.ReceivedV1),
	}}
	for name, test := range map[string]struct {
		wanted func(kafka.Record) bool
		want   []string
	}{
		"all":        {nil, []string{"1", "3", "5", "6"}},
		"only later": {func(r kafka.Record) bool { return r.Key > "3" }, []string{"5", "6"}},
	} {
		var got []string
		lost, err := events.Read(t.Context(), from, []string{contact.ReceivedV1, contact.RevisedV1}, test.wanted, func(e contact.Event) { got = append(got, e.ID) })
		if !slices.Equal(got, test.want) || err != nil || lost.Told("test") != nil {
			t.Errorf("%s: %v, %v, %v", name, got, err, lost.Told("test"))
		}
	}
}

func TestWhatCannotBeBelievedIsNamedAndStopsNothing(t *testing.T) {
	broken := kafka.Record{Partition: 2, Err: errors.New("another digest")}
	records := slices.Repeat([]kafka.Record{broken}, 3)
	records = append(records, record(t, "1", contact.ReceivedV1, contact.ReceivedV1))
	for want, all := range map[string][]kafka.Record{
		"test: left out 1 record that cannot be believed: contact.events/2/0":                                     records[2:],
		"test: left out 3 records that cannot be believed: contact.events/2/0, /2/1, /2/2":                        records,
		"test: left out 7 records that cannot be believed: contact.events/2/0, /2/1, /2/2, /2/4, /2/5 and 2 more": slices.Concat(records, records, records[:1]),
	} {
		read := 0
		lost, err := events.Read(t.Context(), &eventstest.Topic{Records: all}, []string{contact.ReceivedV1}, nil, func(contact.Event) { read++ })
		if err != nil || read != 1 || lost.Told("test") == nil || lost.Told("test").Error() != want {
			t.Errorf("read %d, %v, %v, want %s", read, err, lost.Told("test"), want)
		}
	}
}
