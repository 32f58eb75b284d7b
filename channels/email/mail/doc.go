// Package mail reads a raw mail into a contact.Message.
//
//	bytes ─ lines ─▶ header ─▶ parts ─┬▶ text ─▶ authored and quoted
//	                                  └▶ attachments, streamed into blobs; what the
//	                                     texts among them say follows the text
//	header ─▶ sender, thread, automatic marks, authenticity
//
// It never refuses: what is malformed is read as far as it goes and flagged.
// It reads each byte a bounded number of times and keeps a bounded amount in
// memory, whatever the mail holds: depth, parts, header fields, parameters and
// text have limits, and attachments of any size go through one line buffer.
// Beyond a limit it keeps what it has and sets a flag.
//
// It leaves to others: fetching mails, storing the original, deciding which
// conversation a mail belongs to, and judging what it says. It believes
// nothing that a header says about contactd itself.
package mail
