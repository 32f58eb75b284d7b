// Package page reads what happens on a Facebook page in public: comments,
// visitors' posts, mentions and reviews, as elements of a delivery and as
// objects that were read from Graph. Both become one Item, so that what comes
// by several ways has one identity.
package page

import (
	"contactd/channels/facebook/delivery"
	"contactd/channels/loose"
)

// value is the value of a change of the fields feed, mention and ratings.
type value struct {
	Item   string `json:"item"`
	Verb   string `json:"verb"`
	Action string `json:"action"` // an old name of verb

	CommentID delivery.ID `json:"comment_id"`
	PostID    delivery.ID `json:"post_id"`
	ParentID  delivery.ID `json:"parent_id"`
	StoryID   delivery.ID `json:"open_graph_story_id"`

	From       person      `json:"from"`
	SenderID   delivery.ID `json:"sender_id"`
	SenderName string      `json:"sender_name"`
	Reviewer   delivery.ID `json:"reviewer_id"`
	ReviewName string      `json:"reviewer_name"`

	Message string          `json:"message"`
	Review  string          `json:"review_text"`
	Rating  delivery.Number `json:"rating"`
	Advice  string          `json:"recommendation_type"`
	Created delivery.Time   `json:"created_time"`
	Link    string          `json:"link"`
	Photo   string          `json:"photo"`
	Photos  []string        `json:"photos"`
	Video   string          `json:"video"`
	Post    struct {
		ID        delivery.ID `json:"id"`
		Permalink string      `json:"permalink_url"`
	} `json:"post"`
	Published *delivery.Truth `json:"published"`
}

type person struct {
	ID   delivery.ID `json:"id"`
	Name string      `json:"name"`
}

// Item is a comment, post or review, whichever way it was told.
type Item struct {
	// Kind is "comment", "post" or "rating"; ID the platform's id of it, and
	// Writer together with it of a rating.
	Kind, ID string
	// Post is where a comment stands, Top the comment under the post that its
	// thread begins with.
	Post, Top string
	// Verb is what happened; Field and What name what was told, for the log.
	Verb, Field, What  string
	Writer, WriterName string
	Text               string
	// Shared is an address that was shared without a word.
	Shared string
	At     delivery.Time
	Link   string
	Files  []delivery.File
	Advice string
	Stars  int64
}

// read reads a change.
func read(e delivery.Element) (item Item, odd bool, err error) {
	var v value
	odd, err = loose.Decode(e.Raw, &v)
	if err != nil {
		return item, odd, err
	}
	item = Item{
		Field: e.Field, What: v.Item, Verb: v.Verb, Writer: string(v.From.ID), WriterName: v.From.Name,
		Text: v.Message, At: v.Created, Link: v.Post.Permalink,
	}
	if item.Verb == "" {
		item.Verb = v.Action
	}
	if item.Writer == "" {
		item.Writer, item.WriterName = string(v.SenderID), v.SenderName
	}
	if item.At.IsZero() {
		item.At.Time = delivery.Moment(e.Time)
	}
	item.place(v)
	item.files(v)
	return item, odd, nil
}

// place finds out what the change is about.
func (i *Item) place(v value) {
	post := string(v.PostID)
	if post == "" {
		post = string(v.StoryID)
	}
	switch {
	case v.Item == "comment" || v.CommentID != "" && v.Item != "post":
		i.Kind, i.ID, i.Post, i.Top = "comment", string(v.CommentID), post, string(v.CommentID)
		if parent := string(v.ParentID); parent != "" && parent != post {
			i.Top = parent
		}
	case v.Item == "rating":
		i.Kind, i.ID = "rating", string(v.StoryID)
		i.Text, i.Advice, i.Stars = v.Review, v.Advice, int64(v.Rating)
		if v.Reviewer != "" {
			i.Writer, i.WriterName = string(v.Reviewer), v.ReviewName
		}
	case post != "": // never photo_id or video_id: those name the file
		i.Kind, i.ID, i.Post = "post", post, post
	}
}

