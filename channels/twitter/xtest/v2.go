package xtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

func (s *Server) answerV2(q request) answer {
	n := len(q.parts)
	switch {
	case q.path == "/2/users/me":
		u := s.state.Users[q.account.User]
		return answer{http.StatusOK, object{"data": object{"id": u.ID, "name": u.Name, "username": u.Handle}}}
	case q.method == http.MethodGet && n == 4 && q.parts[3] == "mentions":
		return s.mentions(q)
	case q.method == http.MethodGet && n == 4 && q.parts[3] == "tweets":
		return s.timeline(q)
	case q.method == http.MethodGet && q.path == "/2/tweets":
		return s.lookUp(q)
	case q.method == http.MethodGet && q.path == "/2/dm_events":
		return s.messages(q, func(d *DM) bool { return d.From == q.account.User || d.To == q.account.User })
	case q.method == http.MethodGet && n == 5 && q.parts[1] == "dm_conversations" && q.parts[2] == "with":
		return s.messages(q, func(d *DM) bool {
			return d.From == q.account.User && d.To == q.parts[3] || d.To == q.account.User && d.From == q.parts[3]
		})
	case q.method == http.MethodPost && q.path == "/2/tweets":
		return s.reply(q)
	case q.method == http.MethodPost && n == 5 && q.parts[2] == "with" && q.parts[4] == "messages":
		return s.message(q)
	case q.method == http.MethodPut && n == 4 && q.parts[3] == "hidden":
		return s.hide(q)
	default:
		return problem(http.StatusNotFound, "about:blank", "Not Found", "Not Found")
	}
}

// dialect refuses the names of the other dialect.
func (s *Server) dialect(q request) (answer, bool) {
	foreign := "post.fields"
	if s.newer {
		foreign = "tweet.fields"
	}
	if !q.query.Has(foreign) {
		return answer{}, true
	}
	return answer{http.StatusBadRequest, object{
		"title": "Invalid Request", "type": "https://api.twitter.com/2/problems/invalid-request", "detail": "One or more parameters to your request was invalid.",
		"errors": []object{{"parameters": object{foreign: []string{"x"}}, "message": "The query parameter [" + foreign + "] is not one of [id,...]"}},
	}}, false
}

// mentions lists the newest versions of posts that name a user.
func (s *Server) mentions(q request) answer {
	if bad, ok := s.dialect(q); !ok {
		return bad
	}
	if q.parts[2] != q.account.User {
		return problem(http.StatusForbidden, "about:blank", "Forbidden", "Not your mentions")
	}
	since, _ := strconv.ParseInt(q.query.Get("since_id"), 10, 64)
	return s.list(q, 800, func(p *Post) bool {
		return slices.Contains(p.Mentions, q.account.User) && p.User != q.account.User && number(p.ID) > since && p.ID == p.History[len(p.History)-1]
	})
}

func (s *Server) timeline(q request) answer {
	if bad, ok := s.dialect(q); !ok {
		return bad
	}
	since, _ := time.Parse(time.RFC3339, q.query.Get("start_time"))
	return s.list(q, 3200, func(p *Post) bool { return p.User == q.parts[2] && !p.At.Truncate(time.Second).Before(since) })
}

func number(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64)
	return n
}

// list answers a page of posts, newest first. The next page begins below an
// id, so that what comes meanwhile shifts nothing.
func (s *Server) list(q request, most int, fits func(*Post) bool) answer {
	size, _ := strconv.Atoi(q.query.Get("max_results"))
	size = s.sized(size)
	below, _ := strconv.ParseInt(q.query.Get("pagination_token"), 10, 64)
	var found []*Post
	next, count := "", 0
	for i := len(s.state.Posts) - 1; i >= 0; i-- {
		p := s.state.Posts[i]
		if p.Deleted || p.Concealed || !fits(p) {
			continue
		}
		if count++; count > most {
			break
		}
		if below != 0 && number(p.ID) >= below {
			continue
		}
		if len(found) == size {
			next = found[size-1].ID
			break
		}
		found = append(found, p)
	}
	return s.postPage(found, next)
}

func (s *Server) sized(asked int) int {
	if asked <= 0 {
		asked = 10
	}
	if most, _ := s.Page(); most > 0 {
		asked = min(asked, most)
	}
	return asked
}

