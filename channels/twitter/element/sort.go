package element

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"contactd/channels/loose"
)

// Sorted says what is to be done with an element.
type Sorted struct {
	// Taken are the originals that it makes, none when Ignored says why, in a
	// word for figures.
	Taken   []Taken
	Ignored string
	// Sent is what it says about something that we sent.
	Sent *Sent
	// Item is the post that it is a version of, to be looked up again later.
	Item *Item
}

// Taken is an original.
type Taken struct {
	ID string
	// At is when it happened on the platform, zero when unknown.
	At      time.Time
	Element Element
}

// Sent is news about something that was sent in our name.
type Sent struct {
	// ID is X's id of a post or message that we sent.
	ID string
	// Person has read everything that we sent up to the message Last, or to
	// Until when X names none.
	Person, Last string
	Until        time.Time
}

// PostID is the identity of a post: that of its first version.
func PostID(first string) string { return "x:post:" + first }

// Hash tells elements without an id apart.
func Hash(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		sum.Write([]byte(part))
		sum.Write([]byte{0})
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// Sort says what is to be done with an element.
func Sort(e Element) Sorted {
	switch e.Kind {
	case Post:
		return sortPost(e)
	case DM:
		return sortDM(e)
	case Chat:
		return sortChat(e)
	case Removed:
		return sortRemoved(e)
	case Receipt:
		return sortReceipt(e)
	case Passing:
		return Sorted{Ignored: "passing"}
	case Revoked:
		return Sorted{Ignored: "revoked"}
	case Replayed:
		return Sorted{Ignored: "replayed"}
	default:
		return parked(e)
	}
}

func parked(e Element) Sorted {
	e.Kind = Unread
	return Sorted{Taken: []Taken{{"x:parked:" + Hash(e.Field, string(e.Raw)), Millis(e.Time), e}}}
}

func sortPost(e Element) Sorted {
	if e.As != "" { // the outcome of a look-up
		return Sorted{Taken: []Taken{{PostID(e.Of) + ":" + e.As, Millis(e.Time), e}}}
	}
	item, _, err := e.readPost(false)
	switch {
	case err != nil || !Digits(item.ID) || !Digits(item.First):
		return parked(e)
	case item.Writer.ID == e.Owner && e.Owner != "":
		return Sorted{Ignored: "own", Sent: &Sent{ID: item.ID}}
	case item.Repeats:
		return Sorted{Ignored: "repeat"}
	}
	sorted := Sorted{Item: &item}
	sorted.Taken = append(sorted.Taken, Taken{PostID(item.First), item.At, e})
	if item.later() {
		// The item too: when nobody has told of its first version, this is all
		// that there is of it. Otherwise it is known and not taken again.
		version := e
		version.As = Version
		sorted.Taken = append(sorted.Taken, Taken{PostID(item.First) + ":version:" + item.ID, item.editedAt(), version})
	}
	return sorted
}

// editedAt is when this version was written: X keeps the first one's date.
func (i Item) editedAt() time.Time {
	if at := Moment(i.ID); i.later() && !at.IsZero() {
		return at
	}
	return i.At
}

// named reports whether an id is there and no longer than one of X's.
func named(id string) bool { return id != "" && len(id) <= 100 }

func sortDM(e Element) Sorted {
	d, _, err := e.readDM(false)
	switch {
	case err != nil || !named(d.ID) || d.Sender.ID == "" && d.Type == message:
		return parked(e)
	case d.Type != message && strings.Contains(strings.ToLower(d.Type), "participants"): // who come and go
		return Sorted{Ignored: "passing"}
	case d.Type != message: // nothing that X has described
		return parked(e)
	case d.Sender.ID == e.Owner && e.Owner != "":
		return Sorted{Ignored: "own", Sent: &Sent{ID: d.ID}}
	}
	return Sorted{Taken: []Taken{{dmID(d.ID), d.At, e}}}
}

// chat is an encrypted message, of which X's deliveries hold the outside.
type chat struct {
	ID           ID     `json:"id"`
	Sender       ID     `json:"sender_id"`
	Conversation string `json:"conversation_id"`
	Created      Time   `json:"created_at_msec"`
	SenderUser   struct {
		ID ID `json:"id"`
	} `json:"sender"`
}

func readChat(raw json.RawMessage) (c chat, odd bool, err error) {
	odd, err = loose.Decode(raw, &c)
	if c.Sender == "" {
		c.Sender = c.SenderUser.ID
	}
	return c, odd, err
}

func sortChat(e Element) Sorted {
	c, _, err := readChat(e.Raw)
	switch {
	case err != nil || !named(string(c.ID)):
		return parked(e)
	case string(c.Sender) == e.Owner && e.Owner != "":
		return Sorted{Ignored: "own"}
	}
	return Sorted{Taken: []Taken{{"x:chat:" + string(c.ID), c.Created.Time, e}}}
}

// removed is the news of a deletion, in the form of account activity or of the
// activity API.
type removed struct {
	ID     ID   `json:"id"`
	Author ID   `json:"author_id"`
	Millis Time `json:"timestamp_ms"`
	Status struct {
		ID     ID     `json:"id"`
		IDStr  string `json:"id_str"`
		User   ID     `json:"user_id"`
		Author string `json:"user_id_str"`
	} `json:"status"`
}

func readRemoved(raw json.RawMessage) (id, author string, at time.Time, err error) {
	var r removed
	_, err = loose.Decode(raw, &r)
	for _, each := range []string{r.Status.IDStr, string(r.Status.ID), string(r.ID)} {
		if id == "" {
			id = each
		}
	}
	for _, each := range []string{r.Status.Author, string(r.Status.User), string(r.Author)} {
		if author == "" {
			author = each
		}
	}
	return id, author, r.Millis.Time, err
}

func sortRemoved(e Element) Sorted {
	id, author, at, err := readRemoved(e.Raw)
	switch {
	case err != nil || !Digits(id):
		return parked(e)
	case author == e.Owner && e.Owner != "":
		return Sorted{Ignored: "own"}
	}
	return Sorted{Taken: []Taken{{PostID(id) + ":" + Withdrawn, at, e}}}
}

// read is the news that somebody has read our messages.
type read struct {
	Sender  ID   `json:"sender_id"`
	Created Time `json:"created_timestamp"`
	Last    ID   `json:"last_read_event_id"`
}

func sortReceipt(e Element) Sorted {
	var r read
	_, err := loose.Decode(e.Raw, &r)
	sent := Sent{Person: string(r.Sender), Until: r.Created.Time}
	if Digits(string(r.Last)) {
		sent.Last = string(r.Last)
	}
	if err != nil || sent.Person == "" || sent.Person == e.Owner || sent.Last == "" && sent.Until.IsZero() {
		return Sorted{Ignored: "passing"}
	}
	return Sorted{Ignored: "passing", Sent: &sent}
}
