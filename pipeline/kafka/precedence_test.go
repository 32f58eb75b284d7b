package kafka

import (
	"testing"
	"testing/synctest"
	"time"
)

// waited is how long a normal call of topic "t" stands back.
func waited(p *precedence) time.Duration {
	began := time.Now()
	p.yield("t", make(chan struct{}))
	return time.Since(began)
}

func TestANormalCallWaitsForTheEmergenciesOfItsTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPrecedence()
		p.add("another")
		if w := waited(p); w != 0 {
			t.Errorf("waited %v for nobody", w)
		}
		p.add("t")
		p.add("t")
		time.AfterFunc(3*time.Second, func() { p.settle("t", 1) })
		time.AfterFunc(7*time.Second, func() { p.settle("t", 1) })
		if w := waited(p); w != 7*time.Second {
			t.Errorf("waited %v for emergencies that took 7s and moved meanwhile", w)
		}
	})
}

func TestEmergenciesThatKeepComingDoNotHoldUpANormalCallForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPrecedence()
		p.add("t")
		more := time.NewTicker(time.Second)
		defer more.Stop()
		over := make(chan struct{})
		go func() {
			defer close(over)
			for range 60 {
				<-more.C
				p.add("t")
				p.settle("t", 1)
			}
		}()
		if w := waited(p); w != time.Second {
			t.Errorf("waited %v for the one that was there", w)
		}
		<-over
	})
}

func TestANormalLaneCarriesOnWhileItsEmergenciesAreStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPrecedence()
		p.add("t")
		if w := waited(p); w != yieldLimit {
			t.Errorf("waited %v behind a lane in trouble, want %v", w, yieldLimit)
		}
		if w := waited(p); w != 0 {
			t.Errorf("waited %v more behind a lane in trouble", w)
		}
		p.recovered() // a lane got through: the emergencies can, too
		if w := waited(p); w != yieldLimit {
			t.Errorf("waited %v after a recovery, want %v", w, yieldLimit)
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
