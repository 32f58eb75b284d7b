package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"contactd/channels/twitter/element"
)

// V2 speaks the API's version 2.
type V2 struct{ *Client }

// What is asked for of posts and direct messages.
const (
	postFields = "author_id,created_at,conversation_id,in_reply_to_user_id,referenced_tweets,edit_history_tweet_ids,note_tweet,entities,attachments,geo,lang"
	expansions = "author_id,referenced_tweets.id,attachments.media_keys"
	userFields = "name,username,protected"
	dmFields   = "id,text,event_type,sender_id,dm_conversation_id,created_at,participant_ids,attachments,entities"
	mediaField = "type,url,preview_image_url,variants"
)

// postQuery asks for posts in the older names, or in the newer.
func (c V2) postQuery(newer bool, more url.Values) url.Values {
	query := url.Values{"user.fields": {userFields}, "media.fields": {mediaField}}
	for key, values := range more {
		query[key] = values
	}
	if newer {
		query.Set("post.fields", rename(postFields))
		query.Set("expansions", rename(expansions))
		return query
	}
	query.Set("tweet.fields", postFields)
	query.Set("expansions", expansions)
	return query
}

// rename writes names as the newer dialect has them.
func rename(names string) string {
	names = strings.ReplaceAll(names, "referenced_tweets", "referenced_posts")
	names = strings.ReplaceAll(names, "edit_history_tweet_ids", "edit_history_post_ids")
	return strings.ReplaceAll(names, "note_tweet", "note_post")
}

// list asks for posts. X takes one of two dialects and says which it does not;
// the one that it takes is remembered.
func (c V2) list(ctx context.Context, path string, more url.Values, read func([]byte) (Page, error)) (Page, error) {
	newer := c.posts.Load()
	page, err := c.page(ctx, path, c.postQuery(newer, more), read)
	var e *Error
	if !errors.As(err, &e) || e.Kind != Bad {
		return page, err
	}
	refused := "tweet"
	if newer {
		refused = "post"
	}
	if !e.complainsOf(refused+".fields") && !e.complainsOf("referenced_"+refused) {
		return page, err
	}
	if page, err = c.page(ctx, path, c.postQuery(!newer, more), read); err == nil {
		c.posts.Store(!newer)
	}
	return page, err
}

func (c V2) page(ctx context.Context, path string, query url.Values, read func([]byte) (Page, error)) (Page, error) {
	name := nameOf(http.MethodGet, path)
	raw, err := c.do(ctx, call{method: http.MethodGet, name: name, path: path, query: query, reads: true})
	if err != nil {
		return Page{}, err
	}
	page, err := read(raw)
	if err != nil {
		return page, &Error{Op: name, Kind: Away, Err: err}
	}
	return page, nil
}

// Mentions lists the posts that name a user, newer than since if it is set.
func (c V2) Mentions(ctx context.Context, user, since, next string) (Page, error) {
	query := url.Values{"max_results": {"100"}}
	set(query, "since_id", since)
	set(query, "pagination_token", next)
	return c.list(ctx, "/2/users/"+url.PathEscape(user)+"/mentions", query, readPage)
}

// Posts lists what a user posted since a moment.
func (c V2) Posts(ctx context.Context, user string, since time.Time, next string) (Page, error) {
	query := url.Values{"max_results": {"100"}, "start_time": {since.UTC().Format(time.RFC3339)}}
	set(query, "pagination_token", next)
	return c.list(ctx, "/2/users/"+url.PathEscape(user)+"/tweets", query, readPage)
}

// LookUp lists posts by their ids, up to 100; those that are gone are among
// the problems.
func (c V2) LookUp(ctx context.Context, ids []string) (Page, error) {
	return c.list(ctx, "/2/tweets", url.Values{"ids": {strings.Join(ids, ",")}}, readLookUp)
}