func (s *Server) postPage(found []*Post, next string) answer {
	if len(found) == 0 {
		return answer{http.StatusOK, object{"meta": object{"result_count": 0}}}
	}
	meta := object{"result_count": len(found), "newest_id": found[0].ID, "oldest_id": found[len(found)-1].ID}
	if next != "" {
		meta["next_token"] = next
	}
	data, users, posts, media := []any{}, map[string]any{}, []any{}, []any{}
	for _, p := range found {
		data = append(data, s.v2Post(p))
		users[p.User] = s.v2User(p.User)
		media = append(media, s.v2Media(p.Media)...)
		for _, id := range []string{p.InReplyTo, p.Quoted} {
			if other := s.find(id); other != nil {
				posts = append(posts, s.v2Post(other))
			}
		}
	}
	includes := object{"users": values(users)}
	if len(media) > 0 {
		includes["media"] = media
	}
	if len(posts) > 0 {
		includes[s.called("tweets", "posts")] = posts
	}
	return answer{http.StatusOK, object{"data": data, "includes": includes, "meta": meta}}
}

func values(of map[string]any) []any {
	var keys []string
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	all := []any{}
	for _, key := range keys {
		all = append(all, of[key])
	}
	return all
}

func (s *Server) called(older, newer string) string {
	if s.newer {
		return newer
	}
	return older
}

func (s *Server) v2User(id string) object {
	u := s.state.Users[id]
	if u == nil {
		return object{"id": id, "name": "Somebody", "username": "u" + id}
	}
	return object{"id": u.ID, "name": u.Name, "username": u.Handle}
}

func (s *Server) v2Post(p *Post) object {
	o := object{
		"id": p.ID, "text": escaped(p.Text), "author_id": p.User, "created_at": p.At.Format("2006-01-02T15:04:05.000Z"), "conversation_id": p.Conversation,
		s.called("edit_history_tweet_ids", "edit_history_post_ids"): p.History, "lang": "en",
	}
	var refs []object
	if p.InReplyTo != "" {
		refs = append(refs, object{"type": "replied_to", "id": p.InReplyTo})
		if under := s.find(p.InReplyTo); under != nil {
			o["in_reply_to_user_id"] = under.User
		}
	}
	if p.Quoted != "" {
		refs = append(refs, object{"type": "quoted", "id": p.Quoted})
	}
	if refs != nil {
		o[s.called("referenced_tweets", "referenced_posts")] = refs
	}
	var mentions []object
	for _, id := range p.Mentions {
		mentions = append(mentions, object{"start": 0, "end": 1, "username": s.state.Users[id].Handle, "id": id})
	}
	if mentions != nil {
		o["entities"] = object{"mentions": mentions}
	}
	if len(p.Media) > 0 {
		o["attachments"] = object{"media_keys": s.keys(p.Media)}
	}
	return o
}

// escaped writes a text as X does.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// lookUp lists posts by their ids; what is gone is a problem beside the data.
func (s *Server) lookUp(q request) answer {
	if bad, ok := s.dialect(q); !ok {
		return bad
	}
	ids := strings.Split(q.query.Get("ids"), ",")
	if len(ids) > 100 {
		return problem(http.StatusBadRequest, "https://api.twitter.com/2/problems/invalid-request", "Invalid Request", "ids: more than 100")
	}
	var found []*Post
	errors := []object{}
	for _, id := range ids {
		p := s.find(id)
		switch {
		case p == nil || p.Deleted:
			errors = append(errors, object{"value": id, "detail": "Could not find tweet with ids: [" + id + "].", "title": "Not Found Error", "resource_type": "tweet", "parameter": "ids", "resource_id": id, "type": "https://api.twitter.com/2/problems/resource-not-found"})
		case p.Concealed:
			errors = append(errors, object{"value": id, "detail": "Sorry, you are not authorized to see the Tweet with ids: [" + id + "].", "title": "Authorization Error", "resource_type": "tweet", "parameter": "ids", "resource_id": id, "type": "https://api.x.com/2/problems/not-authorized-for-resource"})
		default:
			found = append(found, p)
		}
	}
	page := s.postPage(found, "")
	body, _ := page.body.(object)
	if len(errors) > 0 {
		body["errors"] = errors
	}
	return answer{http.StatusOK, body}
}

// messages lists direct messages, newest first, of the last 30 days.
func (s *Server) messages(q request, fits func(*DM) bool) answer {
	size, _ := strconv.Atoi(q.query.Get("max_results"))
	size = s.sized(size)
	below, _ := strconv.ParseInt(q.query.Get("pagination_token"), 10, 64)
	data, users, media, next := []any{}, map[string]any{}, []any{}, ""
	last := ""
	for i := len(s.state.DMs) - 1; i >= 0; i-- {
		d := s.state.DMs[i]
		if !fits(d) || s.Now().Sub(d.At) > 30*24*time.Hour || below != 0 && number(d.ID) >= below {
			continue
		}
		if len(data) == size {
			next = last
			break
		}
		data, last = append(data, s.v2DM(d)), d.ID
		users[d.From] = s.v2User(d.From)
		media = append(media, s.v2DMMedia(d)...)
	}
	if len(data) == 0 {
		return answer{http.StatusOK, object{"meta": object{"result_count": 0}}}
	}
	meta := object{"result_count": len(data)}
	if next != "" {
		meta["next_token"] = next
	}
	return answer{http.StatusOK, object{"data": data, "includes": object{"users": values(users), "media": media}, "meta": meta}}
}

