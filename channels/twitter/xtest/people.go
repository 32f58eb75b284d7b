package xtest

import (
	"regexp"
	"time"
)

// Person adds somebody.
func (s *Server) Person(id, handle, name string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Users[id] = &User{ID: id, Handle: handle, Name: name}
}

// ClosePerson makes somebody take no direct messages.
func (s *Server) ClosePerson(id string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Users[id].Closed = true
}

// Account adds an account of ours, with its token of OAuth 1.0a.
func (s *Server) Account(id, handle, token, secret string) {
	s.Person(id, handle, handle)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Accounts[id] = &Account{User: id, Token: token, Secret: secret, Access: map[string]time.Time{}}
}

// Change changes an account.
func (s *Server) Change(id string, change func(*Account)) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	change(s.state.Accounts[id])
}

// Draft is a post to be written.
type Draft struct {
	Text, InReplyTo, Quoted string
	// Media are pictures and films, by their ids.
	Media []string
}

var handles = regexp.MustCompile(`@([A-Za-z0-9_]{1,30})`)

// Post has somebody post something, and returns its id.
func (s *Server) Post(user string, d Draft) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.post(user, d).ID
}

// post is Post. The caller holds mutex.
func (s *Server) post(user string, d Draft) *Post {
	id := s.id()
	p := &Post{
		ID: id, First: id, History: []string{id}, User: user, Text: d.Text, InReplyTo: d.InReplyTo, Quoted: d.Quoted,
		Conversation: id, At: s.Now(), Mentions: s.mentioned(d.Text), Media: d.Media,
	}
	if under := s.find(d.InReplyTo); under != nil {
		p.Conversation = under.Conversation
		s.sent(user, under.User, d.Text)
	}
	s.state.Posts = append(s.state.Posts, p)
	s.deliverPost(p)
	s.streamPost(p)
	return p
}

// sent tells whoever wants to know that an account of ours has answered. The
// caller holds mutex.
func (s *Server) sent(from, to, text string) {
	if s.state.Accounts[from] != nil {
		s.Sent(to, text)
	}
}

// mentioned are the users that a text names. The caller holds mutex.
func (s *Server) mentioned(text string) []string {
	var ids []string
	for _, match := range handles.FindAllStringSubmatch(text, -1) {
		for _, u := range s.state.Users {
			if u.Handle == match[1] {
				ids = append(ids, u.ID)
			}
		}
	}
	return ids
}

// Edit makes a new version of a post and returns its id. Only lists show it.
func (s *Server) Edit(id, text string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	old := s.find(id)
	edited := *old
	edited.ID, edited.Text, edited.Mentions = s.id(), text, s.mentioned(text)
	edited.History = append(append([]string(nil), old.History...), edited.ID)
	for _, p := range s.state.Posts {
		if p.First == old.First {
			p.History = edited.History
		}
	}
	s.state.Posts = append(s.state.Posts, &edited)
	return edited.ID
}

// Delete deletes a post, in all versions. X tells nobody.
func (s *Server) Delete(id string) { s.change(id, func(p *Post) { p.Deleted = true }) }

// Conceal makes a post invisible to us, as that of a protected account.
func (s *Server) Conceal(id string) { s.change(id, func(p *Post) { p.Concealed = true }) }

func (s *Server) change(id string, change func(*Post)) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	first := s.find(id).First
	for _, p := range s.state.Posts {
		if p.First == first {
			change(p)
		}
	}
}

// Is reports whether an id is that of a post.
func (s *Server) Is(id string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.find(id) != nil
}

// Latest is the id of a post's latest version.
func (s *Server) Latest(id string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	history := s.find(id).History
	return history[len(history)-1]
}

// Hidden reports whether a post is hidden.
func (s *Server) Hidden(id string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.find(id).Hidden
}

// find returns a version of a post, or nil. The caller holds mutex.
func (s *Server) find(id string) *Post {
	for i := len(s.state.Posts) - 1; i >= 0; i-- {
		if s.state.Posts[i].ID == id {
			return s.state.Posts[i]
		}
	}
	return nil
}

// DM has somebody send a direct message, and returns its id.
func (s *Server) DM(from, to, text string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.dm(from, to, text, "").ID
}

// DMWith has somebody send a picture or film, by its id.
func (s *Server) DMWith(from, to, text, media string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.dm(from, to, text, media).ID
}

// dm is DMWith. The caller holds mutex.
func (s *Server) dm(from, to, text, media string) *DM {
	d := &DM{ID: s.id(), From: from, To: to, Text: text, At: s.Now(), Media: media}
	s.state.DMs = append(s.state.DMs, d)
	s.sent(from, to, text)
	s.deliverDM(d)
	return d
}

// Read has somebody read an account's direct messages.
func (s *Server) Read(user, account string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	last := ""
	for _, d := range s.state.DMs {
		if d.From == account && d.To == user {
			last = d.ID
		}
	}
	s.deliver(account, event{field: "direct_message_mark_read_events", word: "dm.read", value: object{
		"created_timestamp": millis(s.Now()), "sender_id": user, "target": object{"recipient_id": account}, "last_read_event_id": last,
	}})
}

// Received are the texts that a user got from an account by direct message.
func (s *Server) Received(account, user string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var texts []string
	for _, d := range s.state.DMs {
		if d.From == account && d.To == user {
			texts = append(texts, d.Text)
		}
	}
	return texts
}

// Answers are the texts that an account posted under a post.
func (s *Server) Answers(account, post string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var texts []string
	for _, p := range s.state.Posts {
		if p.User == account && p.InReplyTo == post {
			texts = append(texts, p.Text)
		}
	}
	return texts
}
