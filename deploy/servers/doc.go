// Package servers runs the real programs that tests meet: mail, broker and
// browser. It is imported by tests and by its own command only. Each is on
// loopback with its own configuration; no container engine is involved. A test
// whose server is not there is skipped with a sentence that says what to do, or
// fails when the environment variable CI is "true".
//
// These are quick to start: each test starts its own, in a temporary folder,
// and it ends with the test.
//
//	Dovecot    mailboxes (IMAP) and delivery to them (LMTP)
//	Postfix    submission (SMTP) of mail to a Dovecot, and what bounces (as root)
//	Clamd      a virus scanner that knows the EICAR file
//	Chromium   a headless browser, driven by chromedp; AxeFaults tests its page
//
// Apache Kafka is not. One KRaft node is started by the command and outlives it:
//
//	go run ./deploy/servers/up up      install, start, wait until it answers
//	go run ./deploy/servers/up down    stop it
//
//	packages (apt, as root) ─▶ jars (Maven) ─▶ format ─▶ java kafka.Kafka ─▶ kafka.json
//	                        └▶ axe-core (npm)
//
// It has empty storage at each start and listens on free ports, in plain text,
// with SASL (PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512) and with TLS. Its jars come
// by Maven coordinates and run on the machine's Java 17 or later. What it is and
// where it listens is written to a state folder in the user's cache (see Dir),
// from which Kafka answers. axe-core lies there too. Starting twice changes
// nothing.
package servers
