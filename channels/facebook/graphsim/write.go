package graphsim

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// write does a POST.
func (s *Server) write(id, edge string, fields object) (any, *problem) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch edge {
	case "subscribed_apps":
		return s.subscribe(id, fields)
	case "messages":
		if fields["messaging_product"] == "whatsapp" {
			return s.sendWhatsApp(id, fields)
		}
		return s.send(id, fields)
	case "take_thread_control":
		return s.takeControl(id, fields)
	case "media":
		return object{"id": fmt.Sprint(700000 + s.serial())}, nil
	case "comments", "replies":
		return s.answerComment(id, fields)
	case "":
		return s.hide(id, fields)
	default:
		return nil, &noObject
	}
}

// Known are the fields that a page can be subscribed to. Of the names on which
// Meta's pages disagree, one is missing.
var known = map[string]bool{
	"feed": true, "mention": true, "ratings": true, "messages": true, "messaging_postbacks": true, "message_echoes": true, "message_edits": true,
	"message_reactions": true, "messaging_referrals": true, "standby": true, "message_deliveries": true, "message_reads": true, "messaging_optins": true,
	"messaging_policy_enforcement": true,
}

func (s *Server) subscribe(id string, fields object) (any, *problem) {
	a := s.state.Accounts[id]
	if a == nil {
		return nil, &noObject
	}
	wanted := map[string]bool{}
	for _, field := range strings.Split(fmt.Sprint(fields["subscribed_fields"]), ",") {
		if !known[field] {
			p := badField
			p.message += field
			return nil, &p
		}
		wanted[field] = true
	}
	a.Subscribed, a.FailingAt = wanted, time.Time{}
	return object{"success": true}, nil
}

func text(of any, key string) string {
	if m, ok := of.(object); ok {
		if value, ok := m[key].(string); ok {
			return value
		}
	}
	return ""
}

// send is the Send API.
func (s *Server) send(account string, fields object) (any, *problem) {
	message, recipient := fields["message"], fields["recipient"]
	a := s.state.Accounts[account]
	if other := s.linked(account); other != nil && s.writesTo(other, recipient) {
		a, account = other, other.ID
	} else if a == nil || a.Page != "" {
		return nil, &noObject
	}
	if utf8.RuneCountInString(text(message, "text")) > 2000 || a.Object == "instagram" && len(text(message, "text")) > 1000 {
		return nil, &tooLong
	}
	t, failed := s.recipient(a, text(recipient, "id"), text(recipient, "comment_id"), fields)
	if failed != nil {
		return nil, failed
	}
	m := Message{
		ID: fmt.Sprintf("m_out%08d", s.serial()), From: account, Text: text(message, "text"), Metadata: text(message, "metadata"),
		At: s.Now(), Tag: fmt.Sprint(fields["tag"]), Unseen: s.lag,
	}
	if name, ok := fields["file"].(string); ok {
		m.File = s.URL() + "/files/" + name
	}
	t.Messages = append(t.Messages, m)
	s.Sent(t.Person, m.Text)
	s.echoOf(account, t.Person, m)
	return object{"recipient_id": t.Person, "message_id": m.ID}, nil
}

// writesTo reports whether a recipient is known to an account.
func (s *Server) writesTo(a *Account, recipient any) bool {
	if o := s.state.Objects[text(recipient, "comment_id")]; o != nil {
		return o.Account == a.ID
	}
	return s.state.Threads[a.ID+"/"+text(recipient, "id")] != nil
}

// recipient says to whom a message goes, or why it may not.
func (s *Server) recipient(a *Account, person, comment string, fields object) (*Thread, *problem) {
	now := s.Now()
	if comment != "" {
		o := s.state.Objects[comment]
		switch {
		case o == nil || o.Removed:
			return nil, &noObject
		case s.state.Private[comment]:
			return nil, &answered
		case now.Sub(o.At) > 7*24*time.Hour:
			return nil, &outside
		}
		s.state.Private[comment] = true
		return s.thread(a.ID, o.From), nil
	}
	t := s.state.Threads[a.ID+"/"+person]
	if t == nil {
		return nil, &noPerson
	}
	since := now.Sub(t.WroteAt)
	switch {
	case t.Gone:
		return nil, &unreachable
	case t.Other:
		return nil, &controlled
	case t.WroteAt.IsZero() || since > 7*24*time.Hour:
		return nil, &outside
	case since <= 24*time.Hour:
		return t, nil
	case fields["messaging_type"] != "MESSAGE_TAG" || fields["tag"] != "HUMAN_AGENT":
		return nil, &outside
	case !a.Human:
		return nil, &noHuman
	}
	return t, nil
}

