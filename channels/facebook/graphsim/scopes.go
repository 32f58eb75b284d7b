package graphsim

import "net/http"

// everyScope are the permissions of a token that may do everything.
func everyScope() []string {
	return []string{"pages_show_list", "pages_manage_metadata", "pages_messaging", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"}
}

// Scopes sets the permissions that the token has; a new server's has all.
func (s *Server) Scopes(scopes ...string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.scopes = scopes
}

// needs is the permission that a call needs of a page's token. That of answers
// to comments is [recall], as in the channel.
func needs(method, edge string) string {
	write := method == http.MethodPost
	switch edge {
	case "subscribed_apps":
		return "pages_manage_metadata"
	case "messages", "conversations", "take_thread_control":
		return "pages_messaging"
	case "tagged", "ratings":
		return "pages_read_user_content"
	case "comments", "":
		if write {
			return "pages_manage_engagement"
		}
		return "pages_read_engagement"
	case "feed":
		return "pages_read_engagement"
	default:
		return ""
	}
}

// permitted says whether the token's permissions do for a call.
func (s *Server) permitted(method, id, edge string) *problem {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	scope := needs(method, edge)
	if a := s.state.Accounts[id]; a != nil && a.Object != "page" || id == "debug_token" || scope == "" {
		return nil // other platforms have permissions of their own
	}
	for _, each := range s.scopes {
		if each == scope {
			return nil
		}
	}
	return &problem{status: http.StatusForbidden, code: 200, message: "(#200) Requires " + scope + " permission to manage the object"}
}
