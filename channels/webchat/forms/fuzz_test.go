package forms_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/webchat/forms"
	"contactd/contact"
)

// anyBody sends a body to a form with questions of every kind. Whatever it is,
// the answer is one of ours, and what was taken can be read.
func anyBody(f *testing.F, mediaType string) {
	config := forms.Config{Sites: mainSite}
	oneOfEach(&config, nil)
	blobs := &forgetful{}
	made, err := forms.New(config, forms.Deps{
		Blobs: blobs, Urgent: func(text string) bool { return strings.Contains(text, "knife") },
		Address: func(*http.Request) netip.Addr { return netip.Addr{} }, // nobody waits for being one of many
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		inbox := &channelstest.Inbox{}
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/forms/all?lang=en", bytes.NewReader(body))
		r.Header.Set("Content-Type", mediaType)
		w := httptest.NewRecorder()
		made.Handler(inbox).ServeHTTP(w, r)
		taken := inbox.Accepted()
		switch w.Code {
		case 200, 201:
			if len(taken) != 1 {
				t.Fatalf("a receipt for %d messages", len(taken))
			}
		case 400, 413, 422, 503:
			if len(taken) != 0 {
				t.Fatalf("status %d, and %d messages", w.Code, len(taken))
			}
		default:
			t.Fatalf("status %d", w.Code)
		}
		inert(t, w.Result().Header, w.Body.String())
		for _, original := range taken {
			whole(t, made, original)
		}
	})
}

// inert fails the test when an answer is not JSON, or a page with elements that
// we have not put there.
func inert(t *testing.T, header http.Header, body string) {
	if strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		if !json.Valid([]byte(body)) {
			t.Fatalf("no JSON: %s", body)
		}
		return
	}
	page, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for node := range page.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		if isExit(node) {
			continue
		}
		switch node.Data {
		case "script", "img", "iframe", "object", "style", "svg", "base":
			t.Fatalf("a %s on the page:\n%s", node.Data, body)
		}
		for _, each := range node.Attr {
			if strings.HasPrefix(each.Key, "on") || each.Key == "style" || strings.HasPrefix(each.Val, "javascript:") {
				t.Fatalf("%s=%q on the page", each.Key, each.Val)
			}
		}
	}
}

// isExit reports whether an element is the script that every page has, and no
// more than that.
func isExit(node *html.Node) bool {
	return node.Data == "script" && node.FirstChild == nil && slices.Equal(node.Attr, []html.Attribute{{Key: "src", Val: "/forms/exit.js"}, {Key: "defer"}})
}

// whole fails the test when a message lacks something that readers rely on.
func whole(t *testing.T, made *forms.Forms, original channels.Original) {
	m, err := made.Read(t.Context(), original)
	if err != nil {
		t.Fatal(err)
	}
	if m.Text == "" || m.Authored == "" || !utf8.ValidString(m.Text) || m.ID != contact.MessageID("webchat", "main", original.ID) {
		t.Fatalf("%+v", m)
	}
	for _, field := range m.Fields {
		if field.Label == "" || strings.ContainsAny(field.Label, "\r\n\x00") || strings.ContainsAny(field.Value, "\r\x00") {
			t.Fatalf("%+v", field)
		}
	}
	if len(m.Answer.Address) > contact.AnswerLimit || strings.ContainsAny(m.Answer.Address+m.Sender.Name, "\r\n") {
		t.Fatalf("%+v", m.Answer)
	}
}

// forgetful stores nothing, so that a long run fills no memory.
type forgetful struct{ channelstest.Blobs }

func (b *forgetful) Store(_ context.Context, r io.Reader) (contact.Blob, error) {
	size, err := io.Copy(io.Discard, r)
	return contact.Blob{SHA256: strings.Repeat("0", 64), Size: size}, err
}

func FuzzJSONIsTakenOrRefused(f *testing.F) {
	for _, seed := range []string{
		`{"id":"0123456789abcdef","lang":"cy","fields":{"text":"x","checkboxes":["a","b"],"date":"2026-11-24","safe":"no"}}`,
		`{"fields":{"email":"jo@example.org","phone":"01632 960 001","postcode":"de12ab","time":"2.30pm"}}`,
		`{"fields":{"text":"knife","email":"x","select":"?"}}`, `{"fields":{"text":["x","y"]}}`, `{"fields":{"\u0000":"\ud800"}}`, `{}`, `[`, `{"fields":{"date-day":"1"}}`,
	} {
		f.Add([]byte(seed))
	}
	anyBody(f, "application/json")
}

func FuzzAPageIsTakenOrRefused(f *testing.F) {
	for _, seed := range []string{
		"_id=0123456789abcdef&text=x&checkboxes=a&checkboxes=b&date-day=24&date-month=11&date-year=2026", "text=%3Cscript%3E", "textarea=knife&email=x&date-day=x",
		"text=a&text=b", "%00=%ff", "a=%", "&&&=", "date=2026-11-24", "_kept=e30.e30&text=x", "phone=%2B44&time=9am&postcode=sw1a1aa", "other=1&text=x",
	} {
		f.Add([]byte(seed))
	}
	anyBody(f, urlencoded)
}

func FuzzPartsAreTakenOrRefused(f *testing.F) {
	for _, parts := range [][]part{
		{{name: "text", body: "x"}, {name: "file", fileName: "a.png", mediaType: "image/png", body: png}},
		{{name: "text", body: "knife"}, {name: "file", fileName: "../a.svg", mediaType: "image/svg+xml", body: "<svg/>"}},
		{{name: "file", fileName: "empty", mediaType: "image/png"}, {name: "elsewhere", fileName: "b.pdf", mediaType: "application/pdf", body: "%PDF-1.7"}},
		{{name: "_kept", body: "x"}, {name: "a\"b", body: "x"}},
	} {
		body, mediaType := packed(f, parts...)
		_, boundary, _ := strings.Cut(mediaType, "boundary=")
		f.Add([]byte(strings.ReplaceAll(body, boundary, "x")))
	}
	anyBody(f, "multipart/form-data; boundary=x")
}

func FuzzAnOriginalIsReadOrRefused(f *testing.F) {
	made, err := forms.New(forms.Config{}, forms.Deps{Blobs: &channelstest.Blobs{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"version":1,"form":"a","account":"main","id":"x","answers":[{"name":"a","label":"A","role":"safe","values":["no"]}]}`), "form/a/x/0")
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		m, err := made.Read(t.Context(), channels.Original{Channel: "webchat", Account: "main", ID: id, MediaType: forms.MediaType, Bytes: body})
		if err == nil && m.ID == "" {
			t.Error("a message without identity")
		}
	})
}