func (s *Server) v2DM(d *DM) object {
	o := object{
		"id": d.ID, "event_type": "MessageCreate", "text": escaped(d.Text), "sender_id": d.From, "dm_conversation_id": pair(d.From, d.To),
		"created_at": d.At.Format("2006-01-02T15:04:05.000Z"),
	}
	if d.Media != "" {
		o["attachments"] = object{"media_keys": s.keys([]string{d.Media})}
	}
	return o
}

func pair(a, b string) string {
	if number(b) < number(a) {
		a, b = b, a
	}
	return a + "-" + b
}

// strictly reads a body; X refuses what it does not know.
func strictly(body []byte, into any) bool {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into) == nil
}

// reply posts an answer.
func (s *Server) reply(q request) answer {
	var body struct {
		Text  string `json:"text"`
		Reply struct {
			To string `json:"in_reply_to_tweet_id"`
		} `json:"reply"`
	}
	if !strictly(q.body, &body) || body.Text == "" {
		return problem(http.StatusBadRequest, "https://api.twitter.com/2/problems/invalid-request", "Invalid Request", "One or more parameters to your request was invalid.")
	}
	p, refused := s.answerTo(q.account, body.Reply.To, body.Text)
	if refused != "" {
		return problem(http.StatusForbidden, "about:blank", "Forbidden", refused)
	}
	return answer{http.StatusCreated, object{"data": object{"id": p.ID, "text": escaped(p.Text)}}}
}

// answerTo posts an answer, or says why X does not allow it.
func (s *Server) answerTo(a *Account, to, text string) (*Post, string) {
	under := s.find(to)
	if under == nil || under.Deleted || under.Concealed {
		return nil, "You attempted to reply to a Tweet that is deleted or not visible to you."
	}
	if !a.Long && utf8.RuneCountInString(text) > 280 { // X counts more strictly
		return nil, "Your Tweet text is too long."
	}
	quoted := s.find(under.Quoted)
	if !a.Enterprise && !slices.Contains(under.Mentions, a.User) && (quoted == nil || quoted.User != a.User) && under.User != a.User {
		return nil, "You are not permitted to reply to this post: its author has not mentioned you."
	}
	for _, p := range s.state.Posts {
		if p.User == a.User && p.Text == text && p.InReplyTo == to && s.Now().Sub(p.At) < 24*time.Hour {
			return nil, "You are not allowed to create a Tweet with duplicate content."
		}
	}
	return s.post(a.User, Draft{Text: text, InReplyTo: to}), ""
}

// message sends a direct message.
func (s *Server) message(q request) answer {
	var body struct {
		Text string `json:"text"`
	}
	if !strictly(q.body, &body) || body.Text == "" || utf8.RuneCountInString(body.Text) > 10_000 {
		return problem(http.StatusBadRequest, "https://api.twitter.com/2/problems/invalid-request", "Invalid Request", "One or more parameters to your request was invalid.")
	}
	u := s.state.Users[q.parts[3]]
	if u == nil || u.Closed {
		return problem(http.StatusForbidden, "about:blank", "Forbidden", "You do not have permission to DM one or more participants.")
	}
	d := s.dm(q.account.User, u.ID, body.Text, "")
	return answer{http.StatusCreated, object{"data": object{"dm_conversation_id": pair(d.From, d.To), "dm_event_id": d.ID}}}
}

// hide hides an answer to one of the account's posts.
func (s *Server) hide(q request) answer {
	var body struct {
		Hidden *bool `json:"hidden"`
	}
	p := s.find(q.parts[2])
	if !strictly(q.body, &body) || body.Hidden == nil || p == nil {
		return problem(http.StatusBadRequest, "https://api.twitter.com/2/problems/invalid-request", "Invalid Request", "One or more parameters to your request was invalid.")
	}
	if root := s.find(p.Conversation); root == nil || root.User != q.account.User {
		return problem(http.StatusForbidden, "about:blank", "Forbidden", "You can only hide replies to your own conversations.")
	}
	p.Hidden = *body.Hidden
	return answer{http.StatusOK, object{"data": object{"hidden": p.Hidden}}}
}
