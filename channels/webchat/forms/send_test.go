package forms_test

import (
	"testing"

	"contactd/contact"
)

func TestAPageIsFilledInAndAReceiptComesBack(t *testing.T) {
	s := open(t, nil)
	page := s.get("/forms/contact-us").is(200).says("If someone is in danger now, call 999", "Contact us", "Your message")
	got := s.post("/forms/contact-us?lang=en", "_id", page.value("_id"), "about", "question", "message", "When do you open?",
		"name", "Jo Bloggs", "email", "jo@example.org", "phone", "01632 960 001", "safe", "no").is(200)
	m := s.only()
	got.says("We have received what you sent", "What happens next")
	if code := got.receipt(); code == "" || m.Fields[len(m.Fields)-1] != (contact.Field{Name: "_receipt", Label: "Receipt code", Value: code}) {
		t.Errorf("receipt %q, fields %+v", code, m.Fields)
	}
}
