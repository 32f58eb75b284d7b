package main

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
const (
	spare     = 96 << 20 // bytes
	spareEach = 5 * time.Second
)

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

// collectEarly keeps the heap small until spareGarbage runs.
func (p *program) collectEarly() {
	if _, set := p.getenv("GOGC"); !set {
		debug.SetGCPercent(startPercent)
	}
}

// spareGarbage keeps it so until ctx ends, unless the environment has GOGC.
func (p *program) spareGarbage(ctx context.Context) {
	if _, set := p.getenv("GOGC"); set {
		return
	}
	tick := time.NewTicker(spareEach)
	defer tick.Stop()
	var r rest
	for {
		if r.due(used(allocs)) {
			debug.FreeOSMemory()
		}
		debug.SetGCPercent(garbagePercent(used(live)))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// garbagePercent is how much the heap may grow, in percent of the bytes in use.
func garbagePercent(live uint64) int {
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
