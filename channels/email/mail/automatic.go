package mail

import (
	"bytes"
	"strings"

	"contactd/contact"
)

// automatic tells which kind of machine sent the mail, by RFC 3834 and what
// mail programs do instead of it. A mark never hides a mail: it decides the
// lane and whether an automatic answer may be sent.
func (r *Reader) automatic(h *header, report Report, from contact.Sender, ids []string, authenticity contact.Authenticity) contact.Automatic {
	nobody := isNullPath(h)
	switch {
	case r.ownID(h, ids) != "", r.isOwn(from.Address) && authenticity != contact.Suspect:
		return contact.OwnMessage
	case report.Kind != contact.Person:
		return report.Kind
	case h.present("X-Failed-Recipients"), nobody && isDaemon(from.Address), !h.present("Return-Path") && isMailerDaemon(from.Address):
		return contact.Bounce
	case isAutoSubmitted(h.get("Auto-Submitted")), isSet(h, "X-Autoreply"), isSet(h, "X-Autorespond"), isSet(h, "X-Loop"),
		nobody, firstWord(h.get("Precedence")) == "auto_reply":
		return contact.AutoReply
	case h.present("List-Id"), h.present("List-Post"), h.present("List-Unsubscribe"):
		return contact.List
	}
	switch firstWord(h.get("Precedence")) {
	case "bulk", "list", "junk":
		return contact.Bulk
	}
	return contact.Person
}

// isOwn reports whether address is one of the mailbox, with or without a
// plus part.
func (r *Reader) isOwn(address string) bool {
	if len(r.own) == 0 || address == "" {
		return false
	}
	if r.own[strings.ToLower(address)] {
		return true
	}
	local, domain, ok := cutAddress(address)
	if !ok {
		return false
	}
	local, _, ok = strings.Cut(local, "+")
	return ok && r.own[strings.ToLower(local+"@"+domain)]
}

// isNullPath tells the return path of bounces and automatic answers, "<>".
func isNullPath(h *header) bool {
	value := bytes.TrimSpace(h.get("Return-Path"))
	return len(value) >= 2 && value[0] == '<' && len(bytes.Trim(value, "<> \t")) == 0
}

// isDaemon tells the senders of bounces.
func isDaemon(address string) bool {
	local, _, _ := cutAddress(address)
	return isMailerDaemon(address) || strings.EqualFold(local, "postmaster")
}

// isMailerDaemon tells the one that no person has, so that it is believed where
// the mailbox does not keep the return path.
func isMailerDaemon(address string) bool {
	local, _, _ := cutAddress(address)
	return strings.EqualFold(local, "mailer-daemon")
}

// isAutoSubmitted: everything but "no" is automatic, parameters aside.
func isAutoSubmitted(value []byte) bool {
	word := firstWord(value)
	return word != "" && word != "no"
}

// isSet reports whether a field says anything but no.
func isSet(h *header, name string) bool {
	switch firstWord(h.get(name)) {
	case "", "no", "false", "0":
		return false
	}
	return true
}

// firstWord returns the lower-case first word of value, without comments.
func firstWord(value []byte) string {
	value = bytes.TrimSpace(value)
	for len(value) > 0 && value[0] == '(' {
		end := bytes.IndexByte(value, ')')
		if end < 0 {
			return ""
		}
		value = bytes.TrimSpace(value[end+1:])
	}
	if end := bytes.IndexAny(value, "; \t(,"); end >= 0 {
		value = value[:end]
	}
	return intern(value)
}
