package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graph"
	"contactd/channels/facebook/page"
	"contactd/channels/loose"
)

// paths says how objects are read. The fields are those that package page and
// instagram read.
const (
	commentFields = "id,message,from,created_time,parent{id},permalink_url,attachment,is_hidden"
	postFields    = "id,message,story,from,created_time,permalink_url,full_picture"
	remarkFields  = "id,text,timestamp,username,from,parent_id,media{id}"
	mediaFields   = "id,caption,timestamp,username,permalink"
)

// readAgain asks Graph for what an object is now, and makes it the object's
// item, in case nobody has told of it, and the news that it was changed.
func (ch *Channel) readAgain(ctx context.Context, a *account, r delivery.Reference) ([]channels.Original, error) {
	path, query := r.ID, url.Values{}
	e := delivery.Element{Object: objectOf(a), Entry: a.ID, Via: delivery.Poll, Kind: delivery.Object, Field: r.Kind, Under: r.Post}
	switch r.Kind {
	case "comment":
		query.Set("fields", commentFields)
	case "post":
		query.Set("fields", postFields)
	case "ig_comment":
		// A mention on somebody else's media is read by way of our account.
		e.Field, path = "comment", a.ID
		query.Set("fields", "mentioned_comment.comment_id("+r.ID+"){"+remarkFields+"}")
	case "ig_media":
		e.Field, path = "media", a.ID
		query.Set("fields", "mentioned_media.media_id("+r.ID+"){"+mediaFields+"}")
	}
	var raw json.RawMessage
	err := a.graph.Get(ctx, path, query, &raw)
	switch {
	case err == nil:
	case graph.Is(err, graph.Gone, graph.Permission) && r.Mention:
		// Nothing more can be known of it; that it exists must reach a person.
		return []channels.Original{ch.unread(a, r)}, nil
	case graph.Is(err, graph.Gone):
		return nil, nil // what was delivered stands
	default:
		return nil, err
	}
	if raw = within(raw, r.Kind); len(raw) == 0 {
		return []channels.Original{ch.unread(a, r)}, nil
	}
	var named struct {
		ID delivery.ID `json:"id"`
	}
	if _, err := loose.Decode(raw, &named); err != nil || named.ID == "" {
		return nil, errors.New("read again: the answer does not hold what was asked for")
	}
	e.Raw = raw
	originals := []channels.Original{}
	sorted := sortElement(e)
	if sorted.ID == "" {
		return nil, nil // our own
	}
	originals = append(originals, original(a.Name, sorted.ID, sorted.At, e))
	if !r.Mention && !(e.Object == objectPage && page.Confirms(e, r.Told)) {
		e.Via, e.Time = delivery.Reread, r.At
		id := fmt.Sprintf("%s:as-of:%d:%s", sorted.ID, r.At, delivery.Hash(string(raw))[:12])
		originals = append(originals, original(a.Name, id, delivery.Moment(r.At), e))
	}
	return originals, nil
}

// unread is the item of a mention that nobody lets us read.
func (ch *Channel) unread(a *account, r delivery.Reference) channels.Original {
	bare := map[string]any{"id": r.ID, "created_time": r.At}
	kind := r.Kind
	if kind == "ig_comment" || kind == "ig_media" {
		kind = kind[len("ig_"):]
		bare = map[string]any{"id": r.ID, "timestamp": r.At}
	}
	raw, _ := json.Marshal(bare) // ids and numbers alone
	e := delivery.Element{Object: objectOf(a), Entry: a.ID, Time: r.At, Via: delivery.Webhook, Kind: delivery.Object, Field: kind, Under: r.Post, Raw: raw}
	return original(a.Name, sortElement(e).ID, delivery.Moment(r.At), e)
}

// within takes what was asked for out of an answer that holds it.
func within(raw json.RawMessage, kind string) json.RawMessage {
	var of struct {
		Comment json.RawMessage `json:"mentioned_comment"`
		Media   json.RawMessage `json:"mentioned_media"`
	}
	switch kind {
	case "ig_comment":
		_ = json.Unmarshal(raw, &of)
		return of.Comment
	case "ig_media":
		_ = json.Unmarshal(raw, &of)
		return of.Media
	default:
		return raw
	}
}

func original(account, id string, at time.Time, e delivery.Element) channels.Original {
	return channels.Original{Channel: Kind, Account: account, ID: id, MediaType: delivery.MediaType, ReceivedAt: at, Bytes: e.Original()}
}

func objectOf(a *account) string {
	switch a.Kind {
	case kindInstagram:
		return objectInstagram
	case kindWhatsApp:
		return objectWhatsApp
	default:
		return objectPage
	}
}
