// Package pipeline turns accepted originals into graded events on Kafka: the
// Watermill router, its steps and middleware, and the event envelope.
//
//	journal unread ─▶ read ─▶ conversation ─▶ grade ─▶ journal outbox, by lane
//	journal outbox ─▶ seal ─▶ publish ─▶ acknowledged
//	emergencies among what waits there behind others ─▶ alert
//	contact.events ─▶ second opinion, if there is one ─▶ journal
//
// It declares what it needs of the journal and knows channels and classifiers
// only by their contracts. The Guard compares what Kafka holds with what the
// journal holds as published, and has published again what Kafka has lost.
// Durability is the journal's business (pipeline/journal), the broker's
// protocol that of pipeline/kafka.
package pipeline
