package delivery

import (
	"encoding/json"
	"errors"

	"contactd/channels/loose"
)

// body is a whole delivery.
type body struct {
	Object string            `json:"object"`
	Entry  []json.RawMessage `json:"entry"`
}

// entry belongs to one page or account. Deliveries by Instagram's own login
// put field and value straight on it.
type entry struct {
	ID        ID              `json:"id"`
	Time      Number          `json:"time"`
	Messaging json.RawMessage `json:"messaging"`
	Standby   json.RawMessage `json:"standby"`
	Changes   json.RawMessage `json:"changes"`
	Field     string          `json:"field"`
	Value     json.RawMessage `json:"value"`
}

// change is a change of a field.
type change struct {
	Field string          `json:"field"`
	Value json.RawMessage `json:"value"`
}

// ErrUnreadable says that a body is no delivery of Meta's, so that only the
// whole of it can be kept.
var ErrUnreadable = errors.New("split delivery: no JSON with object and entries")

// Split takes a body apart. Raw of every element is a piece of the body. What
// is no element that Meta has described is one of kind Unread.
func Split(raw []byte) ([]Element, error) {
	if elements, ok := splitUsual(raw); ok {
		return elements, nil
	}
	return splitOdd(raw)
}

// usual is a delivery as nearly all are. Reading it in one go costs a third of
// taking it apart level by level, which only odd ones need.
type usual struct {
	Object string `json:"object"`
	Entry  []struct {
		ID        ID                `json:"id"`
		Time      Number            `json:"time"`
		Messaging []json.RawMessage `json:"messaging"`
		Standby   []json.RawMessage `json:"standby"`
		Changes   []change          `json:"changes"`
		Field     string            `json:"field"`
		Value     json.RawMessage   `json:"value"`
	} `json:"entry"`
}

// splitUsual splits a delivery in which everything has the form that Meta
// describes; false for any other.
func splitUsual(raw []byte) ([]Element, bool) {
	var u usual
	if json.Unmarshal(raw, &u) != nil || u.Object == "" || len(u.Entry) == 0 {
		return nil, false
	}
	elements := make([]Element, 0, len(u.Entry)+len(u.Entry[0].Changes)+len(u.Entry[0].Messaging))
	for _, each := range u.Entry {
		of := Element{Object: u.Object, Entry: string(each.ID), Time: int64(each.Time), Via: Webhook}
		before := len(elements)
		for _, raw := range each.Messaging {
			elements = append(elements, of.with(Messaging, "", raw))
		}
		for _, raw := range each.Standby {
			elements = append(elements, of.with(Standby, "", raw))
		}
		for _, c := range each.Changes {
			if c.Field == "" || len(c.Value) == 0 {
				return nil, false
			}
			elements = append(elements, of.with(Change, c.Field, c.Value))
		}
		if each.Field != "" && len(each.Value) > 0 {
			elements = append(elements, of.with(Change, each.Field, each.Value))
		}
		if len(elements) == before {
			return nil, false
		}
	}
	return elements, true
}

// splitOdd takes a delivery apart level by level, so that what is odd in one
// place takes nothing along.
func splitOdd(raw []byte) ([]Element, error) {
	var b body
	if err := json.Unmarshal(raw, &b); err != nil || b.Object == "" || len(b.Entry) == 0 {
		return nil, ErrUnreadable
	}
	elements := make([]Element, 0, len(b.Entry))
	for _, each := range b.Entry {
		elements = splitEntry(elements, b.Object, each)
	}
	return elements, nil
}

func splitEntry(to []Element, object string, raw json.RawMessage) []Element {
	var e entry
	_, err := loose.Decode(raw, &e)
	of := Element{Object: object, Entry: string(e.ID), Time: int64(e.Time), Via: Webhook}
	before := len(to)
	if err == nil {
		to = list(to, of, Messaging, e.Messaging)
		to = list(to, of, Standby, e.Standby)
		to = list(to, of, Change, e.Changes)
		if e.Field != "" && len(e.Value) > 0 {
			to = append(to, of.with(Change, e.Field, e.Value))
		}
	}
	if len(to) == before {
		to = append(to, of.with(Unread, "", raw))
	}
	return to
}

// list adds the elements of one list.
func list(to []Element, of Element, kind string, raw json.RawMessage) []Element {
	if len(raw) == 0 || string(raw) == "null" {
		return to
	}
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return append(to, of.with(Unread, "", raw))
	}
	for _, each := range all {
		if kind != Change {
			to = append(to, of.with(kind, "", each))
			continue
		}
		var c change
		if odd, err := loose.Decode(each, &c); err != nil || odd || c.Field == "" || len(c.Value) == 0 {
			to = append(to, of.with(Unread, "", each))
			continue
		}
		to = append(to, of.with(Change, c.Field, c.Value))
	}
	return to
}

func (e Element) with(kind, field string, raw json.RawMessage) Element {
	e.Kind, e.Field, e.Raw = kind, field, raw
	return e
}
