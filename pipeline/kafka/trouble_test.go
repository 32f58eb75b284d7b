package kafka

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

func TestTroubleIsToldWhenItLastsAndWhenItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []Trouble
		trouble := trouble{
			watch: Watch{Alarm: func(t Trouble) { told = append(told, t) }}.withDefaults(),
			about: Trouble{Kind: CannotPublish, Topic: "t", Lane: "normal", Partition: -1},
		}
		trouble.goesOn(errors.New("first"))
		trouble.over() // short: nobody is told
		time.Sleep(time.Minute)
		began := time.Now()
		for range 3 * alarmAfter / time.Second {
			trouble.goesOn(errors.New("lasts"))
			time.Sleep(time.Second)
		}
		trouble.over()
		if len(told) != 2 || told[0].Err == nil || told[1].Err != nil || !told[0].Since.Equal(began) || told[0].Topic != "t" {
			t.Fatalf("told %+v", told)
		}
	})
}

// Else a process that reads nothing any more would not be ready for ever.
func TestWhoHasNoPartitionLeftHasNoTroubleToCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []Trouble
		m := newMembership("t", SubscriberConfig{Group: "g"}, connector{}, Watch{Alarm: func(t Trouble) { told = append(told, t) }}.withDefaults())
		one := &kafkago.Generation{Assignments: map[string][]kafkago.PartitionAssignment{"t": {{ID: 0}}}}
		newShare(m, one, nil)
		m.committing.goesOn(errors.New("lasts"))
		time.Sleep(alarmAfter)
		m.committing.goesOn(errors.New("lasts"))
		newShare(m, one, nil) // what it has read is delivered again, and may fail again
		if len(told) != 1 || told[0].Err == nil {
			t.Fatalf("told %+v", told)
		}
		newShare(m, &kafkago.Generation{}, nil)
		if len(told) != 2 || told[1].Err != nil {
			t.Errorf("told %+v", told)
		}
	})
}

func TestPausesGrowToTheirLimit(t *testing.T) {
	last := time.Duration(0)
	for n := 1; n < 100; n++ {
		wait := backoff(n, time.Second)
		if wait > time.Second || wait < last*3/8 || n == 1 && wait > 10*time.Millisecond {
			t.Fatalf("%d: %v after %v", n, wait, last)
		}
		last = wait
	}
	if last < 3*time.Second/4 {
		t.Errorf("ends at %v", last)
	}
}
