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

// spareGarbage keeps it so until ctx ends, unless the environment has GOGC.
func (p *program) spareGarbage(ctx context.Context) {
	if _, set := p.getenv("GOGC"); set {
		return
	}
	tick := time.NewTicker(spareEach)
	defer tick.Stop()
	for {
		debug.SetGCPercent(garbagePercent(liveBytes()))
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

// liveBytes is what the last collection found in use.
func liveBytes() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}
