package forms

import (
	"net/http"
)

// confirm tells the person, or the program, that a message is durable.
func (s *server) confirm(w http.ResponseWriter, r *http.Request, form *form, lang string, got received) {
	if !wantsJSON(r) {
		s.render(w, http.StatusOK, s.pages.receipt, s.receiptView(form, lang, got))
		return
	}
	answer := struct {
		Receipt   string        `json:"receipt"`
		ContactID string        `json:"contactId"`
		Next      string        `json:"next"`
		Busy      bool          `json:"busy,omitempty"`
		Open      []jsonProblem `json:"open,omitempty"` // taken all the same
	}{Receipt(got.id), got.id, form.next(lang), got.busy, s.inJSON(form, lang, got.problems)}
	writeJSON(w, http.StatusCreated, answer)
}

// jsonError is the body of every error for a program.
type jsonError struct {
	Error struct {
		Code    string        `json:"code"`
		Message string        `json:"message"`
		Fields  []jsonProblem `json:"fields,omitempty"`
	} `json:"error"`
}

// jsonProblem is one problem with a field or a file; field is empty when none
// is to blame.
type jsonProblem struct {
	Field   string `json:"field,omitempty"`
	Code    string `json:"code"`
	File    string `json:"file,omitempty"`
	Message string `json:"message"`
}

func (s *server) inJSON(form *form, lang string, problems []problem) []jsonProblem {
	var list []jsonProblem
	for _, p := range problems {
		list = append(list, jsonProblem{p.Field, p.Code, p.File, s.config.message(form, p, lang)})
	}
	return list
}

func writeError(w http.ResponseWriter, status int, code, message string, fields []jsonProblem) {
	var body jsonError
	body.Error.Code, body.Error.Message, body.Error.Fields = code, message, fields
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked is gone
}

// sendBack asks the person to mend what is wrong.
func (s *server) sendBack(w http.ResponseWriter, r *http.Request, form *form, lang string, sent *submission, problems []problem) {
	status := http.StatusUnprocessableEntity
	if problems[len(problems)-1].Code == "too_large" {
		status = http.StatusRequestEntityTooLarge
	}
	if wantsJSON(r) {
		writeError(w, status, "invalid", say(lang, "error.summary"), s.inJSON(form, lang, problems))
		return
	}
	s.render(w, status, s.pages.form, s.view(form, lang, sent, problems))
}

// unavailable says that nothing can be stored now, and gives everything back.
func (s *server) unavailable(w http.ResponseWriter, r *http.Request, form *form, lang string, sent *submission) {
	if wantsJSON(r) {
		writeError(w, http.StatusServiceUnavailable, "unavailable", say(lang, "trouble.unavailable"), nil)
		return
	}
	view := s.view(form, lang, sent, nil)
	view.Trouble = "unavailable"
	s.render(w, http.StatusServiceUnavailable, s.pages.form, view)
}

// trouble says that a request is not taken. form is nil when there is none.
func (s *server) trouble(w http.ResponseWriter, r *http.Request, form *form, lang string, why *fault) {
	if wantsJSON(r) {
		writeError(w, why.status, why.code, why.detail, nil)
		return
	}
	view := s.baseView(form, lang)
	view.Trouble, view.Title = why.code, say(lang, "trouble."+why.code)
	s.render(w, why.status, s.pages.trouble, view)
}
