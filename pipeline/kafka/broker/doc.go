// Package broker is the Kafka broker that contactd brings along: franz-go's
// kfake, which speaks the real protocol and keeps records on disk, in a process
// of its own behind a guard.
//
//	contactd run ─▶ Supervise ─▶ contactd broker ─▶ Serve ─▶ guard ─▶ kfake ─▶ disk
//
// It is a single node for trials, training, tests and small sites, and a
// delivery surface only: the journal keeps every message for days after it was
// acknowledged here and can publish it again. What kfake does not do well is
// fenced in here:
//
//   - it dies of, or burns a core on, some malformed requests: its own process,
//     loopback only, a login, and a guard that looks at every frame first;
//   - one bad byte costs the rest of its file, and its memory at start is all
//     it keeps: files of 4 MiB and at most 256 MiB in all, by retention;
//   - it acknowledges commits that a full disk did not take: it refuses
//     to write while there is still room;
//   - two on one folder destroy it: a lock.
//
// Which events are published is the business of package pipeline, how of
// package kafka.
package broker
