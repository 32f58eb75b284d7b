// Package journal is the durable inbox: what a channel hands over is on disk,
// under a unique identity and chained to the row before, when Accept returns,
// and stays there until well after Kafka has it.
//
//	Accept ─▶ messages (append only) ─▶ Unread ─▶ Place, Sort or Quarantine
//	                                                    │
//	          kept for Keep, then pruned  ◀─ Ack ─◀ Outbox, by lane
//
// An emergency takes what waits before it in its conversation along; Ahead
// delivers it before its turn so that it can be told of.
//
// One goroutine writes, many callers share each commit, and every commit is
// synced. What waits is found through indexes over the rows that wait, so that
// neither start nor memory depends on history. Watermill subscribers deliver.
//
// What a message says, how urgent it is and how Kafka is spoken to is left to
// others. The tools for operators (Tools) work beside a running daemon.
//
// # When something is wrong
//
// A full disk, a failed fsync or a damaged page make Accept return an error:
// the platform keeps its messages, and the journal reopens its database with
// back-off until it works again. Only a damaged database needs hands, see
// deploy/README.md.
//
// # When it is put back from a backup
//
// The rows of a journal are named in what Kafka has of them. pipeline.Witness
// compares both at the start, before a reply is sent, and reminds the journal of
// what it did and does not know (Remind, Doubt). See deploy/README.md.
package journal
