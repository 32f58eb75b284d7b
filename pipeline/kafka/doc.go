// Package kafka carries envelopes to and from Kafka: a Watermill publisher that
// returns when the brokers have acknowledged, a subscriber that moves on when
// the reader has, and the topics themselves.
//
//	Publish ─▶ one lane per urgency and topic ─▶ acks=all ─▶ nil
//	group   ─▶ one partition at a time ─▶ Ack ─▶ commit
//
// It is written over segmentio/kafka-go, whose defaults lose and delay
// messages; each setting here that is not a default says why. At least once,
// in order per key: kafka-go has no idempotent producer, so after a broker's
// death a record may be there twice and readers deduplicate by the event's
// source and id.
//
// With Apache Kafka 4.x, which dropped the oldest requests (KIP-896), kafka-go
// 0.4.51 negotiates newer ones for everything used here. It knows the classic
// group protocol only, which 4.x still speaks; its consumers and ours can share
// no group with those of KIP-848. What else it lacks is made up for here: CRCs
// are checked where answers are decoded, digests and offsets by us, what
// transactions took back is left out here, and a group's member that hangs is
// replaced.
//
// What an event means is the business of package pipeline, which broker runs
// that of package broker below this one and of package servers for tests.
package kafka
