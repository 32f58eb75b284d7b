package graphsim

import (
	"fmt"
	"net/url"
	"strings"
)

// Media puts a picture on an Instagram account.
func (s *Server) Media(account, text string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.add(&Object{Kind: "media", ID: fmt.Sprint(17_900_000 + s.serial()), Account: account, From: account, Text: text}).ID
}

// Remark puts a comment under a picture, or under another comment when parent is
// set.
func (s *Server) Remark(account, from, media, parent, text string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.remark(account, from, media, parent, text).ID
}

// remark adds and delivers. What answers an answer stands under the comment that
// the thread begins with. The caller holds mutex.
func (s *Server) remark(account, from, media, parent, text string) *Object {
	if head := s.state.Objects[parent]; head != nil && head.Parent != "" {
		parent = head.Parent
	}
	o := s.add(&Object{Kind: "remark", ID: fmt.Sprint(17_900_000 + s.serial()), Account: account, From: from, Text: text, Post: media, Parent: parent})
	value := object{"id": o.ID, "text": text, "from": object{"id": from, "username": o.username()}, "media": object{"id": media, "media_product_type": "FEED"}}
	if parent != "" {
		value["parent_id"] = parent
	}
	s.deliver(Element{account, "changes", "comments", mustJSON(value)})
	return o
}

func (o *Object) username() string { return "user" + o.From }

// remarkView is a comment as Graph shows it. Those under it are shown when they
// are asked for.
func (s *Server) remarkView(o *Object, fields string) object {
	v := object{
		"id": o.ID, "text": o.Text, "timestamp": o.At.Format(graphTime), "username": o.username(), "hidden": o.Hidden,
		"from": object{"id": o.From, "username": o.username()}, "media": object{"id": o.Post},
	}
	if o.Parent != "" {
		v["parent_id"] = o.Parent
	}
	if _, within, asked := strings.Cut(fields, "replies"); asked {
		if replies, failed := s.remarks(o.ID, "replies", url.Values{"fields": {within}}); failed == nil && len(replies["data"].([]object)) > 0 {
			v["replies"] = replies
		}
	}
	return v
}

// remarks are the comments of a picture that begin threads, or those under one
// of them. The caller holds mutex.
func (s *Server) remarks(under, edge string, query url.Values) (object, *problem) {
	page, paging, failed := s.cut(s.newest(func(o *Object) bool {
		return o.Kind == "remark" && (edge == "comments" && o.Post == under && o.Parent == "" || edge == "replies" && o.Parent == under)
	}), query)
	if failed != nil {
		return nil, failed
	}
	data := []object{}
	for _, id := range page {
		data = append(data, s.remarkView(s.state.Objects[id], query.Get("fields")))
	}
	return object{"data": data, "paging": paging}, nil
}

// answerRemark answers a comment, unless it is hidden. The caller holds mutex.
func (s *Server) answerRemark(o *Object, fields object) (any, *problem) {
	if o.Hidden {
		return nil, &noObject
	}
	message, _ := fields["message"].(string)
	s.Sent(o.From, message)
	return object{"id": s.remark(o.Account, o.Account, o.Post, o.ID, message).ID}, nil
}
