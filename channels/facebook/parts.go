package facebook

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"contactd/channels/facebook/address"
	"contactd/contact"
)

// part is one message that a reply is sent as.
type part struct {
	number, of int
	text       string
	attachment *contact.Attachment
}

// partsOf cuts a reply into what the platform takes: a long text into numbered
// parts, every file a part of its own.
func partsOf(reply contact.Reply, kind string) []part {
	limit, size := address.CommentText, utf8.RuneCountInString
	switch kind {
	case address.Messenger:
		limit = address.MessengerText
	case address.Instagram:
		limit, size = address.InstagramText, func(text string) int { return len(text) }
	case address.WhatsApp:
		limit = address.WhatsAppText
	}
	var parts []part
	texts := split(strings.TrimSpace(reply.Text), limit, size)
	for i, text := range texts {
		if len(texts) > 1 {
			text = fmt.Sprintf("(%d/%d) %s", i+1, len(texts), text)
		}
		parts = append(parts, part{text: text})
	}
	for i := range reply.Attachments {
		parts = append(parts, part{attachment: &reply.Attachments[i]})
	}
	for i := range parts {
		parts[i].number, parts[i].of = i+1, len(parts)
	}
	return parts
}

// split cuts text into pieces of at most limit, at the end of a sentence if
// one lies in the second half, else between words, else anywhere.
func split(text string, limit int, size func(string) int) []string {
	if text == "" {
		return nil
	}
	var pieces []string
	for size(text) > limit {
		cut := prefix(text, limit, size)
		at := lastOf(text[:cut], cut/2, ". ", "! ", "? ", "\n")
		if at <= 0 {
			at = lastOf(text[:cut], cut/2, " ")
		}
		if at <= 0 {
			at = cut
		}
		pieces = append(pieces, strings.TrimSpace(text[:at]))
		text = strings.TrimSpace(text[at:])
	}
	if text != "" {
		pieces = append(pieces, text)
	}
	return pieces
}

// prefix is the length in bytes of the longest start of text within limit.
func prefix(text string, limit int, size func(string) int) int {
	end, used := 0, 0
	for i, r := range text {
		next := i + utf8.RuneLen(r)
		if used += size(text[i:next]); used > limit {
			break
		}
		end = next
	}
	return end
}

// lastOf is where the last of some endings ends, behind least; 0 for nowhere.
func lastOf(text string, least int, endings ...string) int {
	best := 0
	for _, ending := range endings {
		if at := strings.LastIndex(text, ending); at >= least {
			best = max(best, at+len(ending))
		}
	}
	return best
}
