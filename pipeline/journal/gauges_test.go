package journal

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"contactd/pipeline"
)

// A message that is published while somebody asks how long the oldest waits.
func TestNoMessageIsSaidToWaitSinceBeforeItCame(t *testing.T) {
	j := open(t, t.TempDir())
	over := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		for !isClosed(over) {
			ages, err := j.Oldest()
			if err != nil {
				t.Error(err)
				return
			}
			for lane, age := range ages {
				if age > time.Hour {
					t.Errorf("the oldest of lane %s waits for %v", lane, age)
					return
				}
			}
		}
	})
	envs := subscribe(t, j.Outbox())
	for seq := int64(1); seq <= 100; seq++ {
		accept(t, j, original(fmt.Sprint(seq)))
		ready(t, j, pipeline.LaneNormal, seq)
		_, env := next(t, envs)
		env.Ack()
	}
	close(over)
	asking.Wait()
}
