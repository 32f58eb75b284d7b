package element

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // no longer developed; it knows the shapes of version 1.1

	"contactd/channels/loose"
)

// Item is a post, whichever form it came in.
type Item struct {
	// ID is this version's, First that of the first version, Last that of the
	// latest that it knows of.
	ID, First, Last string
	// Conversation is the first post of the thread, empty when not told.
	Conversation string
	At           time.Time
	Writer       User
	// Text is as X sent it; Links replace its short addresses.
	Text  string
	Links []Link
	// InReplyTo is the post that is answered, InReplyToUser its author.
	InReplyTo, InReplyToUser string
	// Quoted is the post that is quoted, QuotedUser its author.
	Quoted, QuotedUser string
	// Mentions are the ids of the users that the text names.
	Mentions []string
	// Repeats is set when it only repeats somebody's post (retweet).
	Repeats  bool
	Language string
	// Point is longitude and latitude, nil without.
	Point *[2]float64
	Media []Media
	Place string
}

// User is somebody on X.
type User struct{ ID, Name, Handle string }

// Link is an address in a text: X writes the short one.
type Link struct {
	Short    string
	Expanded string
	// Media is set when it stands for a picture or film of the post itself.
	Media bool
}

// later reports whether it is a later version of a post.
func (i Item) later() bool { return i.First != "" && i.First != i.ID }

// ReadPost reads a post of any dialect. odd is set when part of it had an
// unknown form.
func (e Element) ReadPost() (item Item, odd bool, err error) { return e.readPost(true) }

// readPost leaves out what only the library reads unless whole is set:
// identities do not need it, and a delivery is answered the sooner.
func (e Element) readPost(whole bool) (item Item, odd bool, err error) {
	if e.Dialect == V1 {
		item, odd, err = readV1(e.Raw, whole)
	} else {
		item, odd, err = readV2(e.Raw)
	}
	if err != nil {
		return item, odd, err
	}
	e.complete(&item)
	if item.At.IsZero() {
		item.At = Moment(item.ID)
	}
	if item.First == "" {
		item.First = item.ID
	}
	if item.Last == "" || Less(item.Last, item.ID) {
		item.Last = item.ID
	}
	if item.Conversation == "" {
		item.Conversation = e.Root
	}
	if item.Conversation == "" && item.InReplyTo == "" {
		item.Conversation = item.First
	}
	return item, odd, nil
}

// v2Post is a post of API v2, in both dialects.
type v2Post struct {
	ID            ID       `json:"id"`
	Text          string   `json:"text"`
	Author        ID       `json:"author_id"`
	Created       Time     `json:"created_at"`
	Conversation  ID       `json:"conversation_id"`
	InReplyToUser ID       `json:"in_reply_to_user_id"`
	Tweets        []ref    `json:"referenced_tweets"`
	Posts         []ref    `json:"referenced_posts"`
	TweetHistory  []ID     `json:"edit_history_tweet_ids"`
	PostHistory   []ID     `json:"edit_history_post_ids"`
	NoteTweet     note     `json:"note_tweet"`
	NotePost      note     `json:"note_post"`
	Entities      entities `json:"entities"`
	Language      string   `json:"lang"`
	Geo           struct {
		Coordinates struct {
			Coordinates []float64 `json:"coordinates"` // longitude, latitude
		} `json:"coordinates"`
	} `json:"geo"`
	Attachments struct {
		Keys []string `json:"media_keys"`
	} `json:"attachments"`
}

type ref struct {
	Type string `json:"type"`
	ID   ID     `json:"id"`
}

// note holds the whole of a long post.
type note struct {
	Text     string   `json:"text"`
	Entities entities `json:"entities"`
}

type entities struct {
	Mentions []struct {
		ID ID `json:"id"`
	} `json:"mentions"`
	URLs []struct {
		URL      string `json:"url"`
		Expanded string `json:"expanded_url"`
		MediaKey string `json:"media_key"`
	} `json:"urls"`
}

func readV2(raw json.RawMessage) (Item, bool, error) {
	var p v2Post
	odd, err := loose.Decode(raw, &p)
	item := Item{
		ID: string(p.ID), Conversation: string(p.Conversation), At: p.Created.Time, Writer: User{ID: string(p.Author)},
		Text: p.Text, InReplyToUser: string(p.InReplyToUser), Language: p.Language,
	}
	for _, history := range [][]ID{p.TweetHistory, p.PostHistory} {
		if len(history) > 0 {
			item.First, item.Last = string(history[0]), string(history[len(history)-1])
		}
	}
	for _, each := range append(p.Tweets, p.Posts...) {
		switch each.Type {
		case "replied_to":
			item.InReplyTo = string(each.ID)
		case "quoted":
			item.Quoted = string(each.ID)
		case "retweeted", "reposted":
			item.Repeats = true
		}
	}
	all := []entities{p.Entities}
	for _, each := range []note{p.NoteTweet, p.NotePost} {
		if each.Text != "" {
			item.Text = each.Text
			all = append(all, each.Entities)
		}
	}
	for _, each := range all {
		each.into(&item)
	}
	if point := p.Geo.Coordinates.Coordinates; len(point) == 2 {
		item.Point = &[2]float64{point[0], point[1]}
	}
	return item, odd, err
}

