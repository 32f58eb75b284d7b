package loose

import (
	"encoding/json"
	"errors"
	"testing"
)

// word is a text that refuses any other form.
type word string

func (w *word) UnmarshalJSON(raw []byte) error {
	if raw[0] != '"' {
		return &json.UnmarshalTypeError{Value: "word"}
	}
	return json.Unmarshal(raw, (*string)(w))
}

type message struct {
	ID     word `json:"id"`
	Number int  `json:"number"`
	Sender struct {
		ID   word `json:"id"`
		Name word `json:"name"`
	} `json:"sender"`
	Names []struct {
		ID   word `json:"id"`
		Text word `json:"text"`
	} `json:"names"`
	Text string `json:"text"`
}

func TestWhatIsOddTakesNothingElseAlong(t *testing.T) {
	for _, raw := range []string{
		`{"id":{"odd":1},"number":7,"sender":{"name":"Jo","id":"5"},"text":"help me"}`,
		`{"ID":true,"number":7,"sender":{"id":"5","name":"Jo"},"text":"help me"}`,
		`{"number":7,"sender":{"id":"5","name":"Jo"},"names":[{"id":1},{"id":2}],"text":"help me"}`,
		`{"number":7,"sender":{"id":"5","name":"Jo"},"names":[[]],"text":"help me"}`,
	} {
		var m message
		if odd, err := Decode([]byte(raw), &m); err != nil || !odd || m.ID != "" || m.Number != 7 || m.Sender.ID != "5" || m.Sender.Name != "Jo" || m.Text != "help me" {
			t.Errorf("%s: %+v, odd %v, %v", raw, m, odd, err)
		}
	}
	var m message
	if odd, err := Decode([]byte(`{"number":"7","sender":{"id":5,"name":"Jo"},"names":[{"id":1,"text":"a"}],"text":"help me"}`), &m); err != nil || !odd || m.Sender.Name != "Jo" || m.Names[0].Text != "a" || m.Text != "help me" {
		t.Errorf("much that is odd: %+v, odd %v, %v", m, odd, err)
	}
}

func TestWhatIsNoObjectIsNotRead(t *testing.T) {
	for _, raw := range []string{``, `{`, `[]`, `null`, `7`, `"text"`, `[{}]`, ` 7`} {
		if odd, err := Decode([]byte(raw), &message{}); err == nil || !odd {
			t.Errorf("%q was read", raw)
		}
	}
	if odd, err := Decode([]byte(` {"id":"1","else":{}}`), &message{}); err != nil || odd {
		t.Errorf("a good one: odd %v, %v", odd, err)
	}
}

// stubborn refuses everything and does not say where.
type stubborn struct{}

func (*stubborn) UnmarshalJSON([]byte) error { return errors.Join(&json.UnmarshalTypeError{}) }

func TestWhatIsOddWithoutAPlaceEnds(t *testing.T) {
	if odd, err := Decode([]byte(`{"id":1}`), &stubborn{}); err != nil || !odd {
		t.Errorf("odd %v, %v", odd, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"id":[1],"names":[{"id":{}},7],"sender":{"id":null}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var m message
		if _, err := Decode([]byte(raw), &m); err == nil && !json.Valid([]byte(raw)) {
			t.Errorf("%q was read", raw)
		}
	})
}
