package facebook

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// How far back posts are looked through for new comments: people answer to old
// posts too. Every look goes back a week, and one now and then a year.
const (
	recent = 7 * 24 * time.Hour
	old    = 365 * 24 * time.Hour
)

// edge is a list that is looked through.
type edge struct {
	name  string
	query url.Values
	// field is what its elements are.
	field string
	// depth is how far below the mark new things may stand within old ones. In
	// lists that move, an element comes to the top again when somebody writes.
	depth time.Duration
	moves bool
	// kept names the mark, where it is not name.
	kept string
}

const messageFields = "id,created_time,from,to,message,attachments,shares"

// edges are what an account has to look through: of a page what it is to be
// told of. WhatsApp shows nothing.
func edges(a Account) []edge {
	comments := "comments.filter(stream).order(reverse_chronological).limit(50){" + commentFields + "}"
	post := url.Values{"fields": {postFields + "," + comments}, "limit": {"50"}}
	conversations := edge{name: "conversations", field: "conversation", moves: true, query: url.Values{
		"platform": {"messenger"}, "fields": {"id,updated_time,messages.limit(50){" + messageFields + "}"}, "limit": {"25"},
	}}
	switch a.Kind {
	case kindInstagram:
		conversations.query.Set("platform", "instagram")
		return []edge{conversations, {name: "media", field: "media", depth: recent, query: url.Values{
			"fields": {"id,timestamp,comments.limit(50){" + remarkFields + ",replies.limit(50){" + remarkFields + "}}"}, "limit": {"50"},
		}}}
	case kindWhatsApp:
		return nil
	default:
		return slices.DeleteFunc([]edge{
			conversations,
			{name: "feed", field: "post", query: post, depth: recent},
			{name: "tagged", field: "post", query: post, depth: recent},
			{name: "ratings", field: "rating", query: url.Values{
				"fields": {"created_time,reviewer{id,name},rating,recommendation_type,review_text,open_graph_story{id}"}, "limit": {"50"},
			}},
		}, func(e edge) bool { return !slices.Contains(a.Fields, delivered()[e.name]) })
	}
}

// oldPages is how many pages of old posts are read before others have their turn,
// and errMore says that there are more.
const oldPages = 10

var errMore = errors.New("there is more to look through")

// oldEdges are the lists of posts once more, back to old ones. Few of those
// have new comments, so each is asked for its latest alone at first.
func oldEdges(a Account) []edge {
	var all []edge
	for _, e := range edges(a) {
		if e.depth == 0 {
			continue
		}
		e.depth, e.kept = old, "old_"+e.name
		e.query = maps.Clone(e.query)
		e.query.Set("fields", strings.Replace(e.query.Get("fields"), ".limit(50)", ".limit(3)", 1))
		all = append(all, e)
	}
	return all
}

// mark names an edge where it is kept.
func (e edge) mark() string {
	if e.kept != "" {
		return e.kept
	}
	return e.name
}

// delivered is the field by which a page is told of what stands on an edge.
func delivered() map[string]string {
	return map[string]string{"conversations": "messages", "feed": "feed", "tagged": "mention", "ratings": "ratings"}
}
