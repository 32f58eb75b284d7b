package forms_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/webchat/forms"
	"contactd/contact"
)

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestWhatSomebodyTypedIsInert(t *testing.T) {
	s := open(t, nil)
	hostile := "</textarea><script>alert(1)</script>\u2028\"'><img src=x onerror=alert(1)>{{.ID}}"
	page := s.post("/forms/report-a-crime?lang=en", "what", hostile, "name", hostile, "email", hostile, "date-day", hostile, "_id", hostile, hostile, hostile, "_kept", hostile).is(422)
	if page.value("what") != hostile || page.value("name") != hostile || page.value("date-day") != hostile {
		t.Errorf("what was typed has changed:\n%s", page.body)
	}
	for node := range page.page().Descendants() {
		if node.Data == "script" && !isExit(node) || node.Data == "img" || attribute(node, "onerror") != "" {
			t.Errorf("it became an element:\n%s", page.body)
		}
	}
}

func TestEveryAnswerForbidsWhatIsNotOurs(t *testing.T) {
	s := open(t, nil)
	for _, got := range []answer{
		s.get("/forms/contact-us"), s.get("/forms/none"), s.get("/forms/"), s.get("/forms/form.css"), s.get("/forms/exit.js"), s.do("DELETE", "/forms/contact-us", "", ""), s.do("TRACE", "/forms/contact-us", "", ""),
		s.post("/forms/contact-us"), s.post("/forms/contact-us", "message", "x"), s.post("/forms/none"), s.sendJSON("/forms/contact-us", "{"),
		s.post("/forms/contact-us%0d%0aX-Evil:1", "a", "b"),
	} {
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff", "Set-Cookie": "", "X-Evil": "", "Access-Control-Allow-Origin": "",
		} {
			if got.header.Get(name) != want {
				t.Errorf("status %d: %s is %q", got.status, name, got.header.Get(name))
			}
		}
		if control := got.header.Get("Cache-Control"); control != "no-store" && control != "max-age=300" {
			t.Errorf("status %d: Cache-Control is %q", got.status, control)
		}
	}
}

