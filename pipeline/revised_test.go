package pipeline

import (
	"encoding/json"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
)

func TestARevisionIsAnEventOfItsOwnThatNamesWhatItRevises(t *testing.T) {
	s, e, j := testSealer(), testEntry(), testJudged()
	of := contact.MessageID("facebook", "town", "fb:1:comment:2")
	j.message.Revision = &contact.Revision{Of: of, Action: contact.Edited, By: "sender"}
	edited, err := s.received(e, j)
	contacttest.Valid(t, mustJSON(t, edited, err))
	if edited.Type != contact.RevisedV1 || edited.Grade == nil || *edited.Grade != contact.Emergency {
		t.Errorf("new words are judged like any: %s, %v", edited.Type, edited.Grade)
	}
	alarm, err := s.escalated(e, j)
	contacttest.Valid(t, mustJSON(t, alarm, err))
	if alarm.CausationID != edited.ID {
		t.Error("the alarm does not name the revision that caused it")
	}
	var data contact.Received
	if err := json.Unmarshal(edited.Data, &data); err != nil || data.Revision == nil || data.Revision.Of != of {
		t.Errorf("revision %+v, %v", data.Revision, err)
	}

	j.message.Text, j.message.Authored = "", ""
	j.message.Revision.Action = contact.Withdrawn
	p := &Pipeline{now: func() time.Time { return noon }}
	j.assessment = p.assess(t.Context(), j.message)
	withdrawn, err := s.received(e, j)
	contacttest.Valid(t, mustJSON(t, withdrawn, err))
	if withdrawn.Grade != nil {
		t.Errorf("a deletion was graded %v; the grade of the contact stands", withdrawn.Grade)
	}
	if got := lane(j.message, j.assessment); got != LaneNormal {
		t.Errorf("a deletion goes by lane %s, before what people wrote", got)
	}
}