func (i *Item) files(v value) {
	if v.Photo != "" {
		i.Files = append(i.Files, delivery.File{URL: v.Photo, Type: "image"})
	}
	for _, each := range v.Photos {
		i.Files = append(i.Files, delivery.File{URL: each, Type: "image"})
	}
	if v.Video != "" {
		i.Files = append(i.Files, delivery.File{URL: v.Video, Type: "video"})
	}
	if i.Kind == "post" && len(i.Files) == 0 && (i.What == "photo" || i.What == "video") && v.Link != "" {
		i.Files = append(i.Files, delivery.File{URL: v.Link, Type: i.What})
	} else {
		i.share(v.Link)
	}
}

// share adds something that was shared to the words, if there are any.
func (i *Item) share(link string) {
	if i.Text == "" {
		i.Shared = link
	} else {
		i.Text = join(i.Text, link)
	}
}

// object is a comment, post or review as Graph shows it.
type object struct {
	ID        delivery.ID    `json:"id"`
	Message   string         `json:"message"`
	Story     string         `json:"story"`
	From      person         `json:"from"`
	Created   delivery.Time  `json:"created_time"`
	Permalink string         `json:"permalink_url"`
	Hidden    delivery.Truth `json:"is_hidden"`
	Parent    struct {
		ID delivery.ID `json:"id"`
	} `json:"parent"`
	Attachment struct {
		Media struct {
			Image struct {
				Src string `json:"src"`
			} `json:"image"`
			Source string `json:"source"`
		} `json:"media"`
		Title string `json:"title"`
		URL   string `json:"url"`
		Type  string `json:"type"`
	} `json:"attachment"`
	Picture string `json:"full_picture"`

	Reviewer person          `json:"reviewer"`
	Review   string          `json:"review_text"`
	Rating   delivery.Number `json:"rating"`
	Advice   string          `json:"recommendation_type"`
	OGStory  struct {
		ID delivery.ID `json:"id"`
	} `json:"open_graph_story"`
}

// readObject reads what Graph shows. Element.Field says what it is.
func readObject(e delivery.Element) (item Item, hidden, odd bool, err error) {
	var o object
	odd, err = loose.Decode(e.Raw, &o)
	if err != nil {
		return item, false, odd, err
	}
	item = Item{
		Kind: e.Field, ID: string(o.ID), Post: e.Under, Verb: "add", Field: "graph", What: e.Field,
		Writer: string(o.From.ID), WriterName: o.From.Name, Text: o.Message, At: o.Created, Link: o.Permalink,
	}
	switch e.Field {
	case "comment":
		item.Top = string(o.ID)
		if o.Parent.ID != "" {
			item.Top = string(o.Parent.ID)
		}
	case "post":
		item.Post = string(o.ID)
		if item.Text == "" {
			item.Text = o.Story
		}
	case "rating":
		item.ID, item.Writer, item.WriterName = string(o.OGStory.ID), string(o.Reviewer.ID), o.Reviewer.Name
		item.Text, item.Advice, item.Stars = o.Review, o.Advice, int64(o.Rating)
	}
	for _, file := range []delivery.File{{URL: o.Attachment.Media.Source, Type: "video"}, {URL: o.Attachment.Media.Image.Src, Type: "image"}, {URL: o.Picture, Type: "image"}} {
		if file.URL != "" {
			item.Files = append(item.Files, file)
			break
		}
	}
	if a := o.Attachment; len(item.Files) == 0 && a.URL != "" {
		item.Text = join(item.Text, a.Title)
		item.share(a.URL)
	}
	return item, bool(o.Hidden), odd, nil
}

func join(parts ...string) string {
	text := ""
	for _, part := range parts {
		switch {
		case part == "":
		case text == "":
			text = part
		default:
			text += "\n" + part
		}
	}
	return text
}
