package pipeline

import (
	"encoding/json"
	"reflect"
	"testing"

	"contactd/contact"
)

func TestAnEventComesBackAsItWasWritten(t *testing.T) {
	event, err := testSealer().received(testEntry(), testJudged())
	if err != nil {
		t.Fatal(err)
	}
	empty := event
	empty.Data = nil
	for _, want := range []contact.Event{event, empty} {
		env, err := Envelope(want, LaneNormal)
		if err != nil {
			t.Fatal(err)
		}
		if plain, _ := json.Marshal(want); string(plain) != string(env.Payload) {
			t.Errorf("wrote %s\nwant  %s", env.Payload, plain)
		}
		var got contact.Event
		if err := json.Unmarshal(env.Payload, &got); err != nil {
			t.Fatal(err)
		}
		if want.Data == nil {
			want.Data = json.RawMessage("null")
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("came back as %+v, want %+v", got, want)
		}
	}
}