func (e entities) into(item *Item) {
	for _, each := range e.Mentions {
		if id := string(each.ID); id != "" && !slices.Contains(item.Mentions, id) {
			item.Mentions = append(item.Mentions, id)
		}
	}
	for _, each := range e.URLs {
		item.Links = append(item.Links, Link{Short: each.URL, Expanded: each.Expanded, Media: each.MediaKey != ""})
	}
}

// v1More is what go-twitter's Tweet does not hold, or reads in one form only:
// a wrong form of some small field makes it refuse the whole post.
type v1More struct {
	ID            ID     `json:"id"`
	IDStr         string `json:"id_str"`
	Text          string `json:"text"`
	FullText      string `json:"full_text"`
	Created       Time   `json:"created_at"`
	Millis        Time   `json:"timestamp_ms"`
	InReplyTo     string `json:"in_reply_to_status_id_str"`
	InReplyToUser string `json:"in_reply_to_user_id_str"`
	Quoted        ID     `json:"quoted_status_id_str"`
	User          v1User `json:"user"`
	Language      string `json:"lang"`
	Extended      struct {
		FullText string `json:"full_text"`
	} `json:"extended_tweet"`
	QuotedPost struct {
		User v1User `json:"user"`
	} `json:"quoted_status"`
	Repeated *json.RawMessage `json:"retweeted_status"`
	Entities struct {
		Mentions []struct {
			IDStr string `json:"id_str"`
		} `json:"user_mentions"`
	} `json:"entities"`
	History struct {
		First ID   `json:"initial_tweet_id"`
		All   []ID `json:"edit_tweet_ids"`
	} `json:"edit_history"`
}

type v1User struct {
	IDStr      string `json:"id_str"`
	ID         ID     `json:"id"`
	Name       string `json:"name"`
	ScreenName string `json:"screen_name"`
}

func (u v1User) user() User {
	id := u.IDStr
	if id == "" {
		id = string(u.ID)
	}
	return User{ID: id, Name: u.Name, Handle: u.ScreenName}
}

func readV1(raw json.RawMessage, whole bool) (Item, bool, error) {
	var more v1More
	odd, err := loose.Decode(raw, &more)
	if err != nil {
		return Item{}, odd, err
	}
	item := Item{
		ID: more.IDStr, At: more.Created.Time, Writer: more.User.user(), Text: more.Text, Language: more.Language,
		InReplyTo: more.InReplyTo, InReplyToUser: more.InReplyToUser, Quoted: string(more.Quoted), QuotedUser: more.QuotedPost.User.user().ID,
		Repeats: more.Repeated != nil && string(*more.Repeated) != "null", First: string(more.History.First),
	}
	if item.ID == "" {
		item.ID = string(more.ID)
	}
	if item.At.IsZero() {
		item.At = more.Millis.Time
	}
	if n := len(more.History.All); n > 0 {
		item.Last = string(more.History.All[n-1])
	}
	for _, text := range []string{more.FullText, more.Extended.FullText} {
		if text != "" {
			item.Text = text
		}
	}
	for _, each := range more.Entities.Mentions {
		item.Mentions = append(item.Mentions, each.IDStr)
	}
	if !whole {
		return item, odd, nil
	}
	var tweet twitter.Tweet
	if known := json.Unmarshal(raw, &tweet) == nil; !known {
		return item, true, nil // what is above is what matters
	}
	fromTweet(&item, tweet)
	return item, odd, nil
}

// fromTweet adds what only the library's type reads.
func fromTweet(item *Item, tweet twitter.Tweet) {
	all, extended := []*twitter.Entities{tweet.Entities}, []*twitter.ExtendedEntity{tweet.ExtendedEntities}
	if tweet.ExtendedTweet != nil {
		all, extended = append(all, tweet.ExtendedTweet.Entities), append(extended, tweet.ExtendedTweet.ExtendedEntities)
	}
	for _, each := range all {
		fromEntities(item, each)
	}
	for _, each := range extended {
		if each == nil || len(each.Media) == 0 {
			continue
		}
		item.Media = nil // the whole list; the plain entities hold the first alone
		for _, media := range each.Media {
			item.Media = append(item.Media, mediaOf(media))
		}
	}
	if tweet.Coordinates != nil {
		item.Point = &tweet.Coordinates.Coordinates
	}
	if tweet.Place != nil {
		item.Place = tweet.Place.FullName
	}
}

func fromEntities(item *Item, each *twitter.Entities) {
	if each == nil {
		return
	}
	for _, mention := range each.UserMentions {
		if mention.IDStr != "" && !slices.Contains(item.Mentions, mention.IDStr) {
			item.Mentions = append(item.Mentions, mention.IDStr)
		}
	}
	for _, link := range each.Urls {
		item.Links = append(item.Links, Link{Short: link.URL, Expanded: link.ExpandedURL})
	}
	for _, media := range each.Media {
		item.Links = append(item.Links, Link{Short: media.URL, Media: true})
		item.Media = append(item.Media, mediaOf(media))
	}
}
