package mail

import (
	"strings"

	"contactd/contact"
)

// ReplyHeader repeats the Message-ID of a reply of ours, without brackets, for
// servers that replace it. It counts only when it verifies.
const ReplyHeader = "X-Contactd-Reply"

// ownID returns the first of a mail's ids that was issued here.
func (r *Reader) ownID(h *header, named []string) string {
	for _, id := range append(named[:len(named):len(named)], string(h.get(ReplyHeader))) {
		if _, _, ok := r.tokens.Reply(id); ok {
			return id
		}
	}
	return ""
}

// outcome tells what the mail says about a reply of ours: that it is a copy of
// it, or what became of it. conversation is the reply's.
func (r *Reader) outcome(h *header, report Report, msg contact.Message) (outcome *contact.Outcome, conversation string) {
	at := msg.ReceivedAt
	if at.IsZero() {
		at = msg.SentAt
	}
	if id := r.ownID(h, msg.Thread.IDs); id != "" {
		if !r.isOwn(msg.Sender.Address) {
			return nil, "" // somebody else's mail under our id
		}
		conversation, reply, _ := r.tokens.Reply(id)
		return &contact.Outcome{ReplyID: reply, State: contact.HandedOver, PlatformID: id, At: at}, conversation
	}
	if msg.Automatic != contact.Bounce {
		return nil, ""
	}
	for _, id := range [...]string{report.OriginalID, report.ReplyID, report.EnvelopeID} {
		conversation, reply, ok := r.tokens.Reply(id)
		if !ok {
			continue
		}
		state, reason := r.verdict(h, report, msg.Subject)
		if state == "" {
			return nil, conversation
		}
		return &contact.Outcome{ReplyID: reply, State: state, Reason: reason, PlatformID: id, At: at}, conversation
	}
	return nil, ""
}

// verdict is what a bounce says of the person's copy: nothing while the server
// still tries. A report about our own mailbox says nothing about the person.
func (r *Reader) verdict(h *header, report Report, subject string) (contact.ReplyState, string) {
	var delivered bool
	for _, each := range report.Recipients {
		if r.isOwn(each.Address) || r.isOwn(each.Original) {
			continue
		}
		switch each.Action {
		case "failed": // the server has given up, whatever the status (RFC 3464, 2.3.3)
			return contact.Failed, "bounced: " + explain(each.Status)
		case "delivered":
			delivered = true
		}
	}
	switch {
	case delivered:
		return contact.Confirmed, ""
	case len(report.Recipients) > 0:
		return "", ""
	case !h.present("X-Failed-Recipients") && isWarning(subject):
		return "", ""
	}
	return contact.Failed, "bounced: " + explain("")
}

// isWarning tells a notice of delay among bounces that carry no report.
func isWarning(subject string) bool {
	subject = strings.ToLower(subject)
	return strings.Contains(subject, "delay") || strings.Contains(subject, "warning")
}

// explain puts a status code (RFC 3463) into words. The server's own are left
// out: they quote addresses.
func explain(status string) string {
	if !isStatus(status) {
		return "the receiving server gave no status"
	}
	words := "the mail could not be delivered"
	_, detail, _ := strings.Cut(status, ".")
	class, _, _ := strings.Cut(detail, ".")
	switch {
	case detail == "1.1" || detail == "1.10" || detail == "1.6" || detail == "1.2" || detail == "1.3":
		words = "there is no such address"
	case detail == "2.1":
		words = "the mailbox is closed"
	case detail == "2.2":
		words = "the mailbox is full"
	case detail == "2.3" || detail == "3.4":
		words = "the mail is too large"
	case detail == "6.7" || detail == "6.9": // RFC 6531
		words = "a server on the way takes no internationalised address (SMTPUTF8)"
	case class == "4":
		words = "the receiving server was not reached"
	case class == "7":
		words = "the receiving server refuses mail of ours by its rules"
	}
	return status + " " + words
}

// isStatus reports whether s is a code such as 5.1.1.
func isStatus(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || len(s) > 9 {
		return false
	}
	for _, part := range parts {
		if part == "" || strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return true
}
