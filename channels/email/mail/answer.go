package mail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"contactd/contact"
)

// Answer is what an answer to a mail needs to know of it. It travels as
// contact.Answer.Address.
type Answer struct {
	// To is who gets the answer: the first address of Reply-To that is not
	// ours, or else the sender. Name is what goes with it.
	To   string `json:"to"`
	Name string `json:"name,omitempty"`
	// Subject is the mail's.
	Subject string `json:"subject,omitempty"`
	// ID is the mail's Message-ID, References those before it, oldest first;
	// all without brackets and as the mail has them, in ASCII or UTF-8.
	ID         string   `json:"id,omitempty"`
	References []string `json:"references,omitempty"`
	// Automatic is where an automatic answer goes, the return path; empty when
	// there must be none (RFC 3834).
	Automatic string `json:"automatic,omitempty"`
}

// The bounds on an Answer, in bytes. References take what is left of
// contact.AnswerLimit: about forty ids.
const (
	maxAnswerName    = 200
	maxAnswerSubject = 400
)

// Encode writes the answer in at most contact.AnswerLimit bytes. Of too many
// references the first and the last are kept: the one names the thread, the
// others its newest mails.
func (a Answer) Encode() string {
	for {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(a) // strings alone
		excess := out.Len() - 1 - contact.AnswerLimit
		if excess <= 0 || len(a.References) == 0 {
			return strings.TrimSuffix(out.String(), "\n")
		}
		a.References = shorten(a.References, excess)
	}
}

// shorten leaves out references, from the second on, that take at least excess
// bytes.
func shorten(references []string, excess int) []string {
	if len(references) == 1 {
		return nil
	}
	out := 1
	for ; out < len(references) && excess > 0; out++ {
		excess -= len(references[out]) + len(`"",`)
	}
	return append([]string{references[0]}, references[out:]...)
}

// DecodeAnswer reads what Encode wrote.
func DecodeAnswer(address string) (Answer, error) {
	var a Answer
	if err := json.Unmarshal([]byte(address), &a); err != nil {
		return Answer{}, fmt.Errorf("read answer: not the address of a mail")
	}
	if _, _, ok := cutAddress(a.To); !ok {
		return Answer{}, fmt.Errorf("read answer: no address in it")
	}
	return a, nil
}

// answer tells how the mail can be answered. Automatic mail says nothing about
// it, so that it does not replace what the person said.
func (r *Reader) answer(h *header, msg contact.Message) contact.Answer {
	if msg.Automatic != contact.Person {
		return contact.Answer{Rules: contact.ReplyRules{Reason: "automatic_mail"}}
	}
	to := r.answered(h, msg.Sender)
	if to.Address == "" || isGuess(to.Address) {
		return contact.Answer{Rules: contact.ReplyRules{Reason: "no_address"}}
	}
	a := Answer{
		To: to.Address, Name: cutString(to.Name, maxAnswerName), Subject: cutString(msg.Subject, maxAnswerSubject),
		References: ids(lastBytes(h.get("References"), maxReferenceLen)), Automatic: r.automaticAnswer(h, msg),
	}
	if own := ids(h.get("Message-ID")); len(own) > 0 {
		a.ID = own[0]
	}
	if len(a.References) == 0 { // RFC 5322, 3.6.4
		if parents := ids(h.get("In-Reply-To")); len(parents) == 1 {
			a.References = parents
		}
	}
	if first := ids(h.get("References")); len(first) > 0 && len(a.References) > 0 && first[0] != a.References[0] {
		a.References = append(first[:1:1], a.References...)
	}
	if over := len(a.References) - maxReferences; over > 0 {
		a.References = append(a.References[:1:1], a.References[1+over:]...)
	}
	return contact.Answer{Address: a.Encode(), Rules: contact.ReplyRules{Allowed: true, To: []string{to.Address}}}
}

// answered is who gets an answer.
func (r *Reader) answered(h *header, sender contact.Sender) contact.Sender {
	for _, each := range r.list(h, 5, "Reply-To") {
		if each.Address != "" && !isGuess(each.Address) && !r.isOwn(each.Address) {
			if each.Name == "" && strings.EqualFold(each.Address, sender.Address) {
				each.Name = sender.Name
			}
			return each
		}
	}
	if r.isOwn(sender.Address) {
		return contact.Sender{}
	}
	return sender
}

// ids returns the Message-IDs in value as they are written. Those that no
// header may repeat are left out.
func ids(value []byte) []string {
	var list []string
	for {
		_, rest, found := bytes.Cut(value, []byte{'<'})
		id, after, closed := bytes.Cut(rest, []byte{'>'})
		if !found || !closed {
			return list
		}
		if len(id) > 0 && len(id) <= maxID && utf8.Valid(id) && bytes.IndexFunc(id, isNoWireID) < 0 {
			list = append(list, string(id))
		}
		value = after
	}
}

func isNoWireID(r rune) bool { return isNoID(r) || unicode.IsControl(r) || unicode.IsSpace(r) }

// cutString shortens s to at most n bytes of whole characters.
func cutString(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// automaticAnswer is where an automatic answer to the mail of a person may go,
// or empty. Of the brakes of RFC 3834 these are the ones that the mail itself
// shows.
func (r *Reader) automaticAnswer(h *header, msg contact.Message) string {
	to := msg.Sender.Address
	if path := h.get("Return-Path"); path != nil {
		to = cleanAddress(r.words, path)
	}
	switch {
	case to == "" || isGuess(to) || r.isOwn(to) || isRobot(to) || isRobot(msg.Sender.Address):
		return ""
	case msg.Authenticity == contact.Suspect: // it would go to somebody else
		return ""
	case suppresses(h) || isNotice(msg.Subject) || !r.isAddressed(h, msg.Recipients):
		return ""
	}
	return to
}

// suppresses reports whether the sender wants no automatic answer: it is a
// wish, and no proof that a machine wrote (MS-OXCMAIL 2.2.3.2.14).
func suppresses(h *header) bool {
	for word := range bytes.FieldsFuncSeq(h.get("X-Auto-Response-Suppress"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' }) {
		switch lower(word) {
		case "all", "autoreply", "oof":
			return true
		}
	}
	return false
}

// isRobot tells local parts behind which nobody reads (RFC 3834, section 2,
// and what senders use beside it).
func isRobot(address string) bool {
	local, _, _ := cutAddress(strings.ToLower(address))
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' {
			return -1
		}
		return r
	}, local)
	switch plain {
	case "mailerdaemon", "postmaster", "listserv", "majordomo", "bounce", "bounces":
		return true
	}
	return strings.HasPrefix(plain, "noreply") || strings.HasPrefix(plain, "donotreply") || strings.HasPrefix(local, "owner-") ||
		strings.HasSuffix(local, "-request") || strings.HasPrefix(local, "bounce-") || strings.HasPrefix(local, "bounces+") || strings.HasPrefix(local, "bounces-")
}