func TestForeignPagesCannotSend(t *testing.T) {
	s := open(t, nil)
	host := strings.TrimPrefix(s.http.URL, "http://")
	for _, c := range []struct {
		name   string
		edit   []func(*http.Request)
		status int
	}{
		{"a program", nil, 200},
		{"our page", []func(*http.Request){header("Sec-Fetch-Site", "same-origin"), header("Origin", "null")}, 200},
		{"our page in an older browser", []func(*http.Request){header("Origin", s.http.URL)}, 200},
		{"our page in an old browser", []func(*http.Request){header("Referer", s.http.URL+"/forms/contact-us")}, 200},
		{"a page of the site", []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://www.force.example")}, 200},
		{"a page of the site in an old browser", []func(*http.Request){header("Referer", "https://www.force.example/contact")}, 200},
		{"a foreign page", []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example")}, 403},
		{"a neighbour", []func(*http.Request){header("Sec-Fetch-Site", "same-site"), header("Origin", "https://evil.force.example")}, 403},
		{"a foreign page in an older browser", []func(*http.Request){header("Origin", "https://evil.example")}, 403},
		{"a sandboxed page in an older browser", []func(*http.Request){header("Origin", "null")}, 403},
		{"a foreign page in an old browser", []func(*http.Request){header("Referer", "https://evil.example/")}, 403},
		{"one that looks like us", []func(*http.Request){header("Referer", "https://evil.example/?http://"+host)}, 403},
	} {
		if got := s.do("POST", "/forms/contact-us", urlencoded, "message=x", c.edit...); got.status != c.status {
			t.Errorf("%s: %d, want %d", c.name, got.status, c.status)
		}
	}
	if !strings.Contains(s.log.String(), "form refused") {
		t.Error("the refusals are not in the log")
	}
}

func TestProgramsOnPagesOfTheSiteMaySendJSON(t *testing.T) {
	s := open(t, nil)
	asked := s.do("OPTIONS", "/forms/contact-us", "", "", header("Origin", "https://www.force.example"), header("Access-Control-Request-Method", "POST")).is(204)
	sent := s.sendJSON("/forms/contact-us", `{"fields": {"message": "x"}}`, header("Origin", "https://www.force.example")).is(201)
	for _, got := range []answer{asked, sent} {
		if got.header.Get("Access-Control-Allow-Origin") != "https://www.force.example" || got.header.Get("Access-Control-Allow-Credentials") != "" || got.header.Get("Vary") != "Origin" {
			t.Errorf("%v", got.header)
		}
	}
	foreign := s.do("OPTIONS", "/forms/contact-us", "", "", header("Origin", "https://evil.example")).is(403)
	refused := s.sendJSON("/forms/contact-us", `{"fields": {"message": "x"}}`, header("Origin", "https://evil.example")).is(403)
	for _, got := range []answer{foreign, refused, s.do("OPTIONS", "/forms/none", "", "").is(403)} {
		if got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%v", got.header)
		}
	}
}

func TestWhatIsTooLargeOrBrokenIsRefusedWithAReason(t *testing.T) {
	s := open(t, nil)
	many := strings.Repeat("a=b&", 10_000)
	var manyJSON, manyParts strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&manyJSON, `"a%d":"b",`, i)
		fmt.Fprintf(&manyParts, "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n")
	}
	for _, c := range []struct {
		name, mediaType, body string
		status                int
	}{
		{"10,000 fields", urlencoded, many, 413},
		{"10,000 names in JSON", "application/json", `{"fields":{` + strings.TrimSuffix(manyJSON.String(), ",") + `}}`, 413},
		{"10,000 values in JSON", "application/json", `{"fields":{"about":[` + strings.Repeat(`"a",`, 10_000) + `"a"]}}`, 413},
		{"10,000 parts", "multipart/form-data; boundary=x", manyParts.String() + "--x--", 413},
		{"a page of 10 MB", urlencoded, "message=" + strings.Repeat("x", 10<<20), 413},
		{"JSON of 10 MB", "application/json", `{"fields":{"message":"` + strings.Repeat("x", 10<<20) + `"}}`, 413},
		{"a page of 10 MB in spaces", "application/json", strings.Repeat(" ", 10<<20), 413},
		{"broken escapes", urlencoded, "message=%zz", 400},
		{"no form at all", "text/plain", "message=x", 415},
		{"no type", "", "message=x", 415},
		{"two types", "application/json, text/html", "{}", 415},
		{"XML", "application/xml", "<a/>", 415},
		{"deep JSON", "application/json", `{"fields":` + strings.Repeat(`{"a":`, 100_000), 400},
		{"deep lists", "application/json", `{"fields":{"message":` + strings.Repeat(`[`, 100_000), 400},
		{"a list in a list", "application/json", `{"fields":{"message":[["x"]]}}`, 400},
		{"an object as an answer", "application/json", `{"fields":{"message":{"x":"y"}}}`, 400},
		{"a number as an answer", "application/json", `{"fields":{"message":4711}}`, 400},
		{"a doubled name", "application/json", `{"fields":{"message":"x","message":"y"}}`, 400},
		{"a doubled id", "application/json", `{"id":"0123456789abcdef","id":"fedcba9876543210","fields":{"message":"x"}}`, 400},
		{"an unknown name", "application/json", `{"fields":{"message":"x"},"admin":true}`, 400},
		{"our own names", "application/json", `{"fields":{"message":"x","_kept":"y"}}`, 400},
		{"a short id", "application/json", `{"id":"1","fields":{"message":"x"}}`, 400},
		{"two objects", "application/json", `{"fields":{"message":"x"}}{}`, 400},
		{"a list", "application/json", `[]`, 400},
		{"half an object", "application/json", `{"fields":{"message":"x"`, 400},
		{"bytes that are no text", "application/json", "{\"fields\":{\"message\":\"\xff\"}}", 400},
		{"no boundary", "multipart/form-data", "x", 400},
		{"no end", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nhello", 400},
		{"half a header", "multipart/form-data; boundary=x", "--x\r\nContent-Dispo", 400},
		{"no header", "multipart/form-data; boundary=x", "--x\r\n\r\nhello\r\n--x--", 422},
		{"another boundary", "multipart/form-data; boundary=y", "--x\r\n\r\nhello\r\n--x--", 400},
		{"a large header", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"" + strings.Repeat("a", 20<<20) + "\"\r\n\r\nhello\r\n--x--", 400},
		{"a file that breaks off", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.png\"\r\n\r\n" + png, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			program := s.do("POST", "/forms/contact-us", c.mediaType, c.body, header("Accept", "application/json"))
			var got struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal([]byte(program.body), &got); err != nil || program.status != c.status || got.Error.Code == "" || got.Error.Message == "" {
				t.Errorf("%d, want %d: %s", program.status, c.status, program.body)
			}
			if c.mediaType == "application/json" {
				return
			}
			page := s.do("POST", "/forms/contact-us", c.mediaType, c.body)
			if page.status != c.status || strings.Count(page.body, "<h1") != 1 || !strings.Contains(page.text(), "In danger, call 999") && c.status != 422 {
				t.Errorf("%d, want %d: %s", page.status, c.status, page.text())
			}
		})
	}
	if accepted := s.inbox.Accepted(); len(accepted) != 0 {
		t.Errorf("%d were taken", len(accepted))
	}
}

