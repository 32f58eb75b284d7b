package forms_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/webchat/forms"
	"contactd/channels/webchat/upload"
	"contactd/contact"
)

// begin is the time on the clock of a test.
var begin = time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)

// site is a server with forms, and what was taken there.
type site struct {
	t     testing.TB
	forms *forms.Forms
	inbox *channelstest.Inbox
	blobs *channelstest.Blobs
	http  *httptest.Server
	log   bytes.Buffer
	clock time.Time
}

// open serves the ready forms; change, if any, changes the configuration.
func open(t testing.TB, change func(*forms.Config, *forms.Deps)) *site {
	t.Helper()
	s := &site{t: t, inbox: &channelstest.Inbox{}, blobs: &channelstest.Blobs{}, clock: begin}
	ready, err := forms.Ready()
	if err != nil {
		t.Fatal(err)
	}
	config := forms.Config{
		Forms:   ready,
		Sites:   []forms.Site{{Name: "main", Origins: []string{"https://www.force.example"}, ExitURL: "https://weather.example/"}},
		Uploads: forms.Uploads{Limits: upload.Limits{FileBytes: 100_000}, PerMessage: 2},
	}
	deps := forms.Deps{
		Blobs: s.blobs, Now: func() time.Time { return s.clock }, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
		Urgent:  func(text string) bool { return strings.Contains(strings.ToLower(text), "knife") },
		Address: func(*http.Request) netip.Addr { return netip.Addr{} },
	}
	if change != nil {
		change(&config, &deps)
	}
	if s.forms, err = forms.New(config, deps); err != nil {
		t.Fatal(err)
	}
	s.http = httptest.NewServer(s.forms.Handler(s.inbox))
	t.Cleanup(s.http.Close)
	return s
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// do sends a request; edit, if any, changes it.
func (s *site) do(method, path, mediaType, body string, edit ...func(*http.Request)) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.http.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	for _, each := range edit {
		each(r)
	}
	response, err := s.http.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{s.t, response.StatusCode, response.Header, string(text)}
}

func (s *site) get(path string) answer { s.t.Helper(); return s.do("GET", path, "", "") }

const urlencoded = "application/x-www-form-urlencoded"

// post sends pairs of name and value as a page does.
func (s *site) post(path string, pairs ...string) answer {
	s.t.Helper()
	return s.do("POST", path, urlencoded, encode(pairs...))
}

func encode(pairs ...string) string {
	var body strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			body.WriteByte('&')
		}
		body.WriteString(url.QueryEscape(pairs[i]) + "=" + url.QueryEscape(pairs[i+1]))
	}
	return body.String()
}

// sendJSON sends a body as a program does.
func (s *site) sendJSON(path, body string, edit ...func(*http.Request)) answer {
	s.t.Helper()
	return s.do("POST", path, "application/json", body, edit...)
}

// part is one part of a page with files; a file has a fileName.
type part struct{ name, fileName, mediaType, body string }

// upload sends parts as a page with files does.
func (s *site) upload(path string, parts ...part) answer {
	s.t.Helper()
	body, mediaType := packed(s.t, parts...)
	return s.do("POST", path, mediaType, body)
}

func packed(t testing.TB, parts ...part) (body, mediaType string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, p := range parts {
		header := textproto.MIMEHeader{}
		disposition := `form-data; name="` + p.name + `"`
		if p.fileName != "" {
			disposition += `; filename="` + p.fileName + `"`
			header.Set("Content-Type", p.mediaType)
		}
		header.Set("Content-Disposition", disposition)
		to, err := w.CreatePart(header)
		if err == nil {
			_, err = io.WriteString(to, p.body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), w.FormDataContentType()
}

// is fails the test unless the answer has a status.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// says fails the test unless the answer's text has all of these.
func (a answer) says(texts ...string) answer {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.text(), text) {
			a.t.Errorf("%q is not on the page:\n%s", text, a.text())
		}
	}
	return a
}

// text is what a person reads.
func (a answer) text() string {
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		return a.body
	}
	var out strings.Builder
	for node := range a.page().Descendants() {
		if node.Type == html.TextNode {
			out.WriteString(node.Data)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func (a answer) page() *html.Node {
	a.t.Helper()
	page, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	return page
}

// element is the first element that has these attributes: pairs of name and
// value.
func (a answer) element(pairs ...string) *html.Node {
	a.t.Helper()
	for node := range a.page().Descendants() {
		found := node.Type == html.ElementNode
		for i := 0; i < len(pairs); i += 2 {
			found = found && attribute(node, pairs[i]) == pairs[i+1]
		}
		if found {
			return node
		}
	}
	a.t.Fatalf("no element has %v:\n%s", pairs, a.body)
	return nil
}

func attribute(node *html.Node, name string) string {
	for _, each := range node.Attr {
		if each.Key == name {
			return each.Val
		}
	}
	return ""
}

// value is what stands in the field of a page.
func (a answer) value(name string) string {
	a.t.Helper()
	node := a.element("name", name)
	if node.Data == "textarea" {
		if node.FirstChild == nil {
			return ""
		}
		return node.FirstChild.Data
	}
	return attribute(node, "value")
}

// receipt is the code on the page or in the JSON.
func (a answer) receipt() string {
	a.t.Helper()
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		var got struct{ Receipt string }
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			a.t.Fatal(err)
		}
		return got.Receipt
	}
	return a.element("class", "code").FirstChild.Data
}

// taken returns all messages that were taken, as they are read.
func (s *site) taken() (messages []contact.Message) {
	s.t.Helper()
	for _, original := range s.inbox.Accepted() {
		messages = append(messages, s.read(original))
	}
	return messages
}

func (s *site) read(original channels.Original) contact.Message {
	s.t.Helper()
	message, err := s.forms.Read(s.t.Context(), original)
	if err != nil {
		s.t.Fatal(err)
	}
	return message
}

// only is the one message that was taken.
func (s *site) only() contact.Message {
	s.t.Helper()
	messages := s.taken()
	if len(messages) != 1 {
		s.t.Fatalf("%d messages were taken, want 1", len(messages))
	}
	return messages[0]
}

// The first bytes of files, which say what they are.
const (
	png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
	mp4 = "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
)