// echoOf delivers the echo of a message.
func (s *Server) echoOf(account, person string, m Message) {
	if s.echo == EchoNever {
		return
	}
	message := object{"mid": m.ID, "is_echo": true, "app_id": 4711, "text": m.Text}
	if m.Metadata != "" {
		message["metadata"] = m.Metadata
	}
	e := messaging(account, account, person, m.At, "message_echoes", "message", message)
	if s.lag {
		s.lagging = append(s.lagging, e)
		return
	}
	s.deliver(e)
	if s.echo == EchoBefore { // let it overtake the answer
		s.mutex.Unlock()
		time.Sleep(50 * time.Millisecond)
		s.mutex.Lock()
	}
}

func (s *Server) sendWhatsApp(account string, fields object) (any, *problem) {
	person := fmt.Sprint(fields["to"])
	t := s.state.Threads[account+"/"+person]
	if t == nil {
		return nil, &noPerson
	}
	if s.Now().Sub(t.WroteAt) > 24*time.Hour {
		return nil, &problem{status: 400, code: 131047, message: "Re-engagement message"}
	}
	data := fmt.Sprint(fields["biz_opaque_callback_data"])
	m := Message{ID: fmt.Sprintf("wamid.out%08d", s.serial()), From: account, Text: text(fields["text"], "body"), Metadata: data, At: s.Now()}
	if fields["type"] != "text" {
		m.File = fmt.Sprint(fields["type"])
	}
	t.Messages = append(t.Messages, m)
	s.Sent(person, m.Text)
	for _, status := range []string{"sent", "delivered"} {
		s.deliver(Element{account, "changes", "messages", mustJSON(object{
			"messaging_product": "whatsapp", "metadata": object{"phone_number_id": account},
			"statuses": []object{{"id": m.ID, "status": status, "timestamp": fmt.Sprint(m.At.Unix()), "recipient_id": person, "biz_opaque_callback_data": data}},
		})})
	}
	return object{"messaging_product": "whatsapp", "messages": []object{{"id": m.ID}}}, nil
}

func (s *Server) answerComment(under string, fields object) (any, *problem) {
	o := s.state.Objects[under]
	if o == nil || o.Removed {
		return nil, &noObject
	}
	if o.Kind == "remark" {
		return s.answerRemark(o, fields)
	}
	post, parent := o.ID, ""
	if o.Kind == "comment" {
		if o.Parent != "" {
			return nil, &noObject // no answers under answers
		}
		post, parent = o.Post, o.ID
	}
	message, _ := fields["message"].(string)
	// Facebook shows no runs of spaces and empty lines.
	message = strings.TrimSpace(regexp.MustCompile(`[ \t]+`).ReplaceAllString(regexp.MustCompile(`\s*\n\s*`).ReplaceAllString(message, "\n"), " "))
	made := s.comment(o.Account, o.Account, post, parent, message)
	s.Sent(o.From, message)
	return object{"id": made.ID}, nil
}

func (s *Server) hide(id string, fields object) (any, *problem) {
	o := s.state.Objects[id]
	hidden, isHide := fields["is_hidden"].(bool)
	if !isHide {
		hidden, isHide = fields["hide"].(bool)
	}
	if o == nil || o.Removed || !isHide {
		return nil, &noObject
	}
	verb := "unhide"
	if o.Hidden = hidden; hidden {
		verb = "hide"
	}
	if o.Kind != "remark" { // Instagram tells of none
		s.deliver(s.change(o, o.Kind, verb))
	}
	return object{"success": true}, nil
}