func TestATextThatIsFarTooLongIsCutAndSaidSo(t *testing.T) {
	s := open(t, nil)
	page := s.upload("/forms/report-a-crime?lang=en", part{name: "where", body: "Derby"}, part{name: "what", body: strings.Repeat("ŵ", 5<<20)}, part{name: "name", body: "Jo"}).
		is(422).says("“Tell us what happened” is far too long. It must have 5,000 characters or fewer")
	if page.value("where") != "Derby" || page.value("name") != "Jo" || len(page.body) > 200_000 {
		t.Errorf("a page of %d bytes", len(page.body))
	}
	s.upload("/forms/report-a-crime", part{name: "what", body: "A knife!" + strings.Repeat("x", 10<<20)}, part{name: "where", body: "Derby"}).is(200)
	if m := s.only(); len(m.Flags) != 2 || m.Flags[1] != contact.Oversize || len(m.Text) > 100_000 {
		t.Errorf("flags %v, %d bytes", m.Flags, len(m.Text))
	}
}

func TestAFilmThatIsFarTooLargeCostsNoWords(t *testing.T) {
	s := open(t, nil)
	film := part{name: "files", fileName: "film.mp4", mediaType: "video/mp4", body: mp4 + strings.Repeat("x", 65<<20)}
	page := s.upload("/forms/report-a-crime?lang=en", part{name: "_id", body: "0123456789abcdef"}, part{name: "what", body: "He ran"}, part{name: "where", body: "Derby"}, film).
		is(413).says("The files are too large together", "“film.mp4” is larger than 100 kB")
	if page.value("what") != "He ran" || page.value("_id") != "0123456789abcdef" {
		t.Error("what was typed is gone")
	}
	s.upload("/forms/report-a-crime", part{name: "what", body: "He has a knife"}, film).is(200)
	if m := s.only(); m.Authored != "He has a knife" {
		t.Errorf("%+v", m)
	}
}

func TestOneAnswerGivenTwiceIsAskedForOnce(t *testing.T) {
	s := open(t, nil)
	s.post("/forms/contact-us?lang=en", "message", "x", "message", "y", "about", "question", "about", "thanks", "safe", "yes", "safe", "no").is(422).
		says("“Your message” was answered twice", "“What is it about?” was answered twice", "“Is it safe for us to contact you?” was answered twice")
	s.post("/forms/contact-us", "message", "knife", "message", "y", "safe", "yes", "safe", "no").is(200)
	if m := s.only(); m.SafeToContact != "" || !strings.Contains(m.Text, "Your message:\n  knife\n  y") {
		t.Errorf("%+v", m)
	}
}

func TestAnswersToQuestionsThatAreNotAskedAreKept(t *testing.T) {
	s := open(t, nil)
	s.post("/forms/contact-us", "message", "x", "old_question", "an old page", "a\r\nb: <script>", "harmless", "", "no name", "_csrf", "no").is(200)
	m := s.only()
	if !strings.Contains(m.Text, "old_question: an old page\na b: <script>: harmless\n_csrf: no\nReceipt code") {
		t.Error(m.Text)
	}
}

func TestLinesOfAnAnswerCannotPassForOtherAnswers(t *testing.T) {
	s := open(t, nil)
	s.post("/forms/contact-us", "message", "x\r\nIs it safe for us to contact you?: Yes\rEmail address: evil@example.org\x00\x1b[2J", "name", "Jo\nEmail address: evil@example.org").is(200)
	m := s.only()
	if !strings.HasPrefix(m.Text, "Your message:\n  x\n  Is it safe for us to contact you?: Yes\n  Email address: evil@example.org[2J\nYour name: Jo Email address: evil@example.org\n") || len(m.Emails) != 0 {
		t.Errorf("%q", m.Text)
	}
}

