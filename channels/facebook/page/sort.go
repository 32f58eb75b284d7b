package page

import (
	"fmt"
	"strings"

	"contactd/channels/facebook/delivery"
)

// prefix begins the identity of everything on Facebook pages.
const prefix = "fb"

func key(e delivery.Element, parts ...string) string {
	return prefix + ":" + e.Entry + ":" + strings.Join(parts, ":")
}

// Key is the identity of an item, whichever way it came.
func (i Item) Key(e delivery.Element) string {
	if i.Kind == "rating" {
		return key(e, "rating", i.ID, i.Writer)
	}
	return key(e, i.Kind, i.ID)
}

// Sort says what is to be done with a change, or with an object of Graph.
func Sort(e delivery.Element) delivery.Sorted {
	parked := delivery.Sorted{ID: key(e, "parked", delivery.Hash(e.Field, string(e.Raw)))}
	if e.Kind == delivery.Object {
		item, _, _, err := readObject(e)
		switch {
		case err != nil || item.ID == "" || item.Kind == "rating" && item.Writer == "":
			return parked
		case item.Writer == e.Entry:
			return delivery.Sorted{Ignored: "own"}
		}
		return delivery.Sorted{ID: item.Key(e), At: item.At.Time, Files: item.Files}
	}
	item, _, err := read(e)
	if err != nil {
		return parked
	}
	return sort(e, item)
}

func sort(e delivery.Element, item Item) delivery.Sorted {
	s := delivery.Sorted{At: item.At.Time}
	switch {
	case item.Writer != "" && item.Writer == e.Entry && !moderation(item.Verb):
		// Of our own the id alone matters: it may be an answer that we sent.
		return delivery.Sorted{Ignored: "own", Sent: &delivery.Sent{IDs: []string{item.ID}, Thread: item.Top}}
	case item.What == "reaction" || item.What == "like":
		return delivery.Sorted{Ignored: "reaction"}
	case item.Kind == "" || item.ID == "":
		s.ID = key(e, "other", delivery.Hash(e.Field, string(e.Raw)))
		return s
	}
	switch item.Verb {
	case "add":
		return item.added(e, s)
	case "remove":
		s.ID = item.Key(e) + ":remove"
		return s
	}
	// Not keyed by the platform: hidden, shown and hidden again is legal, and
	// the time beside it is that of the delivery. The object is read again to
	// learn what is true now.
	s.ID = fmt.Sprintf("%s:%s:%d:%s", item.Key(e), verb(item.Verb), e.Time, delivery.Hash(string(e.Raw))[:8])
	if item.Kind != "rating" { // Graph shows no single one
		s.Changed = delivery.Reference{Kind: item.Kind, ID: item.ID, Post: item.Post, Told: item.told(), At: e.Time}
	}
	return s
}

// told is what a change says of its item.
func (i Item) told() string {
	switch {
	case i.Verb == "hide" || i.Verb == "unhide":
		return i.Verb
	case (i.Verb == "edited" || i.Verb == "edit") && i.Text != "":
		return digest(i.Text)
	default:
		return ""
	}
}

func digest(text string) string { return delivery.Hash(text)[:16] }

// Confirms reports whether an object of Graph says no more than a delivery told.
func Confirms(e delivery.Element, told string) bool {
	item, hidden, _, err := readObject(e)
	switch {
	case err != nil || told == "":
		return false
	case told == "hide" || told == "unhide":
		return hidden == (told == "hide")
	default:
		return told == digest(item.Text)
	}
}

// added is a new item. A mention without words is only the news of one: what
// was written must be fetched.
func (i Item) added(e delivery.Element, s delivery.Sorted) delivery.Sorted {
	if i.bare() {
		s.ID = key(e, "mention", i.ID, i.Verb)
		s.Changed = delivery.Reference{Kind: i.Kind, ID: i.ID, Post: i.Post, Mention: true, At: e.Time}
		return s
	}
	s.ID, s.Files = i.Key(e), i.Files
	return s
}

// bare reports whether it is a mention of which nothing else is told.
func (i Item) bare() bool {
	return i.Field == "mention" && i.Text == "" && i.Shared == "" && len(i.Files) == 0
}

// moderation reports whether a verb is the page's act on what somebody wrote.
func moderation(verb string) bool {
	switch verb {
	case "hide", "unhide", "block", "unblock", "mute", "unmute":
		return true
	default:
		return false
	}
}

func verb(text string) string {
	switch {
	case text == "":
		return "changed"
	case len(text) > 20 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_") != "":
		return "other"
	default:
		return text
	}
}
