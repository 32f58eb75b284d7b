package xtest

import (
	"net/http"
	"slices"
	"strings"
)

// Media is a picture ("photo") or film ("video").
type Media struct {
	ID, Type, Name string
	Content        []byte
}

// The paths of files. Pictures and films of posts anybody may have; those of
// direct messages are for who takes part.
const (
	picturePath = "/media/"
	filmPath    = "/vid/" // rate and name follow
	tonPath     = "/1.1/ton/data/dm/"
	apiPath     = "/2/dm_conversations/media/"
)

// Media keeps a picture or film and returns its id.
func (s *Server) Media(kind, name string, content []byte) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	m := &Media{ID: s.id(), Type: kind, Name: name, Content: content}
	s.state.Media[m.ID] = m
	return m.ID
}

// Remove makes a file unavailable.
func (s *Server) Remove(media string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Media[media].Content = nil
}

func isMedia(path string) bool {
	return slices.ContainsFunc([]string{picturePath, filmPath, tonPath, apiPath}, func(each string) bool { return strings.HasPrefix(path, each) })
}

// serveMedia answers a file, of a direct message to who takes part alone.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	m, status := s.media(r)
	s.mutex.Unlock()
	switch {
	case status == http.StatusOK && m != nil && m.Content != nil:
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(m.Content)
	case status == http.StatusOK:
		http.Error(w, "not found", http.StatusNotFound)
	default:
		http.Error(w, http.StatusText(status), status)
	}
}

// media is the file that a request asks for, and whether it may. The caller
// holds mutex.
func (s *Server) media(r *http.Request) (*Media, int) {
	path, ton := strings.CutPrefix(r.URL.Path, tonPath)
	path, api := strings.CutPrefix(path, apiPath)
	if !ton && !api {
		name := path[strings.LastIndex(path, "/")+1:]
		for _, m := range s.state.Media {
			if m.Name == name && !s.private(m.ID) {
				return m, http.StatusOK
			}
		}
		return nil, http.StatusOK
	}
	parts := strings.Split(path, "/")
	if len(parts) != 3 || s.state.Media[parts[1]] == nil || s.state.Media[parts[1]].Name != parts[2] {
		return nil, http.StatusNotFound
	}
	who := s.signer(r, nil)
	if who == nil || ton && strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		return nil, http.StatusUnauthorized // the older host takes OAuth 1.0a alone
	}
	takesPart := slices.ContainsFunc(s.state.DMs, func(d *DM) bool {
		return d.ID == parts[0] && d.Media == parts[1] && (d.From == who.User || d.To == who.User)
	})
	if !takesPart {
		return nil, http.StatusForbidden
	}
	return s.state.Media[parts[1]], http.StatusOK
}

func (s *Server) private(id string) bool {
	return slices.ContainsFunc(s.state.DMs, func(d *DM) bool { return d.Media == id })
}

// address is where a file is, of a direct message or of a post.
func (s *Server) addressOf(m *Media, d *DM) string {
	if d != nil {
		return s.URL() + tonPath + d.ID + "/" + m.ID + "/" + m.Name
	}
	return s.URL() + picturePath + m.Name
}

// films are the forms of a film, with the rate under the word of the dialect.
func (s *Server) films(m *Media, rate string) []object {
	return []object{
		{"content_type": "application/x-mpegURL", "url": s.URL() + filmPath + "list/" + m.Name + ".m3u8"},
		{rate: 256_000, "content_type": "video/mp4", "url": s.URL() + filmPath + "256/small-" + m.Name},
		{rate: 2_176_000, "content_type": "video/mp4", "url": s.URL() + filmPath + "2176/" + m.Name},
	}
}

func (s *Server) v1Media(m *Media, d *DM) object {
	o := object{"id": number(m.ID), "id_str": m.ID, "type": m.Type, "url": "https://t.co/" + m.ID, "media_url_https": s.addressOf(m, d)}
	if m.Type == "video" {
		o["media_url_https"] = s.URL() + picturePath + "preview-" + m.Name
		o["video_info"] = object{"variants": s.films(m, "bitrate")}
	}
	return o
}

func (s *Server) keys(ids []string) []string {
	var keys []string
	for _, id := range ids {
		keys = append(keys, key(s.state.Media[id]))
	}
	return keys
}

// key names a medium in v2; a number of its kind comes first.
func key(m *Media) string {
	if m.Type == "video" {
		return "7_" + m.ID
	}
	return "3_" + m.ID
}

func (s *Server) v2Media(ids []string) []any {
	var all []any
	for _, id := range ids {
		all = append(all, s.v2Medium(s.state.Media[id], nil))
	}
	return all
}

func (s *Server) v2DMMedia(d *DM) []any {
	if d.Media == "" {
		return nil
	}
	return []any{s.v2Medium(s.state.Media[d.Media], d)}
}

func (s *Server) v2Medium(m *Media, d *DM) object {
	if m.Type == "video" {
		return object{"media_key": key(m), "type": m.Type, "preview_image_url": s.URL() + picturePath + "preview-" + m.Name, "variants": s.films(m, "bit_rate")}
	}
	return object{"media_key": key(m), "type": m.Type, "url": s.addressOf(m, d)}
}
