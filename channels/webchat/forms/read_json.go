package forms

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// readJSON reads what a program sends:
//
//	{"id": "…", "lang": "cy", "fields": {"name": "…", "kinds": ["…", "…"]}}
//
// id is at least 16 characters that no other submission has, such as a UUID;
// key, the header Idempotency-Key, may stand for it, and neither is needed. Of a doubled
// name different readers would believe different values, so it is refused.
func readJSON(body io.Reader, key string) (s *submission, lang string, err error) {
	s = newSubmission()
	text, err := readAll(body)
	if err != nil {
		return s, "", err
	}
	r := jsonReader{tokens: json.NewDecoder(strings.NewReader(text))}
	if !utf8.ValidString(text) {
		return s, "", unlikeJSON("want UTF-8")
	}
	r.tokens.UseNumber()
	id := ""
	err = r.object(func(name string) error {
		switch name {
		case "id":
			return r.text(&id)
		case "lang":
			return r.text(&lang)
		case "fields":
			return r.object(func(field string) error { return r.values(s, field) })
		default:
			return unlikeJSON("known here are id, lang and fields alone")
		}
	})
	if err != nil {
		return s, lang, err
	}
	if _, err := r.tokens.Token(); !errors.Is(err, io.EOF) {
		return s, lang, unlikeJSON("want one object and nothing after it")
	}
	return s, lang, s.named(id, key)
}

// named takes the id that a program has given its submission.
func (s *submission) named(id, key string) error {
	if len(key) > 1 { // a quoted string in the draft of the header
		key = strings.TrimSuffix(strings.TrimPrefix(key, `"`), `"`)
	}
	switch {
	case id != "" && key != "" && id != key:
		return &fault{400, "unreadable", "id and Idempotency-Key differ"}
	case id == "":
		id = key
	}
	if id == "" {
		id = freshID()
	}
	if !idForm.MatchString(id) {
		return &fault{400, "unreadable", "id: want 16 to 128 letters, digits, dashes, dots, colons or underscores, such as a UUID"}
	}
	s.id = id
	return nil
}

func unlikeJSON(detail string) error { return &fault{400, "unreadable", "read JSON: " + detail} }

// jsonReader walks through the tokens of a JSON text. It goes no deeper than it
// is told, so nothing nests.
type jsonReader struct{ tokens *json.Decoder }

func (r jsonReader) next() (json.Token, error) {
	token, err := r.tokens.Token()
	if err != nil {
		return nil, unlikeJSON("it is broken") // the cause would quote it
	}
	return token, nil
}

// object calls each for every name of an object; each reads the value.
func (r jsonReader) object(each func(name string) error) error {
	token, err := r.next()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return unlikeJSON("want an object")
	}
	seen := map[string]bool{}
	for {
		token, err := r.next()
		if err != nil || token == json.Delim('}') {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			return unlikeJSON("a name stands twice")
		}
		seen[name] = true
		if len(seen) > pairLimit {
			return &fault{413, "too_large", "too many fields"}
		}
		if err := each(name); err != nil {
			return err
		}
	}
}

func (r jsonReader) text(into *string) error {
	token, err := r.next()
	if err != nil {
		return err
	}
	text, ok := token.(string)
	if !ok {
		return unlikeJSON("id and lang are texts")
	}
	*into = text
	return nil
}

// values reads one answer: a text, or a list of texts. A date is "2026-03-27".
func (r jsonReader) values(s *submission, field string) error {
	if strings.HasPrefix(field, "_") {
		return unlikeJSON("no field begins with an underscore")
	}
	token, err := r.next()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case nil:
		return nil
	case string:
		return s.add(field, token)
	case json.Delim:
		if token != '[' {
			return unlikeJSON("an answer is a text or a list of texts")
		}
	default:
		return unlikeJSON("an answer is a text or a list of texts")
	}
	for {
		token, err := r.next()
		if err != nil || token == json.Delim(']') {
			return err
		}
		text, ok := token.(string)
		if !ok {
			return unlikeJSON("an answer is a text or a list of texts")
		}
		if err := s.add(field, text); err != nil {
			return err
		}
	}
}

// marshal writes JSON without escaping what only HTML minds.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return out.Bytes(), err
}
