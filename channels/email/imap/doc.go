// Package imap is a mailbox as contactd needs it: a session on one folder that
// finds, reads, waits, moves and marks, and that never hangs and never takes
// half a mail for a whole one.
//
// The protocol is spoken by emersion/go-imap. Bare, it waits for ever on a
// silent server, deadlocks when it is closed early, and returns cut mails
// without an error; what guards against each of these stands beside the code
// with the number of its test. One rule carries most of it: a Session belongs
// to one goroutine, sends one command at a time, and after any error but
// Refused it is closed and never used again.
//
// When to connect again, which mails to read and what has been read is the
// business of package email.
package imap
