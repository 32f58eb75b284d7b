package mail

import (
	"bytes"
	"time"
)

// parseDate reads the date of a mail in any order and with whatever is
// missing, and returns zero when there is no day in it or its year cannot be.
func parseDate(value []byte) time.Time {
	if len(value) > 200 {
		value = value[:200]
	}
	var d dateParts
	for len(value) > 0 {
		token, rest := nextDateToken(value)
		if len(token) > 0 {
			d.take(token)
		}
		value = rest
	}
	return d.time()
}

// parseReceived returns the date at the end of a Received field.
func parseReceived(value []byte) time.Time {
	semicolon := bytes.LastIndexByte(value, ';')
	if semicolon < 0 {
		return time.Time{}
	}
	return parseDate(value[semicolon+1:])
}

// nextDateToken cuts the next word off s; comments vanish.
func nextDateToken(s []byte) (token, rest []byte) {
	switch s[0] {
	case ' ', ',', '\t':
		return nil, s[1:]
	case '(':
		end := bytes.IndexByte(s, ')')
		if end < 0 {
			return nil, nil
		}
		return nil, s[end+1:]
	}
	end := bytes.IndexAny(s, " ,\t(")
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

type dateParts struct {
	year, month, day     int
	hour, minute, second int
	offset               int // seconds east
	clock, zone          bool
}

func (d *dateParts) take(token []byte) {
	switch {
	case (token[0] == '+' || token[0] == '-') && d.clock:
		d.takeOffset(token)
	case len(token) > 10 && isDigit(token[0]) && token[4] == '-' && token[10] == 'T':
		d.takeJoined(token, '-', 4)
	case bytes.IndexByte(token, ':') > 0 || d.month > 0 && d.day > 0 && !d.clock && bytes.Count(token, []byte(".")) >= 1 && isDigit(token[0]):
		d.takeClock(token)
	case isDigit(token[0]):
		d.takeNumbers(token)
	case d.clock && d.takeZone(token):
	default:
		if m := monthOf(token); m > 0 && d.month == 0 {
			d.month = m
		}
	}
}

// takeNumbers reads a day, a year, or a date written together.
func (d *dateParts) takeNumbers(token []byte) {
	n, width, rest := leadingNumber(token)
	switch {
	case len(rest) > 1 && (rest[0] == '-' || rest[0] == '/' || rest[0] == '.'):
		d.takeJoined(token, rest[0], width)
	case width == 4 && d.year == 0:
		d.year = n
	case d.day == 0 && width <= 2:
		d.day = n
	case d.year == 0 && width <= 3: // RFC 5322: two and three digits
		d.year = fullYear(n, width)
	}
}

// takeJoined reads 2026-11-03, 3-Nov-2026, 3/11/2026 or 03.11.26.
func (d *dateParts) takeJoined(token []byte, separator byte, width int) {
	if t := bytes.IndexByte(token, 'T'); t > 0 && isDigit(token[t-1]) {
		d.takeClock(token[t+1:])
		token = token[:t]
	}
	pieces := bytes.SplitN(token, []byte{separator}, 3)
	if len(pieces) != 3 {
		return
	}
	first, last := pieces[0], pieces[2]
	if width == 4 {
		first, last = last, first
	}
	d.day, _, _ = leadingNumber(first)
	if d.month = monthOf(pieces[1]); d.month == 0 {
		d.month, _, _ = leadingNumber(pieces[1])
	}
	n, w, _ := leadingNumber(last)
	d.year = fullYear(n, w)
}

func fullYear(n, width int) int {
	switch {
	case width == 2 && n < 50:
		return n + 2000
	case width <= 3:
		return n + 1900
	}
	return n
}

func (d *dateParts) takeClock(token []byte) {
	if d.clock {
		return
	}
	var rest []byte
	d.hour, _, rest = leadingNumber(token)
	d.minute, _, rest = afterSeparator(rest)
	if len(rest) > 0 && (rest[0] == ':' || rest[0] == '.') {
		d.second, _, rest = afterSeparator(rest)
	}
	d.clock = true
	for len(rest) > 0 && (rest[0] == '.' || isDigit(rest[0])) { // fractions
		rest = rest[1:]
	}
	if len(rest) > 0 {
		if rest[0] == '+' || rest[0] == '-' {
			d.takeOffset(rest)
		} else if (rest[0]|0x20 == 'p') && len(rest) == 2 && d.hour < 12 {
			d.hour += 12
		}
	}
}

func afterSeparator(s []byte) (n, width int, rest []byte) {
	if len(s) == 0 {
		return 0, 0, nil
	}
	return leadingNumber(s[1:])
}

// takeOffset reads +0100, +01:00, +1 and the like.
func (d *dateParts) takeOffset(token []byte) {
	if d.zone {
		return
	}
	n, width, rest := leadingNumber(token[1:])
	switch {
	case len(rest) > 1 && rest[0] == ':':
		minutes, _, _ := leadingNumber(rest[1:])
		n = n*100 + minutes
	case width <= 2:
		n *= 100
	}
	if n > 1500 {
		return
	}
	d.offset = (n/100*60 + n%100) * 60
	if token[0] == '-' {
		d.offset = -d.offset
	}
	d.zone = true
}

// takeZone reads the zone names of RFC 5322 and those of British mail.
func (d *dateParts) takeZone(token []byte) bool {
	hours := 0
	switch string(bytes.ToUpper(token[:min(len(token), 4)])) {
	case "GMT", "UT", "UTC", "Z", "WET":
	case "BST", "CET", "WEST":
		hours = 1
	case "CEST", "EET":
		hours = 2
	case "EDT":
		hours = -4
	case "EST", "CDT":
		hours = -5
	case "CST", "MDT":
		hours = -6
	case "MST", "PDT":
		hours = -7
	case "PST":
		hours = -8
	case "PM":
		if d.hour < 12 {
			d.hour += 12
		}
		return true
	case "AM":
		if d.hour == 12 {
			d.hour = 0
		}
		return true
	default:
		return false
	}
	if !d.zone {
		d.offset, d.zone = hours*3600, true
	}
	return true
}

func (d *dateParts) time() time.Time {
	if d.day < 1 || d.day > 31 || d.month < 1 || d.month > 12 || d.year < 1970 || d.year > 2200 ||
		d.hour > 24 || d.minute > 59 || d.second > 60 {
		return time.Time{}
	}
	return time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second-d.offset, 0, time.UTC)
}

// monthOf reads the first three letters of an English month; 0 if none.
func monthOf(token []byte) int {
	if len(token) < 3 {
		return 0
	}
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	for i := 0; i < len(months); i += 3 {
		if equalFold(token[:3], months[i:i+3]) {
			return i/3 + 1
		}
	}
	return 0
}

// leadingNumber reads at most nine digits.
func leadingNumber(s []byte) (n, width int, rest []byte) {
	for width < len(s) && width < 9 && isDigit(s[width]) {
		n = n*10 + int(s[width]-'0')
		width++
	}
	return n, width, s[width:]
}
