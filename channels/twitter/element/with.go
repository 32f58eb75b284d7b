package element

import (
	"encoding/json"

	"contactd/channels/loose"
)

// someone is a user in any form: of v2, of v1.1, or wrapped in data.
type someone struct {
	ID         ID     `json:"id"`
	IDStr      string `json:"id_str"`
	Name       string `json:"name"`
	Username   string `json:"username"`
	ScreenName string `json:"screen_name"`
	Data       *struct {
		ID       ID     `json:"id"`
		Name     string `json:"name"`
		Username string `json:"username"`
	} `json:"data"`
}

// ReadUser reads a user in any form; the zero User when it is none.
func ReadUser(raw json.RawMessage) User {
	var s someone
	if _, err := loose.Decode(raw, &s); err != nil {
		return User{}
	}
	u := User{ID: string(s.ID), Name: s.Name, Handle: s.Username + s.ScreenName}
	if u.ID == "" {
		u.ID = s.IDStr
	}
	if s.Data != nil {
		u = User{ID: string(s.Data.ID), Name: s.Data.Name, Handle: s.Data.Username}
	}
	return u
}

// user finds who has an id among what stood beside the element.
func (e Element) user(id string) (User, bool) {
	if e.With == nil || id == "" {
		return User{}, false
	}
	for _, raw := range e.With.Users {
		if u := ReadUser(raw); u.ID == id {
			return u, true
		}
	}
	return User{}, false
}

// piece is a post or a medium beside an element.
type piece struct {
	ID      ID     `json:"id"`
	Author  ID     `json:"author_id"`
	Key     string `json:"media_key"`
	Type    string `json:"type"`
	URL     string `json:"url"`
	Preview string `json:"preview_image_url"`

	Variants []film `json:"variants"`
}

func pieces(all []json.RawMessage) (read []piece) {
	for _, raw := range all {
		var p piece
		if _, err := loose.Decode(raw, &p); err == nil {
			read = append(read, p)
		}
	}
	return read
}

// complete adds what stands beside a post.
func (e Element) complete(item *Item) {
	if u, known := e.user(item.Writer.ID); known {
		item.Writer = u
	}
	if e.With == nil {
		return
	}
	for _, p := range pieces(e.With.Posts) {
		switch {
		case string(p.ID) == item.Quoted && item.QuotedUser == "":
			item.QuotedUser = string(p.Author)
		case string(p.ID) == item.InReplyTo && item.InReplyToUser == "":
			item.InReplyToUser = string(p.Author)
		}
	}
	for _, p := range pieces(e.With.Media) {
		item.Media = append(item.Media, p.media())
	}
}

// needs is what an element of v2 refers to.
type needs struct {
	Author      ID    `json:"author_id"`
	Sender      ID    `json:"sender_id"`
	Tweets      []ref `json:"referenced_tweets"`
	Posts       []ref `json:"referenced_posts"`
	Attachments struct {
		Keys []string `json:"media_keys"`
	} `json:"attachments"`
}

// Includes are the pieces that stand beside a whole page or delivery.
type Includes struct {
	users, posts, media map[string]json.RawMessage
}

// NewIncludes indexes pieces by their ids.
func NewIncludes(users, posts, media []json.RawMessage) Includes {
	in := Includes{map[string]json.RawMessage{}, map[string]json.RawMessage{}, map[string]json.RawMessage{}}
	for _, raw := range users {
		if u := ReadUser(raw); u.ID != "" {
			in.users[u.ID] = raw
		}
	}
	for _, raw := range posts {
		var p piece
		if _, err := loose.Decode(raw, &p); err == nil && p.ID != "" {
			in.posts[string(p.ID)] = raw
		}
	}
	for _, raw := range media {
		var p piece
		if _, err := loose.Decode(raw, &p); err == nil && p.Key != "" {
			in.media[p.Key] = raw
		}
	}
	return in
}

// For picks what an element of v2 refers to, nil when that is nothing.
func (in Includes) For(raw json.RawMessage) *With {
	var n needs
	if _, err := loose.Decode(raw, &n); err != nil {
		return nil
	}
	var with With
	for _, id := range []ID{n.Author, n.Sender} {
		if u, there := in.users[string(id)]; there {
			with.Users = append(with.Users, u)
		}
	}
	for _, each := range append(n.Tweets, n.Posts...) {
		if p, there := in.posts[string(each.ID)]; there {
			with.Posts = append(with.Posts, p)
		}
	}
	for _, key := range n.Attachments.Keys {
		if m, there := in.media[key]; there {
			with.Media = append(with.Media, m)
		}
	}
	if len(with.Users)+len(with.Posts)+len(with.Media) == 0 {
		return nil
	}
	return &with
}
