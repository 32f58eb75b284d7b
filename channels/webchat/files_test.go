package webchat

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"contactd/channels/webchat/clamav"
	"contactd/contact"
	"contactd/deploy/servers"
)

// The beginnings of some files.
const (
	png  = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
	pdf  = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
	mp4  = "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
	jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"
	svg  = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
)

// upload sends a file and returns what the server says.
func (p *person) upload(name, content, claimed string) (wireFile, int) {
	p.h.t.Helper()
	r := p.request("POST", "/chat/v1/files", strings.NewReader(content))
	r.Header.Set("X-File-Name", url.PathEscape(name))
	r.Header.Set("Content-Type", claimed)
	var f struct {
		wireFile
		Error struct{ Code, Message string }
	}
	status := p.do(r, &f)
	if status != http.StatusCreated && (f.Error.Code == "" || f.Error.Message == "") {
		p.h.t.Errorf("refused with %d and no words", status)
	}
	p.uploaded = f.File
	return f.wireFile, status
}

func TestAFileGoesWithItsMessageAndComesBackAsADownload(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	f, status := p.upload("my garden.png", png+"rest", "image/png")
	if status != http.StatusCreated || f.Name != "my garden.png" || f.MediaType != "image/png" || f.Size != int64(len(png)+4) || f.Scan != "" {
		t.Fatalf("%d %+v", status, f)
	}
	w.says(map[string]any{"type": "message", "id": "message-1", "files": []string{f.File}})
	if tick := w.sees("message"); len(tick.Files) != 1 || tick.Files[0] != f {
		t.Errorf("the tick is %s", tick.raw)
	}
	sum := sha256.Sum256([]byte(png + "rest"))
	want := contact.Attachment{Blob: contact.Blob{SHA256: hex.EncodeToString(sum[:]), Size: f.Size, MediaType: "image/png"}, Name: "my garden.png", Claimed: "image/png"}
	if got := h.messages()[0].Attachments; len(got) != 1 || got[0] != want {
		t.Errorf("attached %+v", got)
	}
	response, err := http.DefaultTransport.RoundTrip(p.request("GET", "/chat/v1/files/"+f.File, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != png+"rest" {
		t.Errorf("came back as %q, %v", body, err)
	}
	disposition, params, err := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
	if err != nil || disposition != "attachment" || params["filename"] != f.Name || response.Header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(response.Header.Get("Content-Security-Policy"), "sandbox") || response.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("headers %v", response.Header)
	}
}

func TestFilesAreTakenByWhatTheyAreAndNotByWhatTheyAreCalled(t *testing.T) {
	var bomb bytes.Buffer
	zipped := zip.NewWriter(&bomb)
	inside, err := zipped.Create("zeros")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inside.Write(make([]byte, 10<<20)); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	p := h.arrives()
	for _, each := range []struct {
		what, content string
		status        int
	}{
		{"PNG", png, 201},
		{"JPEG", jpeg, 201},
		{"PDF", pdf, 201},
		{"MP4", mp4, 201},
		{"SVG with a script", svg, 415},
		{"SVG without a declaration", svg[strings.Index(svg, "<svg"):], 415},
		{"HTML", "<!doctype html><script>alert(1)</script>", 415},
		{"a zip bomb", bomb.String(), 415},
		{"a program", "\x7fELF\x02\x01\x01", 415},
		{"a Windows program", "MZ\x90\x00\x03\x00\x00\x00\x04", 415},
		{"text", "hello", 415},
		{"nothing", "", 400},
	} {
		if _, status := p.upload("holiday.png", each.content, "image/png"); status != each.status {
			t.Errorf("%s: %d, want %d", each.what, status, each.status)
		}
	}
}

func TestUploadsHaveASizeANumberAndALength(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Uploads = Uploads{FileBytes: 1000, FilesPerSession: 2} })
	p := h.arrives()
	if _, status := p.upload("a.png", png+strings.Repeat("x", 1000), "image/png"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	r := p.request("POST", "/chat/v1/files", io.MultiReader(strings.NewReader(png))) // chunked
	if status := p.do(r, nil); status != http.StatusLengthRequired {
		t.Errorf("without a length: %d", status)
	}
	for want, i := http.StatusCreated, 0; i < 3; i++ {
		if i == 2 {
			want = http.StatusTooManyRequests
		}
		if _, status := p.upload("a.png", png, "image/png"); status != want {
			t.Errorf("file %d: %d", i, status)
		}
	}
}

