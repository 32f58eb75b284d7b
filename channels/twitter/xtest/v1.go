package xtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) answerV1(q request) answer {
	switch q.method + " " + strings.TrimPrefix(q.path, "/1.1/") {
	case "GET account/verify_credentials.json":
		return answer{http.StatusOK, s.v1User(q.account.User)}
	case "GET statuses/mentions_timeline.json":
		return s.v1List(q, func(p *Post) bool {
			return slices.Contains(p.Mentions, q.account.User) && p.User != q.account.User && p.ID == p.History[len(p.History)-1]
		})
	case "GET statuses/user_timeline.json":
		return s.v1List(q, func(p *Post) bool { return p.User == q.query.Get("user_id") })
	case "GET statuses/lookup.json":
		ids := strings.Split(q.query.Get("id"), ",")
		return s.v1List(q, func(p *Post) bool { return slices.Contains(ids, p.ID) })
	case "GET statuses/show.json":
		return s.v1Show(q)
	case "POST statuses/update.json":
		p, refused := s.answerTo(q.account, q.form.Get("in_reply_to_status_id"), q.form.Get("status"))
		if refused != "" {
			code := 433
			if strings.Contains(refused, "duplicate") {
				code = 187
			}
			return answer{http.StatusForbidden, object{"errors": []object{{"code": code, "message": refused}}}}
		}
		return answer{http.StatusOK, s.v1Post(p)}
	case "GET direct_messages/events/list.json":
		return s.v1Messages(q)
	case "POST direct_messages/events/new.json":
		return s.v1Message(q)
	default:
		return answer{http.StatusNotFound, object{"errors": []object{{"code": 34, "message": "Sorry, that page does not exist"}}}}
	}
}

// v1List lists posts, newest first, between since_id and max_id.
func (s *Server) v1List(q request, fits func(*Post) bool) answer {
	size, _ := strconv.Atoi(q.query.Get("count"))
	if size == 0 {
		size = 20
	}
	if most, _ := s.Page(); most > 0 {
		size = min(size, most)
	}
	since, most := number(q.query.Get("since_id")), number(q.query.Get("max_id"))
	found := []any{}
	for i := len(s.state.Posts) - 1; i >= 0 && len(found) < size; i-- {
		p := s.state.Posts[i]
		if !p.Deleted && !p.Concealed && fits(p) && number(p.ID) > since && (most == 0 || number(p.ID) <= most) {
			found = append(found, s.v1Post(p))
		}
	}
	return answer{http.StatusOK, found}
}

// v1Show shows a post, or says why not, which a list does not.
func (s *Server) v1Show(q request) answer {
	switch p := s.find(q.query.Get("id")); {
	case p == nil || p.Deleted:
		return answer{http.StatusNotFound, object{"errors": []object{{"code": 144, "message": "No status found with that ID."}}}}
	case p.Concealed:
		return answer{http.StatusForbidden, object{"errors": []object{{"code": 179, "message": "Sorry, you are not authorized to see this status."}}}}
	default:
		return answer{http.StatusOK, s.v1Post(p)}
	}
}

func (s *Server) v1User(id string) object {
	u := s.state.Users[id]
	if u == nil {
		u = &User{ID: id, Name: "Somebody", Handle: "u" + id}
	}
	return object{"id": number(u.ID), "id_str": u.ID, "name": u.Name, "screen_name": u.Handle}
}

func (s *Server) v1Post(p *Post) object {
	o := object{
		"id": number(p.ID), "id_str": p.ID, "created_at": p.At.Format(time.RubyDate), "full_text": escaped(p.Text), "lang": "en", "user": s.v1User(p.User),
		"in_reply_to_status_id_str": nil, "in_reply_to_user_id_str": nil,
	}
	if p.InReplyTo != "" {
		o["in_reply_to_status_id_str"] = p.InReplyTo
		if under := s.find(p.InReplyTo); under != nil {
			o["in_reply_to_user_id_str"] = under.User
		}
	}
	if quoted := s.find(p.Quoted); quoted != nil {
		o["quoted_status_id_str"], o["quoted_status"] = quoted.ID, s.v1Post(quoted)
	}
	mentions := []object{}
	for _, id := range p.Mentions {
		mentions = append(mentions, object{"id": number(id), "id_str": id, "screen_name": s.state.Users[id].Handle, "name": s.state.Users[id].Name, "indices": []int{0, 1}})
	}
	var media []object
	for _, id := range p.Media {
		media = append(media, s.v1Media(s.state.Media[id], nil))
	}
	if media != nil {
		o["extended_entities"] = object{"media": media}
	}
	o["entities"] = object{"user_mentions": mentions, "urls": []any{}, "hashtags": []any{}, "symbols": []any{}}
	if len(p.History) > 1 {
		o["edit_history"] = object{"initial_tweet_id": p.First, "edit_tweet_ids": p.History}
	}
	return o
}

func (s *Server) v1Messages(q request) answer {
	size, _ := strconv.Atoi(q.query.Get("count"))
	size = s.sized(size)
	below := number(q.query.Get("cursor"))
	events, last := []any{}, ""
	body := object{}
	for i := len(s.state.DMs) - 1; i >= 0; i-- {
		d := s.state.DMs[i]
		if d.From != q.account.User && d.To != q.account.User || below != 0 && number(d.ID) >= below {
			continue
		}
		if len(events) == size {
			body["next_cursor"] = last
			break
		}
		events, last = append(events, s.v1DM(d)), d.ID
	}
	body["events"] = events
	return answer{http.StatusOK, body}
}

func (s *Server) v1DM(d *DM) object {
	data := object{"text": escaped(d.Text), "entities": object{"hashtags": []any{}, "symbols": []any{}, "user_mentions": []any{}, "urls": []any{}}}
	if m := s.state.Media[d.Media]; m != nil {
		data["attachment"] = object{"type": "media", "media": s.v1Media(m, d)}
	}
	return object{
		"type": "message_create", "id": d.ID, "created_timestamp": millis(d.At),
		"message_create": object{
			"target": object{"recipient_id": d.To}, "sender_id": d.From,
			"message_data": data,
		},
	}
}

func millis(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

func (s *Server) v1Message(q request) answer {
	var body struct {
		Event struct {
			Message struct {
				Target struct {
					Recipient string `json:"recipient_id"`
				} `json:"target"`
				Data struct {
					Text string `json:"text"`
				} `json:"message_data"`
			} `json:"message_create"`
		} `json:"event"`
	}
	_ = json.Unmarshal(q.body, &body)
	u := s.state.Users[body.Event.Message.Target.Recipient]
	if u == nil || u.Closed || body.Event.Message.Data.Text == "" {
		return answer{http.StatusForbidden, object{"errors": []object{{"code": 349, "message": "You cannot send messages to this user."}}}}
	}
	return answer{http.StatusOK, object{"event": s.v1DM(s.dm(q.account.User, u.ID, body.Event.Message.Data.Text, ""))}}
}
