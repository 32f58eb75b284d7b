package pipeline

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"contactd/contact"
)

// Limits of what an event carries by value; the original, by reference, holds
// everything. A record stays under 256 kB (design, section 6), with room for
// headers.
const (
	recordLimit     = 240 << 10 // bytes of JSON
	summaryLimit    = 2000      // characters
	subjectLimit    = 1000      // characters
	textLimit       = 64 << 10  // bytes
	nameLimit       = 150       // characters, of one name or address
	quoteLimit      = 100       // characters, of one span
	partiesLimit    = 30
	attachmentLimit = 40
	fieldLimit      = 100
	valueLimit      = 1000 // bytes, of one field or location; textLimit/64 at most
	locationLimit   = 20
	reasonLimit     = 30
	spanLimit       = 5  // of one reason
	addressLimit    = 10 // of one kind, of one party
)

// fit writes data into the event, shortened until the record is under its
// limit. Whatever was cut is told by the flag "truncated".
func (s sealer) fit(event contact.Event, data contact.Received) (contact.Event, error) {
	return fitTo(event, data, recordLimit)
}

// fitTo is fit with a limit in bytes of JSON.
func fitTo(event contact.Event, data contact.Received, most int) (contact.Event, error) {
	shortened := shorten(&data)
	for limit := textLimit; ; limit /= 2 {
		shortened = cutTo(&data.Content.Text, limit) || shortened
		shortened = cutTo(&data.Content.NewText, limit) || shortened
		shortened = cutStated(&data, limit/64) || shortened
		shortened = cutNotes(&data.Classification.Notes, limit/256) || shortened
		if shortened && !slices.Contains(data.Flags, contact.Truncated) {
			data.Flags = append(data.Flags[:len(data.Flags):len(data.Flags)], contact.Truncated)
		}
		raw, err := json.Marshal(data)
		if err != nil {
			return event, fmt.Errorf("write event %s: %w", event.ID, err)
		}
		if len(raw) <= most || limit == 0 {
			event.Data = raw
			return event, nil
		}
	}
}

// shorten bounds every list and name of the data, and says whether it had to.
func shorten(data *contact.Received) bool {
	short := first(&data.Parties, partiesLimit)
	short = first(&data.Content.Attachments, attachmentLimit) || short
	short = first(&data.Classification.Reasons, reasonLimit) || short
	short = shortenStated(data) || short
	short = shortenNotes(&data.Classification.Notes) || short
	// Opinions repeat the reasons; the event carries each reason once.
	opinions := make([]contact.Opinion, len(data.Classification.Opinions))
	for i, opinion := range data.Classification.Opinions {
		opinion.Reasons = nil
		opinions[i] = opinion
	}
	data.Classification.Opinions = opinions
	reasons := make([]contact.Reason, len(data.Classification.Reasons))
	for i, reason := range data.Classification.Reasons {
		reason.Spans = append([]contact.Span(nil), reason.Spans...)
		short = first(&reason.Spans, spanLimit) || short
		for j := range reason.Spans {
			short = cutAll(quoteLimit, &reason.Spans[j].Quote) || short
		}
		reasons[i] = reason
	}
	data.Classification.Reasons = reasons
	for i := range data.Parties {
		p := &data.Parties[i]
		short = cutAll(nameLimit, &p.Name) || short
		short = cutList(&p.Emails) || short
		short = cutList(&p.Phones) || short
	}
	for i := range data.Content.Attachments {
		a := &data.Content.Attachments[i]
		short = cutAll(nameLimit, &a.Name, &a.Claimed) || short
	}
	return cutAll(subjectLimit, &data.Content.Subject) || short
}

// shortenStated bounds what people state in forms and about places, and to
// whom an answer would go. It changes copies: the lists are the message's.
func shortenStated(data *contact.Received) bool {
	short := first(&data.Content.Fields, fieldLimit)
	data.Content.Fields = slices.Clone(data.Content.Fields)
	for i := range data.Content.Fields {
		f := &data.Content.Fields[i]
		short = cutAll(nameLimit, &f.Name, &f.Label) || short
		short = cutTo(&f.Value, valueLimit) || short
	}
	short = first(&data.Locations, locationLimit) || short
	data.Locations = slices.Clone(data.Locations)
	for i := range data.Locations {
		short = cutTo(&data.Locations[i].Value, valueLimit) || short
	}
	if data.Reply != nil {
		short = first(&data.Reply.To, partiesLimit) || short
	}
	return short
}

// cutStated cuts every stated value to limit bytes.
func cutStated(data *contact.Received, limit int) bool {
	short := false
	for i := range data.Content.Fields {
		short = cutTo(&data.Content.Fields[i].Value, limit) || short
	}
	for i := range data.Locations {
		short = cutTo(&data.Locations[i].Value, limit) || short
	}
	return short
}

// cutList bounds a party's addresses of one kind; it changes a copy.
func cutList(list *[]string) bool {
	short := first(list, addressLimit)
	*list = slices.Clone(*list)
	for i := range *list {
		short = cutAll(nameLimit, &(*list)[i]) || short
	}
	return short
}

// first keeps the first limit elements of a list.
func first[T any](list *[]T, limit int) bool {
	if len(*list) <= limit {
		return false
	}
	*list = (*list)[:limit:limit]
	return true
}

// cutAll cuts each text to limit characters.
func cutAll(limit int, texts ...*string) bool {
	short := false
	for _, text := range texts {
		if after := cut(*text, limit); len(after) < len(*text) {
			*text, short = after, true
		}
	}
	return short
}

// cut keeps the first limit characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	count := 0
	for i := range text {
		if count == limit {
			return text[:i]
		}
		count++
	}
	return text
}

// cutTo keeps at most limit bytes, whole characters only.
func cutTo(text *string, limit int) bool {
	if len(*text) <= limit {
		return false
	}
	end := limit
	for end > 0 && !utf8.RuneStart((*text)[end]) {
		end--
	}
	*text = (*text)[:end]
	return true
}
