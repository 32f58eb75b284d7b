// Package garbage says when a program collects its garbage: seldom under load and
// early at its start, and what is not used goes back to the machine. Who has set
// GOGC decides alone.
package garbage

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Garbage is collected when the heap has grown by as much as is in use, as
// Go does, and by spare at least. What is in use is little: without spare it
// would be collected four times a second under load, and on a small machine
// each time hold up whoever writes meanwhile.
const spare = 96 << 20 // bytes

// Each is how often Spare looks at the heap.
const Each = 5 * time.Second

// A program with nothing to do needs no spare: one that has used less than
// calmUse since the last look gives memory back, once what it has used since it
// last did is worth the work.
const (
	calmUse   = 1 << 20 // bytes
	worthBack = 2 << 20
)

// startPercent is how much the heap may grow while the program starts, in
// percent: compiling the rules makes several times what they are, and what lies
// scattered among that garbage would keep it for good.
const startPercent = 50

// Getenv looks a variable of the environment up, as os.LookupEnv does.
type Getenv func(name string) (value string, set bool)

// CollectEarly keeps the heap small until Spare runs.
func CollectEarly(getenv Getenv) {
	if _, set := getenv("GOGC"); !set {
		debug.SetGCPercent(startPercent)
	}
}

// Spare lets the heap grow by what is in use, and gives back what is not, until
// ctx ends.
func Spare(ctx context.Context, getenv Getenv) {
	if _, set := getenv("GOGC"); set {
		return
	}
	tick := time.NewTicker(Each)
	defer tick.Stop()
	var r rest
	for {
		if r.due(used(allocs)) {
			debug.FreeOSMemory()
		}
		debug.SetGCPercent(percent(used(live)))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// percent is how much the heap may grow, in percent of the bytes in use.
func percent(live uint64) int {
	return max(100, int(spare*100/max(live, 1<<20)))
}

// rest knows when a program has nothing to do.
type rest struct {
	seen, given uint64 // bytes used at the last look, and when they were given back
}

// due looks at how many bytes were used since the program began, and reports
// whether to give back now.
func (r *rest) due(used uint64) bool {
	calmed := used-r.seen < calmUse
	r.seen = used
	if !calmed || used-r.given < worthBack {
		return false
	}
	r.given = used
	return true
}

// What can be asked of the heap: the bytes that the last collection found in
// use, and those that were ever used.
const (
	live   = "/gc/heap/live:bytes"
	allocs = "/gc/heap/allocs:bytes"
)

func used(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