// Messages lists the account's direct messages, of the last 30 days. X takes
// no since_id.
func (c V2) Messages(ctx context.Context, next string) (Page, error) {
	return c.messages(ctx, "/2/dm_events", next)
}

// MessagesWith lists those of one conversation, with a person or of a group.
func (c V2) MessagesWith(ctx context.Context, person, group, next string) (Page, error) {
	if group != "" {
		return c.messages(ctx, "/2/dm_conversations/"+url.PathEscape(group)+"/dm_events", next)
	}
	return c.messages(ctx, "/2/dm_conversations/with/"+url.PathEscape(person)+"/dm_events", next)
}

func (c V2) messages(ctx context.Context, path, next string) (Page, error) {
	query := url.Values{
		"max_results": {"100"}, "event_types": {"MessageCreate"}, "dm_event.fields": {dmFields},
		"expansions": {"sender_id,attachments.media_keys"}, "user.fields": {userFields}, "media.fields": {mediaField},
	}
	set(query, "pagination_token", next)
	return c.page(ctx, path, query, readPage)
}

// Answer posts a reply to a post and returns its id.
func (c V2) Answer(ctx context.Context, to, text string) (string, error) {
	return c.write(ctx, http.MethodPost, "/2/tweets", map[string]any{"text": text, "reply": map[string]string{"in_reply_to_tweet_id": to}}, "id")
}

// Message sends a direct message to a person or a group and returns its id.
func (c V2) Message(ctx context.Context, person, group, text string) (string, error) {
	path := "/2/dm_conversations/with/" + url.PathEscape(person) + "/messages"
	if group != "" {
		path = "/2/dm_conversations/" + url.PathEscape(group) + "/messages"
	}
	return c.write(ctx, http.MethodPost, path, map[string]string{"text": text}, "dm_event_id")
}

// Hide hides a reply to one of our posts, or shows it again.
func (c V2) Hide(ctx context.Context, post string, hidden bool) error {
	path := "/2/tweets/" + url.PathEscape(post) + "/hidden"
	name := nameOf(http.MethodPut, path)
	raw, err := c.do(ctx, call{method: http.MethodPut, name: name, path: path, body: map[string]bool{"hidden": hidden}})
	if err != nil {
		return err
	}
	var a struct {
		Data struct {
			Hidden *bool `json:"hidden"`
		} `json:"data"`
	}
	if json.Unmarshal(raw, &a) != nil || a.Data.Hidden == nil || *a.Data.Hidden != hidden {
		return &Error{Op: name, Kind: Away, Err: errors.New("the answer does not say that it was done")}
	}
	return nil
}

// write posts something and returns what X calls it.
func (c V2) write(ctx context.Context, method, path string, body any, field string) (string, error) {
	name := nameOf(method, path)
	raw, err := c.do(ctx, call{method: method, name: name, path: path, body: body})
	if err != nil {
		return "", err
	}
	var a struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	var id element.ID
	if json.Unmarshal(raw, &a) != nil || id.UnmarshalJSON(a.Data[field]) != nil || id == "" {
		return "", &Error{Op: name, Kind: Away, Err: errors.New("the answer does not name what was made")}
	}
	return string(id), nil
}

// Me is the user in whose name calls are made.
func (c V2) Me(ctx context.Context) (element.User, error) {
	const path = "/2/users/me"
	name := nameOf(http.MethodGet, path)
	raw, err := c.do(ctx, call{method: http.MethodGet, name: name, path: path})
	if err != nil {
		return element.User{}, err
	}
	var a struct {
		Data json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(raw, &a)
	user := element.ReadUser(a.Data)
	if user.ID == "" {
		return user, &Error{Op: name, Kind: Away, Err: errors.New("the answer names nobody")}
	}
	return user, nil
}

// CanHide reports that this version can hide replies.
func (c V2) CanHide() bool { return true }

func set(query url.Values, key, value string) {
	if value != "" {
		query.Set(key, value)
	}
}
