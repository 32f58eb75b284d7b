package element

import (
	"encoding/json"
	"time"

	"github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // no longer developed; it knows the shapes of version 1.1

	"contactd/channels/loose"
)

// Direct is a direct message, whichever form it came in.
type Direct struct {
	ID     string
	Type   string // "message" for one; else X's word
	At     time.Time
	Sender User
	// To is the other of two people. Group is X's id of a conversation of
	// several, empty between two.
	To, Group string
	Text      string
	Links     []Link
	Media     []Media
	// Point is longitude and latitude that were shared, nil without; Place the
	// name of a place.
	Point *[2]float64
	Place string
}

const message = "message"

// dmID is the identity of a direct message.
func dmID(id string) string { return "x:dm:" + id }

// thread names the conversation, ours with one person or that of a group.
func (d Direct) thread(owner string) string {
	if d.Group != "" {
		return d.Group
	}
	return Pair(d.Sender.ID, owner)
}

// v2DM is an event of a conversation in API v2.
type v2DM struct {
	ID           ID       `json:"id"`
	Type         string   `json:"event_type"`
	Text         string   `json:"text"`
	Sender       ID       `json:"sender_id"`
	Conversation string   `json:"dm_conversation_id"`
	Created      Time     `json:"created_at"`
	Participants []ID     `json:"participant_ids"`
	Entities     entities `json:"entities"`
}

// ReadDM reads a direct message of any dialect.
func (e Element) ReadDM() (d Direct, odd bool, err error) { return e.readDM(true) }

// readDM leaves out what only the library reads unless whole is set.
func (e Element) readDM(whole bool) (d Direct, odd bool, err error) {
	if e.Dialect == V1 {
		d, odd, err = readV1DM(e.Raw, whole)
	} else {
		d, odd, err = e.readV2DM()
	}
	if err != nil {
		return d, odd, err
	}
	if u, known := e.user(d.Sender.ID); known {
		d.Sender = u
	}
	if d.At.IsZero() {
		d.At = Moment(d.ID)
	}
	if e.With != nil {
		for _, p := range pieces(e.With.Media) {
			d.Media = append(d.Media, p.media())
		}
	}
	return d, odd, nil
}

func (e Element) readV2DM() (Direct, bool, error) {
	var v v2DM
	odd, err := loose.Decode(e.Raw, &v)
	d := Direct{ID: string(v.ID), Type: v.Type, At: v.Created.Time, Sender: User{ID: string(v.Sender)}, Text: v.Text}
	if v.Type == "" || v.Type == "MessageCreate" {
		d.Type = message
	}
	var item Item
	v.Entities.into(&item)
	d.Links = item.Links
	first, second, pair := cut(v.Conversation)
	switch {
	case pair && first == string(v.Sender):
		d.To = second
	case pair:
		d.To = first
	case v.Conversation != "":
		d.Group = v.Conversation
	default:
		for _, id := range v.Participants {
			if id != v.Sender {
				d.To = string(id)
			}
		}
	}
	return d, odd, err
}

// cut takes the name of a conversation between two apart.
func cut(conversation string) (first, second string, ok bool) {
	for i, c := range conversation {
		if c == '-' || c == ':' {
			first, second = conversation[:i], conversation[i+1:]
			return first, second, Digits(first) && Digits(second)
		}
	}
	return "", "", false
}

// Pair names the conversation of two people, the same from both sides.
func Pair(a, b string) string {
	if Less(b, a) {
		a, b = b, a
	}
	return a + "-" + b
}

// v1DM is an event of v1.1: what the library's type does not hold, and what is
// left when it refuses the event.
type v1DM struct {
	ID      ID     `json:"id"`
	Type    string `json:"type"`
	Created Time   `json:"created_timestamp"`
	Message struct {
		Sender ID `json:"sender_id"`
		Target struct {
			Recipient ID `json:"recipient_id"`
		} `json:"target"`
		Data struct {
			Text string `json:"text"`
			// A shared location; its form is [recall].
			Attachment struct {
				Location struct {
					Coordinate struct {
						Coordinates struct {
							Coordinates []float64 `json:"coordinates"`
						} `json:"coordinates"`
					} `json:"shared_coordinate"`
					Place struct {
						Place struct {
							Name string `json:"full_name"`
						} `json:"place"`
					} `json:"shared_place"`
				} `json:"location"`
			} `json:"attachment"`
		} `json:"message_data"`
	} `json:"message_create"`
}

func readV1DM(raw json.RawMessage, whole bool) (Direct, bool, error) {
	var own v1DM
	odd, err := loose.Decode(raw, &own)
	if err != nil {
		return Direct{}, odd, err
	}
	d := Direct{
		ID: string(own.ID), Type: own.Type, At: own.Created.Time, Sender: User{ID: string(own.Message.Sender)},
		To: string(own.Message.Target.Recipient), Text: own.Message.Data.Text,
	}
	if own.Type == "message_create" {
		d.Type = message
	}
	location := own.Message.Data.Attachment.Location
	if point := location.Coordinate.Coordinates.Coordinates; len(point) == 2 {
		d.Point = &[2]float64{point[0], point[1]}
	}
	d.Place = location.Place.Place.Name
	if !whole {
		return d, odd, nil
	}
	var event twitter.DirectMessageEvent
	known := json.Unmarshal(raw, &event) == nil && event.Message != nil && event.Message.Target != nil && event.Message.Data != nil
	if !known {
		return d, true, nil
	}
	fromEvent(&d, event)
	return d, odd, nil
}

// fromEvent adds what only the library's type reads.
func fromEvent(d *Direct, event twitter.DirectMessageEvent) {
	var item Item
	fromEntities(&item, event.Message.Data.Entities)
	d.Links = item.Links
	// A location is read as a medium without an address.
	if attached := event.Message.Data.Attachment; attached != nil && attached.Type == "media" {
		d.Links = append(d.Links, Link{Short: attached.Media.URL, Media: true})
		d.Media = append(d.Media, mediaOf(attached.Media))
	}
}
