package kafka

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestANormalCallLetsEmergenciesGoFirstButNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, never := newPrecedence(), make(chan struct{})
		took := func() time.Duration {
			began := time.Now()
			p.yield(never)
			return time.Since(began)
		}
		if waited := took(); waited != 0 {
			t.Errorf("waited %v for nobody", waited)
		}
		p.count(2)
		time.AfterFunc(100*time.Millisecond, func() { p.count(-2) })
		if waited := took(); waited != 100*time.Millisecond {
			t.Errorf("waited %v for emergencies that took 100ms", waited)
		}
		p.count(1) // and its lane is stuck
		if waited := took(); waited != yieldLimit {
			t.Errorf("waited %v behind a lane in trouble, want %v", waited, yieldLimit)
		}
	})
}

func TestABrokerThatOneLaneReachesIsTriedByAllAtOnce(t *testing.T) {
	p := newPrecedence()
	first := p.recovery()
	select {
	case <-first:
		t.Fatal("a recovery before anything recovered")
	default:
	}
	p.recovered()
	<-first
	select {
	case <-p.recovery():
		t.Fatal("a recovery that lasts")
	default:
	}
}
