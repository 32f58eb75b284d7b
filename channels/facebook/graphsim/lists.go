package graphsim

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// read does a GET.
func (s *Server) read(id, edge string, query url.Values) (any, *problem) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if id == "debug_token" {
		return object{"data": object{"app_id": "4711", "is_valid": slices.Contains([]string{s.options.Token, s.options.System}, query.Get("input_token")), "expires_at": 0, "scopes": s.scopes}}, nil
	}
	switch edge {
	case "":
		return s.readObject(id, query.Get("fields"))
	case "subscribed_apps":
		return s.subscribedApps(id)
	case "conversations":
		return s.conversations(id, query)
	case "messages":
		return s.messages(id, query)
	case "feed", "tagged", "ratings", "media":
		return s.objects(id, edge, query)
	case "comments", "replies":
		return s.comments(id, edge, query)
	default:
		return nil, &noObject
	}
}

func (s *Server) subscribedApps(id string) (any, *problem) {
	a := s.state.Accounts[id]
	if a == nil {
		return nil, &noObject
	}
	var fields []string
	for field := range a.Subscribed {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	if len(fields) == 0 {
		return object{"data": []object{}}, nil
	}
	return object{"data": []object{{"id": "4711", "name": "contactd", "subscribed_fields": fields}}}, nil
}

const graphTime = "2006-01-02T15:04:05-0700"

func (o *Object) view(withComments any) object {
	v := object{"id": o.ID, "created_time": o.At.Format(graphTime), "message": o.Text, "is_hidden": o.Hidden, "from": object{"id": o.From, "name": o.Name}}
	switch o.Kind {
	case "comment":
		if o.Parent != "" {
			v["parent"] = object{"id": o.Parent}
		}
	case "media":
		return object{"id": o.ID, "timestamp": o.At.Format(graphTime), "caption": o.Text, "comments": withComments}
	case "post":
		v["permalink_url"] = "https://www.facebook.com/" + o.ID
		if withComments != nil {
			v["comments"] = withComments
		}
	case "rating":
		return object{
			"created_time": o.At.Format(graphTime), "reviewer": object{"id": o.From, "name": o.Name}, "recommendation_type": "negative",
			"review_text": o.Text, "open_graph_story": object{"id": o.ID},
		}
	}
	return v
}

func (s *Server) readObject(id, fields string) (any, *problem) {
	o := s.state.Objects[id]
	if o == nil || o.Removed || o.Private {
		return nil, &noObject
	}
	if o.Kind == "remark" {
		return s.remarkView(o, fields), nil
	}
	return o.view(nil), nil
}

// cut makes a page of a list of ids: what comes behind the cursor. Cursors
// name the last element, so that what is added at the top shifts nothing.
func (s *Server) cut(ids []string, query url.Values) (page []string, paging object, failed *problem) {
	most, between := s.Page()
	size, err := strconv.Atoi(query.Get("limit"))
	if err != nil || size <= 0 || size > most {
		size = most
	}
	start := 0
	if after := query.Get("after"); after != "" {
		serial, last, _ := strings.Cut(after, ".")
		given, _ := strconv.Atoi(serial)
		at := slices.Index(ids, last)
		if given < s.state.Expired || at < 0 {
			return nil, nil, &badCursor
		}
		start = at + 1
		if between != nil {
			s.mutex.Unlock()
			between()
			s.mutex.Lock()
		}
	}
	end := min(start+size, len(ids))
	page = ids[start:end]
	paging = object{}
	if len(page) > 0 {
		paging["cursors"] = object{"after": fmt.Sprintf("%d.%s", s.state.Serial, page[len(page)-1])}
	}
	if end < len(ids) {
		paging["next"] = "https://graph.example/next?access_token=" + s.options.Token
	}
	return page, paging, nil
}

// newest are the objects that a test accepts, newest first.
func (s *Server) newest(accept func(*Object) bool) []string {
	var ids []string
	for _, id := range slices.Backward(s.state.Order) {
		if o := s.state.Objects[id]; !o.Removed && accept(o) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *Server) objects(account, edge string, query url.Values) (any, *problem) {
	if s.state.Accounts[account] == nil {
		return nil, &noObject
	}
	page, paging, failed := s.cut(s.newest(func(o *Object) bool {
		switch edge {
		case "feed":
			return o.Kind == "post" && o.Account == account && !o.Tagged && !o.Private
		case "tagged":
			return o.Kind == "post" && o.Account == account && o.Tagged
		case "ratings":
			return o.Kind == "rating" && o.Account == account
		default:
			return o.Kind == "media" && o.Account == account
		}
	}), query)
	if failed != nil {
		return nil, failed
	}
	data := []object{}
	for _, id := range page {
		comments, failed := s.comments(id, "comments", within(query.Get("fields"), "comments"))
		if failed != nil {
			return nil, failed
		}
		data = append(data, s.state.Objects[id].view(comments))
	}
	return object{"data": data, "paging": paging}, nil
}

// within is what is asked of a list within an element, as in
// "comments.order(chronological).limit(50){id}".
func within(fields, list string) url.Values {
	_, asked, _ := strings.Cut(fields, list)
	query, rest, _ := strings.Cut(asked, "{")
	values := url.Values{"fields": {rest}}
	for _, each := range strings.Split(strings.TrimPrefix(query, "."), ".") {
		key, value, _ := strings.Cut(strings.TrimSuffix(each, ")"), "(")
		values.Set(key, value)
	}
	return values
}

// comments are those of a post, or under another. Graph begins with the oldest,
// and shows those alone that begin threads, unless it is asked otherwise. The
// caller holds mutex.
func (s *Server) comments(under, edge string, query url.Values) (any, *problem) {
	o := s.state.Objects[under]
	if o == nil || o.Removed {
		return nil, &noObject
	}
	if o.Kind == "media" || o.Kind == "remark" {
		return s.remarks(under, edge, query)
	}
	ids := s.newest(func(c *Object) bool {
		return c.Kind == "comment" && (c.Parent == under || c.Post == under && (c.Parent == "" || query.Get("filter") == "stream"))
	})
	if query.Get("order") != "reverse_chronological" {
		slices.Reverse(ids)
	}
	page, paging, failed := s.cut(ids, query)
	if failed != nil {
		return nil, failed
	}
	data := []object{}
	for _, id := range page {
		data = append(data, s.state.Objects[id].view(nil))
	}
	return object{"data": data, "paging": paging}, nil
}

func (s *Server) conversations(account string, query url.Values) (any, *problem) {
	if a := s.state.Accounts[account]; a == nil || a.Page != "" {
		return nil, &noObject
	}
	if a := s.linked(account); a != nil && query.Get("platform") == "instagram" {
		account = a.ID
	}
	var threads []*Thread
	for _, t := range s.state.Threads {
		if t.Account == account && len(t.Messages) > 0 && (query.Get("user_id") == "" || query.Get("user_id") == t.Person) {
			threads = append(threads, t)
		}
	}
	last := func(t *Thread) Message { return t.Messages[len(t.Messages)-1] }
	slices.SortFunc(threads, func(a, b *Thread) int {
		if c := last(b).At.Compare(last(a).At); c != 0 {
			return c
		}
		return strings.Compare(a.Person, b.Person)
	})
	var ids []string
	for _, t := range threads {
		ids = append(ids, "t:"+account+":"+t.Person)
	}
	page, paging, failed := s.cut(ids, query)
	if failed != nil {
		return nil, failed
	}
	data := []object{}
	for _, id := range page {
		messages, failed := s.messages(id, url.Values{})
		if failed != nil {
			return nil, failed
		}
		_, person, _ := strings.Cut(strings.TrimPrefix(id, "t:"), ":")
		data = append(data, object{"id": id, "updated_time": last(s.thread(account, person)).At.Format(graphTime), "messages": messages, "participants": object{"data": []object{
			{"id": person, "name": s.name(person)}, {"id": account},
		}}})
	}
	return object{"data": data, "paging": paging}, nil
}

func (s *Server) messages(conversation string, query url.Values) (any, *problem) {
	account, person, _ := strings.Cut(strings.TrimPrefix(conversation, "t:"), ":")
	t := s.state.Threads[account+"/"+person]
	if t == nil {
		return nil, &noObject
	}
	var ids []string
	by := map[string]Message{}
	for _, m := range slices.Backward(t.Messages) {
		if m.Unseen {
			continue
		}
		ids = append(ids, m.ID)
		by[m.ID] = m
	}
	page, paging, failed := s.cut(ids, query)
	if failed != nil {
		return nil, failed
	}
	data := []object{}
	for _, id := range page {
		m := by[id]
		v := object{"id": m.ID, "created_time": m.At.Format(graphTime), "message": m.Text, "from": object{"id": m.From, "name": t.Name}}
		if m.File != "" {
			v["attachments"] = object{"data": []object{{"mime_type": "image/png", "name": path.Base(m.File), "image_data": object{"url": m.File}}}}
		}
		data = append(data, v)
	}
	return object{"data": data, "paging": paging}, nil
}
