package graphsim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Element is what is delivered of something: one of an entry's lists.
type Element struct {
	Account string
	List    string // messaging, standby or changes
	Field   string // the subscription that it needs
	Value   json.RawMessage
}

func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // only what is written here is marshalled
	}
	return raw
}

type object = map[string]any

// Write has a person write to an account, and returns the message's id.
func (s *Server) Write(account, person, text string) string {
	return s.WriteWith(account, person, text, "")
}

// WriteWith has a person write with a picture at an address.
func (s *Server) WriteWith(account, person, text, picture string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	t := s.thread(account, person)
	m := Message{ID: fmt.Sprintf("m_in%08d", s.serial()), From: person, Text: text, File: picture, At: s.Now()}
	t.Messages, t.WroteAt = append(t.Messages, m), m.At
	if s.state.Accounts[account].Object == "whatsapp_business_account" {
		s.deliver(Element{account, "changes", "messages", mustJSON(object{
			"messaging_product": "whatsapp", "metadata": object{"phone_number_id": account},
			"contacts": []object{{"wa_id": person, "profile": object{"name": t.Name}}},
			"messages": []object{{"from": person, "id": m.ID, "timestamp": fmt.Sprint(m.At.Unix()), "type": "text", "text": object{"body": text}}},
		})})
		return m.ID
	}
	message := object{"mid": m.ID}
	if text != "" {
		message["text"] = text
	}
	if picture != "" {
		message["attachments"] = []object{{"type": "image", "payload": object{"url": picture}}}
	}
	e := messaging(account, person, account, m.At, "messages", "message", message)
	if t.Other {
		e.List, e.Field = "standby", "standby"
	}
	s.deliver(e)
	return m.ID
}

// messaging is an element of a conversation.
func messaging(account, from, to string, at time.Time, field, key string, value any) Element {
	return Element{account, "messaging", field, mustJSON(object{
		"sender": object{"id": from}, "recipient": object{"id": to}, "timestamp": at.UnixMilli(), key: value,
	})}
}

// Edit has a person edit a message; num counts the edits from 1.
func (s *Server) Edit(account, person, mid, text string, num int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	t := s.thread(account, person)
	for i := range t.Messages {
		if t.Messages[i].ID == mid {
			t.Messages[i].Text = text
		}
	}
	s.deliver(messaging(account, person, account, s.Now(), "message_edits", "message_edit", object{"mid": mid, "text": text, "num_edit": num}))
}

// Unsend has a person take a message back.
func (s *Server) Unsend(account, person, mid string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.deliver(messaging(account, person, account, s.Now(), "messages", "message", object{"mid": mid, "is_deleted": true}))
}

// Read has a person read everything, and their device says so.
func (s *Server) Read(account, person string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.deliver(messaging(account, person, account, s.Now(), "message_reads", "read", object{"watermark": s.Now().UnixMilli()}))
}

// Block makes a person unreachable.
func (s *Server) Block(account, person string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.thread(account, person).Gone = true
}

// Post puts a post on a page, the page's own when from is its id.
func (s *Server) Post(account, from, text string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	o := s.add(&Object{Kind: "post", ID: fmt.Sprintf("%s_%d", account, s.serial()), Account: account, From: from, Text: text})
	s.deliver(s.change(o, "post", "add"))
	return o.ID
}

// Comment puts a comment under a post, or under another comment when parent is
// set.
func (s *Server) Comment(account, from, post, parent, text string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.comment(account, from, post, parent, text).ID
}

// comment adds and delivers. The caller holds mutex.
func (s *Server) comment(account, from, post, parent, text string) *Object {
	_, number, _ := strings.Cut(post, "_")
	o := s.add(&Object{Kind: "comment", ID: fmt.Sprintf("%s_%d", number, s.serial()), Account: account, From: from, Text: text, Post: post, Parent: parent})
	s.deliver(s.change(o, "comment", "add"))
	return o
}

// Review has a person recommend a page, or not.
func (s *Server) Review(account, from, text string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	o := s.add(&Object{Kind: "rating", ID: fmt.Sprint(9_000_000 + s.serial()), Account: account, From: from, Text: text})
	s.deliver(Element{account, "changes", "ratings", mustJSON(object{
		"item": "rating", "verb": "add", "open_graph_story_id": o.ID, "reviewer_id": from, "reviewer_name": o.Name,
		"recommendation_type": "negative", "review_text": text, "created_time": o.At.Unix(),
	})})
	return o.ID
}

// Mention has a person mention the page in a post on their own page. Unless it
// is readable, nobody else's app may see it.
func (s *Server) Mention(account, from, text string, told, readable bool) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	o := s.add(&Object{Kind: "post", ID: fmt.Sprintf("%s_%d", from, s.serial()), Account: account, From: from, Text: text, Tagged: readable, Private: !readable})
	value := object{"item": "post", "verb": "add", "post_id": o.ID, "created_time": o.At.Unix()}
	if told {
		value["message"] = text
	}
	s.deliver(Element{account, "changes", "mention", mustJSON(value)})
	return o.ID
}

// Change has a post or comment edited (with text), removed, hidden or shown.
func (s *Server) Change(id, verb, text string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	o := s.state.Objects[id]
	switch verb {
	case "edited":
		o.Text = text
	case "remove":
		o.Removed = true
	case "hide", "unhide":
		o.Hidden = verb == "hide"
	}
	s.deliver(s.change(o, o.Kind, verb))
}

// add keeps an object. The caller holds mutex.
func (s *Server) add(o *Object) *Object {
	o.At, o.Name = s.Now(), s.name(o.From)
	s.state.Objects[o.ID], s.state.Order = o, append(s.state.Order, o.ID)
	return o
}

// change is the element that tells of an object.
func (s *Server) change(o *Object, item, verb string) Element {
	value := object{"item": item, "verb": verb, "created_time": o.At.Unix(), "from": object{"id": o.From, "name": o.Name}}
	if verb != "remove" {
		value["message"] = o.Text
	}
	if o.Kind == "comment" {
		parent := o.Parent
		if parent == "" {
			parent = o.Post
		}
		value["comment_id"], value["post_id"], value["parent_id"] = o.ID, o.Post, parent
	} else {
		value["post_id"] = o.ID
	}
	return Element{o.Account, "changes", "feed", mustJSON(value)}
}

// Deliver delivers an element that a test made itself.
func (s *Server) Deliver(e Element) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.deliver(e)
}

// Texts returns what a person has received, oldest first.
func (s *Server) Texts(account, person string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var texts []string
	for _, m := range s.thread(account, person).Messages {
		if m.From == account {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// Answers returns what an account has written under a post or comment.
func (s *Server) Answers(account, under string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var texts []string
	for _, id := range s.state.Order {
		if o := s.state.Objects[id]; (o.Kind == "comment" || o.Kind == "remark") && o.From == account && (o.Parent == under || o.Parent == "" && o.Post == under) {
			texts = append(texts, o.Text)
		}
	}
	return texts
}

// Messages returns the messages of a thread.
func (s *Server) Messages(account, person string) []Message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]Message(nil), s.thread(account, person).Messages...)
}

// Find returns an object.
func (s *Server) Find(id string) (Object, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if o := s.state.Objects[id]; o != nil {
		return *o, true
	}
	return Object{}, false
}

// File keeps a picture and returns its address, which expires with Expire.
func (s *Server) File(name string, content []byte) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Files[name] = content
	return s.URL() + "/files/" + name
}

// Expire ends the address of a file.
func (s *Server) Expire(name string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.state.Files, name)
}