// atOnce is a body that is sent when all the others are waited for too: by then
// the server has asked for each of them.
type atOnce struct {
	io.Reader
	asked *sync.WaitGroup
	once  sync.Once
}

// Read implements io.Reader.
func (b *atOnce) Read(p []byte) (int, error) {
	b.once.Do(b.asked.Done)
	b.asked.Wait()
	return b.Reader.Read(p)
}

func TestUploadsAtTheSameTimeDoNotPassTheirNumber(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Uploads = Uploads{FilesPerSession: 2} })
	p := h.arrives()
	transport := &http.Transport{ExpectContinueTimeout: patient}
	defer transport.CloseIdleConnections()
	var asked, answered sync.WaitGroup
	asked.Add(5)
	statuses := make([]int, 5)
	for i := range statuses {
		r := p.request("POST", "/chat/v1/files", &atOnce{Reader: strings.NewReader(png), asked: &asked})
		r.ContentLength = int64(len(png))
		r.Header.Set("Expect", "100-continue")
		answered.Go(func() {
			response, err := transport.RoundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
			statuses[i] = response.StatusCode
		})
	}
	answered.Wait()
	slices.Sort(statuses)
	if want := []int{201, 201, 429, 429, 429}; !slices.Equal(statuses, want) {
		t.Errorf("answered %v, want %v", statuses, want)
	}
}

func TestFilesOfTheDeskTakeNoPlaceOfThePersons(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Uploads = Uploads{FilesPerSession: 2} })
	p := h.arrives()
	w := p.opens(0)
	w.writes("message-1", "which form is it?")
	w.sees("message")
	blob, err := h.blobs.Store(context.Background(), strings.NewReader(pdf))
	if err != nil {
		t.Fatal(err)
	}
	reply := h.reply(p, "1", "these")
	for range 3 {
		reply.Attachments = append(reply.Attachments, contact.Attachment{Blob: blob, Name: "form.pdf"})
	}
	if _, err := h.channel.Reply(context.Background(), h.to(p), reply); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{201, 201, 429} {
		if _, status := p.upload("garden.png", png, "image/png"); status != want {
			t.Errorf("file %d: %d, want %d", i+1, status, want)
		}
	}
}

// isHarmless reports whether a name can be shown and put anywhere.
func isHarmless(name string) bool {
	return name != "" && len([]rune(name)) <= 120 && utf8.ValidString(name) && !strings.ContainsAny(name, "/\\:\r\n\x00\"\u202e\u2028") && strings.Trim(name, ". ") == name
}

func TestNamesOfFilesAreHarmless(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Uploads.FilesPerSession = 100 })
	p := h.arrives()
	for name, want := range map[string]string{
		"../../etc/passwd":                "passwd.png",
		`C:\Users\jo\photo.png`:           "photo.png",
		"a\r\nSet-Cookie: b":              "",
		"quote\".png":                     "quote.png",
		"gpj.\u202eexe.png":               "gpj.exe.png",
		"":                                "file.png",
		"....":                            "file.png",
		"ffôn.png":                        "ffôn.png",
		strings.Repeat("a", 300):          "",
		strings.Repeat("ŵ", 300) + ".png": "",
	} {
		f, status := p.upload(name, png, "image/png")
		if status != http.StatusCreated || !isHarmless(f.Name) || want != "" && f.Name != want {
			t.Errorf("%.40q became %q (%d)", name, f.Name, status)
		}
		response, err := http.DefaultTransport.RoundTrip(p.request("GET", "/chat/v1/files/"+f.File, nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if _, params, err := mime.ParseMediaType(response.Header.Get("Content-Disposition")); err != nil || params["filename"] != f.Name || response.Header.Get("Set-Cookie") != "" {
			t.Errorf("%.40q comes back with %v", name, response.Header)
		}
	}
}

// infectedPDF is a PDF that holds the test file of the scanners' makers.
func infectedPDF() string {
	virus := string(servers.EICAR())
	return fmt.Sprintf("%%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"+
		"3 0 obj\n<</Type/EmbeddedFile/Length %d>>\nstream\n%s\nendstream\nendobj\ntrailer\n<</Root 1 0 R/Size 4>>\n%%%%EOF\n", len(virus), virus)
}

func TestAnInfectedFileIsKeptBackAndItsMessageIsNot(t *testing.T) {
	daemon := servers.Clamd(t, servers.ClamdOptions{})
	h := newHouse(t, func(h *house) { h.config.ClamAV = clamav.Config{Address: daemon.Address} })
	p := h.arrives()
	w := p.opens(0)
	clean, _ := p.upload("clean.pdf", pdf, "application/pdf")
	if clean.Scan != "clean" {
		t.Errorf("a clean file: %+v", clean)
	}
	f, status := p.upload("bill.pdf", infectedPDF(), "application/pdf")
	if status != http.StatusCreated || f.Scan != "infected" {
		t.Fatalf("%d %+v", status, f)
	}
	p.isKeptBack(w, f, "infected")
}

func TestWhileTheScannerIsDownFilesAreKeptBackAndTextsAreNot(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.ClamAV = clamav.Config{Address: servers.FreeAddress(h.t)} })
	p := h.arrives()
	w := p.opens(0)
	f, status := p.upload("bill.pdf", pdf, "application/pdf")
	if status != http.StatusCreated || f.Scan != "failed" {
		t.Fatalf("%d %+v", status, f)
	}
	p.isKeptBack(w, f, "failed")
}

