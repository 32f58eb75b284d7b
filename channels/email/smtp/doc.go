// Package smtp hands one mail over to a submission server (RFC 6409):
//
//	dial ─ TLS ─ log in ─ MAIL ─ RCPT ─ DATA ─ the final dot ─▶ 250
//
// Its errors say how far it came, because that decides whether the mail may be
// sent again: before the final dot the server has certainly taken nothing,
// after it, without an answer, nobody can tell. Every step has a deadline, and
// the end of the context ends it at once.
//
// It leaves to others what the mail says, and what happens after an error.
package smtp
