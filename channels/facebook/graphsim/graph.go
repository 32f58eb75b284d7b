package graphsim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

// problem is an error body of Meta's.
type problem struct {
	status, code, subcode int
	message               string
	transient             bool
}

func (p problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(object{"error": object{
		"message": p.message, "type": "OAuthException", "code": p.code, "error_subcode": p.subcode, "is_transient": p.transient, "fbtrace_id": "AbCdEfGh12",
	}})
}

// The errors that Meta answers with, as it words them.
var (
	badToken    = problem{status: 401, code: 190, message: "Invalid OAuth access token."}
	notAPages   = problem{status: 400, code: 190, message: "(#190) This method must be called with a Page Access Token"}
	badProof    = problem{status: 400, code: 100, message: "Invalid appsecret_proof provided in the API argument"}
	noObject    = problem{status: 400, code: 100, subcode: 33, message: "Unsupported request. Object does not exist."}
	badField    = problem{status: 400, code: 100, message: "Param subscribed_fields must be one of {feed, mention, ratings, messages, message_edits} - got "}
	badCursor   = problem{status: 400, code: 100, message: "Invalid cursor"}
	noPerson    = problem{status: 400, code: 100, subcode: 2018001, message: "No matching user found"}
	outside     = problem{status: 400, code: 10, subcode: 2018278, message: "This message is sent outside of allowed window."}
	noHuman     = problem{status: 400, code: 10, subcode: 2018065, message: "Human agent is not approved."}
	unreachable = problem{status: 400, code: 551, subcode: 1545041, message: "This person isn't available right now."}
	controlled  = problem{status: 400, code: 10, subcode: 2018300, message: "Message failed to send because another app is controlling this thread now."}
	notFirst    = problem{status: 403, code: 200, message: "(#200) Only the primary receiver can take thread control."}
	answered    = problem{status: 400, code: 10900, message: "Activity already replied to."}
	tooLong     = problem{status: 400, code: 100, message: "Length of param message[text] must be less than or equal to 2000"}
)

// answerCall answers a file, or a call of the Graph API.
func (s *Server) answerCall(w http.ResponseWriter, r *http.Request, body []byte) {
	if name, found := strings.CutPrefix(r.URL.Path, "/files/"); found {
		s.serveFile(w, name)
		return
	}
	s.answer(w, r, body)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.usage != "" {
		w.Header().Set("X-Business-Use-Case-Usage", s.usage)
	}
}

func (s *Server) serveFile(w http.ResponseWriter, name string) {
	s.mutex.Lock()
	content, there := s.state.Files[name]
	s.mutex.Unlock()
	if !there {
		http.Error(w, "URL signature expired", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", http.DetectContentType(content))
	_, _ = w.Write(content)
}

// answer does a call and writes the answer.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	system := token != "" && token == s.options.System
	if token != s.options.Token && !system {
		p := badToken
		p.message = "Malformed access token " + token // Meta quotes it
		p.write(w)
		return
	}
	mac := hmac.New(sha256.New, []byte(s.options.AppSecret))
	mac.Write([]byte(token))
	if r.URL.Query().Get("appsecret_proof") != hex.EncodeToString(mac.Sum(nil)) {
		badProof.write(w)
		return
	}
	if refused := s.spend(w, r); refused != nil {
		refused.write(w)
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 || !strings.HasPrefix(parts[0], "v") {
		noObject.write(w)
		return
	}
	id, edge := parts[1], strings.Join(parts[2:], "/")
	if r.Method == http.MethodGet && r.URL.Query().Get("fields") == "access_token" {
		s.givePageToken(w, id)
		return
	}
	if system && id != "debug_token" {
		notAPages.write(w)
		return
	}
	if failed := s.permitted(r.Method, id, edge); failed != nil {
		failed.write(w)
		return
	}
	var result any
	var failed *problem
	if r.Method == http.MethodPost {
		result, failed = s.write(id, edge, fieldsOf(r, body))
	} else {
		result, failed = s.read(id, edge, r.URL.Query())
	}
	if failed != nil {
		failed.write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(result)
}

// givePageToken gives a page's own token.
func (s *Server) givePageToken(w http.ResponseWriter, id string) {
	s.mutex.Lock()
	a := s.state.Accounts[id]
	s.mutex.Unlock()
	if a == nil || a.Object != "page" {
		noObject.write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object{"id": id, "access_token": s.options.Token})
}

// fieldsOf reads the fields of a body, JSON or a form.
func fieldsOf(r *http.Request, body []byte) object {
	fields := object{}
	mediaType, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType != "multipart/form-data" {
		_ = json.Unmarshal(body, &fields)
		return fields
	}
	form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(64 << 20)
	if err != nil {
		return fields
	}
	for key, values := range form.Value {
		var value any
		if json.Unmarshal([]byte(values[0]), &value) != nil {
			value = values[0]
		}
		fields[key] = value
	}
	for _, files := range form.File {
		fields["file"] = files[0].Filename
	}
	return fields
}
