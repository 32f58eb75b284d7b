package element

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"contactd/channels/loose"
)

// ID is an identity that X writes as a string or a number.
type ID = loose.ID

// IDOf is the identity of something in either form, empty when it has none: of
// version 1.1 the text, since the number may be rounded by who read it.
func IDOf(raw json.RawMessage) string {
	var of struct {
		IDStr string `json:"id_str"`
		ID    ID     `json:"id"`
	}
	_, _ = loose.Decode(raw, &of)
	return cmp.Or(of.IDStr, string(of.ID))
}

// Digits reports whether an identity is a plain number, as X's are, and not a
// piece of a path.
func Digits(id string) bool {
	return id != "" && len(id) <= 24 && strings.Trim(id, "0123456789") == ""
}

// Time is a moment in any of X's forms: RFC 3339, the form of v1.1, or
// milliseconds. What cannot be read is unknown.
type Time struct{ time.Time }

// UnmarshalJSON reads all forms.
func (t *Time) UnmarshalJSON(raw []byte) error {
	text := string(bytes.Trim(raw, `"`))
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		t.Time = Millis(ms)
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.RubyDate} {
		if at, err := time.Parse(layout, text); err == nil {
			t.Time = at.UTC()
			return nil
		}
	}
	return nil
}

// Millis reads milliseconds since 1970; what is not positive is unknown.
func Millis(ms int64) time.Time {
	if ms <= 0 || ms > 1<<52 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// epoch is where the time in X's ids begins, in milliseconds since 1970; ids
// below the first are older than their form (November 2010).
const (
	epoch   = 1288834974657
	firstID = 29700859247
)

// Moment is when an id was given, zero when it does not say.
func Moment(id string) time.Time {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= firstID {
		return time.Time{}
	}
	return Millis(n>>22 + epoch)
}

// FirstOf is the smallest id that can be given at a moment.
func FirstOf(at time.Time) string {
	ms := at.UnixMilli() - epoch
	if ms <= 0 {
		return "1"
	}
	return strconv.FormatInt(ms<<22, 10)
}

// Less reports whether an id was given before another.
func Less(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
