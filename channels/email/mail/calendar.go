package mail

import "bytes"

// maxCalendars bounds the invitations of one mail that are shown as text, and
// maxProperties what is shown of them.
const (
	maxCalendars  = 5
	maxProperties = 40
)

// calendarPart keeps an invitation as a file and shows what it says, where the
// text does not say it already: of each event or task its heading, place and
// words, and the comment of who answers an invitation.
func (w *walk) calendarPart(p part) {
	raw := w.attachmentTee(p, min(w.limit, 256<<10))
	if w.calendars++; w.calendars > maxCalendars || w.err != nil {
		return
	}
	text := decodeText(raw, lookupCharset(p.charset), w.words.fallback)
	for property := range contentLines(text) {
		colon := bytes.IndexByte(property, ':')
		if colon < 0 {
			continue
		}
		name, _, _ := bytes.Cut(property[:colon], []byte(";"))
		switch lower(name) {
		case "summary", "location", "description", "comment":
		default:
			continue
		}
		value := bytes.TrimSpace(unescapeCalendar(property[colon+1:]))
		if len(value) == 0 {
			continue
		}
		if w.properties++; w.properties > maxProperties {
			w.marks.oversize = true
			return
		}
		if bytes.Contains(w.text, value) {
			continue
		}
		start := w.separate()
		w.text = trimFrom(appendClean(w.text, value), start)
	}
}

// contentLines gives the unfolded lines of iCalendar (RFC 5545).
func contentLines(text []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		var current []byte
		for line := range bytes.Lines(text) {
			line = bytes.TrimRight(line, "\r\n")
			if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
				current = append(current, line[1:]...)
				continue
			}
			if len(current) > 0 && !yield(current) {
				return
			}
			current = bytes.Clone(line)
		}
		if len(current) > 0 {
			yield(current)
		}
	}
}

func unescapeCalendar(value []byte) []byte {
	out := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' || i+1 == len(value) {
			out = append(out, value[i])
			continue
		}
		i++
		if value[i] == 'n' || value[i] == 'N' {
			out = append(out, '\n')
		} else {
			out = append(out, value[i])
		}
	}
	return out
}