// isKeptBack checks that a file goes to the desk with its warning, and nowhere
// else.
func (p *person) isKeptBack(w *window, f wireFile, scan string) {
	t := p.h.t
	t.Helper()
	w.says(map[string]any{"type": "message", "id": "message-1", "text": "look at this", "files": []string{f.File}})
	w.sees("message")
	if notice := w.sees("notice"); notice.Code != "file_quarantined" || notice.ID != "message-1" {
		t.Errorf("told %s", notice.raw)
	}
	m := p.h.messages()[0]
	if m.Text != "look at this" || len(m.Attachments) != 1 || m.Attachments[0].Scan != scan || m.Attachments[0].Name != f.Name {
		t.Errorf("the desk sees %+v", m)
	}
	if status := p.do(p.request("GET", "/chat/v1/files/"+f.File, nil), nil); status != http.StatusForbidden {
		t.Errorf("it is handed out: %d", status)
	}
}

func TestTheDesksFilesComeWithItsReply(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	blob, err := h.blobs.Store(context.Background(), strings.NewReader(pdf))
	if err != nil {
		t.Fatal(err)
	}
	reply := h.reply(p, "1", "please read this")
	reply.Attachments = []contact.Attachment{{Blob: contact.Blob{SHA256: blob.SHA256}, Name: "advice.pdf"}}
	if _, err := h.channel.Reply(t.Context(), h.to(p), reply); err != nil {
		t.Fatal(err)
	}
	f := w.sees("reply")
	if len(f.Files) != 1 || f.Files[0].Name != "advice.pdf" || f.Files[0].MediaType != "application/pdf" || f.Files[0].Size != int64(len(pdf)) {
		t.Fatalf("got %s", f.raw)
	}
	if status := p.do(p.request("GET", "/chat/v1/files/"+f.Files[0].File, nil), nil); status != http.StatusOK {
		t.Errorf("the file: %d", status)
	}
}

// full is a disk whose last room is for messages.
type full struct{}

func (full) Spare() error { return errors.New("too little is free") }

func TestMessagesAreTakenWhenThereIsNoMoreRoomForFiles(t *testing.T) {
	h := newHouse(t, func(h *house) { h.deps.Room = full{} })
	p := h.arrives()
	if _, status := p.upload("garden.png", png, "image/png"); status != http.StatusInsufficientStorage {
		t.Errorf("a file: %d", status)
	}
	h.works("message-1")
	var page bytes.Buffer
	form := multipart.NewWriter(&page)
	_ = form.WriteField("message", "he has my bicycle")
	part, err := form.CreateFormFile("files", "bicycle.png")
	if err == nil {
		_, err = io.WriteString(part, png)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		t.Fatal(err)
	}
	sent := p.request(http.MethodPost, "/forms/contact-us", &page)
	sent.Header.Set("Content-Type", form.FormDataContentType())
	if status := p.do(sent, nil); status != http.StatusOK {
		t.Errorf("a form: %d", status)
	}
	all := h.messages()
	if last := all[len(all)-1]; !strings.Contains(last.Text, "he has my bicycle") || len(last.Attachments) != 0 {
		t.Errorf("got %+v", last)
	}
}
