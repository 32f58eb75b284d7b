package form

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"contactd/channels/email/mail"
	"contactd/contact"
)

var update = flag.Bool("update", false, "write what was read into testdata")

// crime is a form as a force would configure it.
func crime() Config {
	return Config{Sender: "forms@online.example", Name: "crime report", Fields: []Field{
		{Label: "Your details", Role: AsHeading},
		{Label: "First name", Role: AsName},
		{Label: "Last name", Role: AsName},
		{Label: "Email address", Role: AsEmail},
		{Label: "Contact number", Role: AsPhone},
		{Label: "Is it safe to contact you?", Name: "safe", Role: AsSafe},
		{Label: "What happened", Role: AsHeading},
		{Label: "Where did it happen?", Name: "where", Role: AsLocation},
		{Label: "When did it happen?", Name: "when"},
		{Label: "Describe what happened"},
		{Label: "Suspect: description"},
	}}
}

// read reads a mail and applies the form.
func read(t testing.TB, raw []byte) contact.Message {
	t.Helper()
	message, err := mail.New(mail.Config{Addresses: []string{"contact@force.example"}, AuthservID: "mx.force.example"}, nil).Read(t.Context(), bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return Apply([]Config{{Sender: "other@online.example", Fields: []Field{{Label: "First name"}}}, crime()}, message)
}

// seen is what want.json shows of a message.
type seen struct {
	Kind          string             `json:",omitempty"`
	Sender        contact.Sender     `json:",omitzero"`
	Fields        []contact.Field    `json:",omitempty"`
	Emails        []string           `json:",omitempty"`
	Phones        []string           `json:",omitempty"`
	Locations     []contact.Location `json:",omitempty"`
	SafeToContact string             `json:",omitempty"`
	Automatic     contact.Automatic  `json:",omitempty"`
	Flags         []contact.Flag     `json:",omitempty"`
	Participants  []string           `json:",omitempty"`
	AnswerTo      []string           `json:",omitempty"`
	Reason        string             `json:",omitempty"`
}

// TestReportsOfFormsAreRead reads the cases of testdata and compares with what
// a person checked; -update rewrites want.json.
func TestReportsOfFormsAreRead(t *testing.T) {
	mails, err := filepath.Glob("testdata/*/mail.eml")
	if err != nil || len(mails) < 10 {
		t.Fatalf("found %d cases: %v", len(mails), err)
	}
	for _, path := range mails {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m := read(t, raw)
			got, err := json.MarshalIndent(seen{
				m.Channel.Kind, m.Sender, m.Fields, m.Emails, m.Phones, m.Locations, m.SafeToContact, m.Automatic, m.Flags,
				m.Thread.Participants, m.Answer.Rules.To, m.Answer.Rules.Reason,
			}, "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			wantPath := filepath.Join(filepath.Dir(path), "want.json")
			if *update {
				if err := os.WriteFile(wantPath, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(wantPath)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("read\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestTheTextOfAReportStaysWhole(t *testing.T) {
	raw, err := os.ReadFile("testdata/labels_with_colons/mail.eml")
	if err != nil {
		t.Fatal(err)
	}
	m := read(t, raw)
	_, body, _ := bytes.Cut(raw, []byte("\n\n"))
	if m.Text != strings.TrimSpace(string(body)) {
		t.Errorf("text is\n%s", m.Text)
	}
}

func TestDashesInAnAnswerLoseNoneBelowThem(t *testing.T) {
	text := strings.Join([]string{
		"First name: Ann", "Describe what happened: He shouted", "--", "and came back", "Is it safe to contact you? No", "Contact number: 07700 900123", "Where did it happen? Here",
		"--", "Sent by Online Reports", "First name: of nobody",
	}, "\n")
	m := Apply([]Config{crime()}, contact.Message{Text: text, Subject: "Crime report 1", Sender: contact.Sender{Address: "forms@online.example"}})
	want := []contact.Field{
		{Name: "first_name", Label: "First name", Value: "Ann"},
		{Name: "describe_what_happened", Label: "Describe what happened", Value: "He shouted\n--\nand came back"},
		{Name: "safe", Label: "Is it safe to contact you?", Value: "No"},
		{Name: "contact_number", Label: "Contact number", Value: "07700 900123"},
		{Name: "where", Label: "Where did it happen?", Value: "Here"},
	}
	if !slices.Equal(m.Fields, want) {
		t.Errorf("read %+v", m.Fields)
	}
	// What stands below dashes may be a signature after all: a person looks.
	if m.SafeToContact != "no" || len(m.Phones) > 0 || len(m.Locations) != 1 || m.Sender.Name != "Ann" || !slices.Contains(m.Flags, contact.ParseDegraded) {
		t.Errorf("safe %q, phones %v, sender %+v, flags %v", m.SafeToContact, m.Phones, m.Sender, m.Flags)
	}
}

// With each answer compared to all others, this would take minutes.
func TestAHundredThousandAnswersAreReadInOneGo(t *testing.T) {
	const lines = 100_000
	text := strings.Repeat("Last name: x\n", lines) + "Email address: jo@example.org\n"
	m := Apply([]Config{crime()}, contact.Message{Text: text, Subject: "Crime report 1", Sender: contact.Sender{Address: "forms@online.example"}})
	if len(m.Fields) != lines+1 || m.Sender.Name != "" || !slices.Equal(m.Emails, []string{"jo@example.org"}) {
		t.Errorf("%d fields, sender %+v, mails %v", len(m.Fields), m.Sender, m.Emails)
	}
}

func TestAllProblemsOfAFormAreTold(t *testing.T) {
	err := Config{Sender: "x", Fields: []Field{{Label: "A:"}, {Label: " a "}, {}, {Label: "b", Role: "c"}}}.Validate()
	for _, want := range []string{"sender: ", "fields[1].label: ", "fields[2].label: ", "fields[3].role: "} {
		if err == nil || !strings.Contains("\n"+err.Error(), "\n"+want) {
			t.Errorf("%q is not told in %v", want, err)
		}
	}
	if err := crime().Validate(); err != nil {
		t.Error(err)
	}
}

// FuzzReport reads any text as a report: fields have configured names and
// texts of the mail, and nobody else becomes the sender.
func FuzzReport(f *testing.F) {
	mails, err := filepath.Glob("testdata/*/mail.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range mails {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		_, body, _ := strings.Cut(string(raw), "\n\n")
		f.Add(body)
	}
	f.Add("First name\t\t:\nFirst name::x\nEmail address: <a@b>, c@d\n--\nLast name: y")
	c := crime()
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		before := contact.Message{Text: text, Subject: "Crime report 1", Sender: contact.Sender{Address: c.Sender}}
		m := Apply([]Config{c}, before)
		if m.Text != text {
			t.Error("the text was changed")
		}
		if (m.Channel.Kind == Kind) == slices.Contains(m.Flags, contact.ParseDegraded) && len(m.Fields) == 0 {
			t.Errorf("neither read nor flagged: %+v", m)
		}
		for _, field := range m.Fields {
			if field.Value == "" || len(field.Value) > len(text) || !slices.ContainsFunc(c.Fields, func(f Field) bool { return f.name() == field.Name }) {
				t.Errorf("field %+v", field)
			}
		}
		if to := m.Answer.Rules.To; len(to) > 0 && (!strings.Contains(text, to[0]) || strings.ContainsAny(to[0], "\r\n")) {
			t.Errorf("answers go to %q", to)
		}
		if len(m.Emails) > 0 && strings.Count(strings.ToLower(text), "email address") > 1 && m.Channel.Kind == Kind && !slices.Contains(m.Flags, contact.ParseDegraded) {
			labels := 0
			for _, each := range c.parse(text) {
				if each.field.Role == AsEmail {
					labels++
				}
			}
			if labels > 1 {
				t.Error("one of several addresses was believed")
			}
		}
	})
}