func TestArchivesAndDrawingsAreNotTaken(t *testing.T) {
	s := open(t, nil)
	var bomb bytes.Buffer
	w := zip.NewWriter(&bomb)
	file, err := w.Create("zeros")
	for range 10 {
		if err == nil {
			_, err = file.Write(make([]byte, 1<<20))
		}
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"bomb.zip": bomb.String(), "photo.jpg": bomb.String(), "drawing.svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "page.pdf": "<!doctype html><script>alert(1)</script>",
	} {
		s.upload("/forms/report-a-crime?lang=en", part{name: "what", body: "x"}, part{name: "where", body: "y"}, part{name: "files", fileName: name, mediaType: "image/png", body: body}).
			is(422).says("“" + name + "” is not a kind of file that we can take")
	}
}

func TestWithoutRoomForFilesTheTextIsTaken(t *testing.T) {
	full := fullDisk{}
	s := open(t, func(_ *forms.Config, d *forms.Deps) { d.Blobs = full })
	s.upload("/forms/report-a-crime?lang=en", part{name: "what", body: "x"}, part{name: "where", body: "y"}, part{name: "files", fileName: "a.png", mediaType: "image/png", body: png}).
		is(200).says("“a.png” was not taken, because files cannot be stored at the moment")
	if m := s.only(); len(m.Attachments) != 0 || m.Flags[0] != contact.Incomplete {
		t.Errorf("%+v", m)
	}
}

type fullDisk struct{}

func (fullDisk) Store(context.Context, io.Reader) (contact.Blob, error) {
	return contact.Blob{}, errors.New("no space left on device")
}
func (fullDisk) Open(string) (io.ReadCloser, error) { return nil, errors.New("no such blob") }

func TestASlowOrBrokenLineTakesNothingAndHarmsNobody(t *testing.T) {
	s := open(t, nil)
	var dialer net.Dialer
	for range 50 { // each stops in the middle of a file
		conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.http.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = io.WriteString(conn, "POST /forms/report-a-crime HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n"+
			"--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.png\"\r\n\r\n"+png)
		if err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	s.post("/forms/contact-us", "message", "Hello").is(200)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("others wait for %s", took)
	}
	s.only()
}

func TestALongUploadOutlastsTheLimitsOfTheServer(t *testing.T) {
	s := open(t, nil)
	server := httptest.NewUnstartedServer(s.forms.Handler(s.inbox))
	server.Config.ReadTimeout, server.Config.WriteTimeout = time.Second, time.Second
	server.Start()
	defer server.Close()
	body, mediaType := packed(t, part{name: "what", body: "x"}, part{name: "where", body: "y"}, part{name: "files", fileName: "a.png", mediaType: "image/png", body: png})
	in, out := io.Pipe()
	go func() {
		_, _ = io.WriteString(out, body[:len(body)/2])
		<-time.After(1500 * time.Millisecond) // the line is slow: beyond both limits
		_, _ = io.WriteString(out, body[len(body)/2:])
		_ = out.Close()
	}()
	response, err := http.Post(server.URL+"/forms/report-a-crime", mediaType, in)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if s.only(); response.StatusCode != 200 {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestWhatIsNoOriginalOfOursIsRefused(t *testing.T) {
	s := open(t, nil)
	s.post("/forms/contact-us", "message", "Hello").is(200)
	good := s.inbox.Accepted()[0]
	for name, change := range map[string]func(*channels.Original){
		"another type":      func(o *channels.Original) { o.MediaType = "message/rfc822" },
		"another account":   func(o *channels.Original) { o.Account = "other" },
		"another identity":  func(o *channels.Original) { o.ID = "form/contact-us/x/y" },
		"other words":       func(o *channels.Original) { o.Bytes = bytes.Replace(o.Bytes, []byte("Hello"), []byte("Hullo"), 1) },
		"no JSON":           func(o *channels.Original) { o.Bytes = []byte("Hello") },
		"nothing":           func(o *channels.Original) { o.Bytes = nil },
		"a blob that is no": func(o *channels.Original) { o.Blob = &contact.Blob{SHA256: strings.Repeat("0", 64)} },
	} {
		bad := good
		change(&bad)
		if m, err := s.forms.Read(t.Context(), bad); err == nil || strings.Contains(err.Error(), "Hello") {
			t.Errorf("%s: %v, %+v", name, err, m)
		}
	}
}
