package mail

import (
	"bytes"
	"slices"
	"strings"

	"contactd/contact"
)

// maxID is the longest Message-ID that is kept (a line of RFC 5322).
const maxID = 998

// appendIDs appends the Message-IDs in value, normalised, in their order. Ids
// without brackets count where there are no brackets at all.
func appendIDs(list []string, value []byte) []string {
	if bytes.IndexByte(value, '<') < 0 {
		for word := range bytes.FieldsFuncSeq(value, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ';' }) {
			if bytes.IndexByte(word, '@') > 0 {
				list = appendID(list, word)
			}
		}
		return list
	}
	for {
		open := bytes.IndexByte(value, '<')
		if open < 0 {
			return list
		}
		value = value[open+1:]
		end := bytes.IndexAny(value, "<>")
		if end < 0 {
			return appendID(list, value)
		}
		list = appendID(list, value[:end])
		if value[end] == '>' {
			end++
		}
		value = value[end:]
	}
}

func appendID(list []string, raw []byte) []string {
	if id := normalID(raw); id != "" {
		return append(list, id)
	}
	return list
}

// normalID returns raw without white space and with its domain in lower case,
// as relays change both; empty when it is no id.
func normalID(raw []byte) string {
	if len(raw) == 0 || len(raw) > maxID {
		return ""
	}
	id := string(validUTF8(raw))
	if strings.IndexFunc(id, isNoID) >= 0 {
		id = strings.Map(func(r rune) rune {
			if isNoID(r) {
				return -1
			}
			return r
		}, id)
	}
	if at := strings.LastIndexByte(id, '@'); at >= 0 {
		if domain := strings.ToLower(id[at:]); domain != id[at:] {
			id = id[:at] + domain
		}
	}
	return id
}

func isNoID(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' }

// firstID returns the first id in value, or "".
func firstID(value []byte) string {
	if ids := appendIDs(nil, value[:min(len(value), maxReferenceLen)]); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// thread reads what the mail says about its conversation: ids and tokens.
func (r *Reader) thread(h *header, report Report, recipients []contact.Sender) contact.Thread {
	var t contact.Thread
	if id := firstID(h.get("Message-ID")); id != "" {
		t.IDs = []string{id}
	}
	if report.OriginalID != "" {
		t.References = append(t.References, report.OriginalID)
	}
	t.References = appendIDs(t.References, lastBytes(h.get("In-Reply-To"), maxReferenceLen))
	if references := lastBytes(h.get("References"), maxReferenceLen); len(references) > 0 {
		ids := appendIDs(nil, references)
		for i := len(ids) - 1; i >= 0; i-- {
			t.References = append(t.References, ids[i])
		}
	}
	t.References = distinct(t.References, maxReferences)
	t.Token = r.token(h, recipients, t.References)
	return t
}

// lastBytes returns the end of value, from the start of an id.
func lastBytes(value []byte, n int) []byte {
	if len(value) <= n {
		return value
	}
	value = value[len(value)-n:]
	if open := bytes.IndexByte(value, '<'); open >= 0 {
		value = value[open:]
	}
	return value
}

// distinct removes repetitions and keeps at most limit ids.
func distinct(ids []string, limit int) []string {
	kept := ids[:0]
next:
	for _, id := range ids {
		if len(kept) == limit {
			break
		}
		for _, k := range kept {
			if k == id {
				continue next
			}
		}
		kept = append(kept, id)
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// token returns the conversation of the first token of ours: in the address
// the mail was sent to, then in the ids it refers to.
func (r *Reader) token(h *header, recipients []contact.Sender, references []string) string {
	if len(r.tokens.keys) == 0 {
		return ""
	}
	delivered := r.list(h, maxAddresses, "Delivered-To", "X-Original-To", "Envelope-To")
	for _, to := range slices.Concat(recipients, delivered) {
		if conversation, ok := r.tokens.fromAddress(to.Address); ok {
			return conversation
		}
	}
	for _, id := range references {
		if conversation, ok := r.tokens.fromID(id); ok {
			return conversation
		}
	}
	return ""
}
