package files

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/contact"
)

func TestOnlyTheOpenInternetIsReached(t *testing.T) {
	f := &Fetcher{}
	for _, text := range []string{
		"127.0.0.1:443", "10.0.0.1:443", "172.16.0.1:443", "192.168.1.1:443", "169.254.169.254:443", "100.64.0.1:443", "0.0.0.0:443", "[::1]:443", "[::]:443",
		"[fd00::1]:443", "[fe80::1]:443", "[64:ff9b::7f00:1]:443", "[::ffff:127.0.0.1]:443", "[2001:db8::1]:443", "[2002:7f00:1::]:443", "224.0.0.1:443", "255.255.255.255:443", "192.0.2.1:443", "198.18.0.1:443",
	} {
		client := &http.Client{Transport: f.transport()}
		response, err := client.Get("https://" + text + "/")
		if err == nil {
			_ = response.Body.Close()
		}
		if !errors.Is(err, ErrForbidden) {
			t.Errorf("%s was dialled: %v", text, err)
		}
	}
}

func TestOnlyTheHostsNamedAreAskedByHTTPS(t *testing.T) {
	f := &Fetcher{Hosts: []string{"twimg.com"}}
	for link, want := range map[string]bool{
		"https://pbs.twimg.com/media/1.jpg?name=orig": true, "https://twimg.com/1": true, "https://PBS.TWIMG.COM:443/1": true,
		"http://pbs.twimg.com/1.jpg": false, "https://twimg.com.evil.example/1": false, "https://eviltwimg.com/1": false, "https://user@twimg.com/": false,
		"https://twimg.com:8443/": false, "https://169.254.169.254/latest": false, "file:///etc/passwd": false, "//twimg.com/x": false, "": false,
	} {
		if got := f.Allowed(link); got != want {
			t.Errorf("%s: %v", link, got)
		}
	}
}

func TestANameIsCutBetweenCharactersAndLeadsNowhere(t *testing.T) {
	for name, want := range map[string]string{
		strings.Repeat("ä", 100): strings.Repeat("ä", 60), "a" + strings.Repeat("ä", 100): "a" + strings.Repeat("ä", 59), "..": "", `../a\b`: "..ab",
	} {
		if got := (File{Name: name}).name(); got != want {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
}

// host answers on this machine, as a simulator does.
func host(t *testing.T, answer http.HandlerFunc) *Fetcher {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return &Fetcher{Simulator: server.URL, Blobs: &channelstest.Blobs{}}
}

func TestAFileIsKeptByWhatItIsNotByWhatItIsCalled(t *testing.T) {
	f := host(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("\x89PNG\r\n\x1a\n0000"))
	})
	got, err := f.Fetch(t.Context(), File{URL: f.Simulator + "/a/..%2f..%2fpasswd.png?key=secret"})
	if err != nil || got.MediaType != "image/png" || got.Claimed != "text/html" || got.Size != 12 {
		t.Errorf("%+v, %v", got, err)
	}
	if strings.ContainsAny(got.Name, `/\`) || strings.Contains(got.Name, "secret") {
		t.Errorf("it is called %q", got.Name)
	}
}

func TestNothingIsFollowedElsewhere(t *testing.T) {
	f := host(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/secret", http.StatusFound)
	})
	if _, err := f.Fetch(t.Context(), File{URL: f.Simulator + "/a"}); err == nil || !strings.Contains(err.Error(), "HTTP 302") {
		t.Errorf("a redirect: %v", err)
	}
	if _, err := f.Fetch(t.Context(), File{URL: "http://127.0.0.1:1/secret"}); !errors.Is(err, ErrForbidden) {
		t.Errorf("another host: %v", err)
	}
}

func TestWhatIsTooLargeIsRefusedBeforeOrOnTheWay(t *testing.T) {
	f := host(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/told" {
			w.Header().Set("Content-Length", "104857601")
			w.WriteHeader(http.StatusOK)
			return
		}
		piece := make([]byte, 1<<20)
		for range Limit>>20 + 1 {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	for _, path := range []string{"/told", "/untold"} {
		if _, err := f.Fetch(t.Context(), File{URL: f.Simulator + path}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestErrorsHoldNoAddress(t *testing.T) {
	f := host(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	ctx, cancel := context.WithCancel(t.Context())
	for _, end := range []bool{false, true} {
		if end {
			cancel()
		}
		if _, err := f.Fetch(ctx, File{URL: f.Simulator + "/planted-key"}); err == nil || strings.Contains(err.Error(), "planted") || strings.Contains(err.Error(), "127.0.0.1/") {
			t.Errorf("told %v", err)
		}
	}
	cancel()
}

// full is a blob folder without room, after so many bytes.
type full struct {
	channels.Blobs
	room int64
}

func (f full) Store(_ context.Context, r io.Reader) (contact.Blob, error) {
	if _, err := io.CopyN(io.Discard, r, f.room); err != nil {
		return contact.Blob{}, err
	}
	return contact.Blob{}, errors.New("no space left on device")
}

func TestAFileIsNotGivenUpBecauseOurDiskIsFull(t *testing.T) {
	f := host(t, func(w http.ResponseWriter, r *http.Request) {
		if _, _ = w.Write(make([]byte, 1<<20)); r.URL.Path == "/cut" {
			panic(http.ErrAbortHandler)
		}
	})
	for _, c := range []struct {
		path string
		room int64
		ours bool
	}{{"/whole", 0, true}, {"/whole", 1000, true}, {"/cut", 1 << 30, false}} {
		f.Blobs = full{room: c.room}
		_, err := f.Fetch(t.Context(), File{URL: f.Simulator + c.path})
		if err == nil || Again(err, tries) != c.ours || Again(err, 400) {
			t.Errorf("%s, with room for %d bytes: %v, tried again %v", c.path, c.room, err, Again(err, tries))
		}
	}
}

func TestAPageIsNoPictureThoughItCameWithoutARefusal(t *testing.T) {
	page, picture := "<!DOCTYPE html><html>Please sign in to the network</html>", "\x89PNG\r\n\x1a\n0000"
	for _, c := range []struct {
		kind, came string
		other      bool
	}{
		{"image", page, true},
		{"photo", page, true},
		{"video", page, true},
		{"animated_gif", page, true},
		{"sticker", page, true},
		{"image/jpeg", page, true},
		{"audio/ogg; codecs=opus", page, true},
		{"application/pdf", page, true},
		{"image", "", true},
		{"image", "no such file", true},
		{"video/mp4", `{"error":"gone"}`, true},
		{"image", `<?xml version="1.0"?><Error/>`, true},
		{"image", picture, false},
		{"video", picture, false},
		{"image/heic", "\x00\x01 of no known form", false},
		{"", page, false},
		{"file", page, false},
		{"text/html", page, false},
		{"application/xhtml+xml", page, false},
		{"text/plain", "", false},
	} {
		f := host(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.came)) })
		got, err := f.Fetch(t.Context(), File{URL: f.Simulator + "/a", Kind: c.kind})
		if errors.Is(err, ErrOther) != c.other || !c.other && err != nil || Fits(c.kind, got.Blob) == c.other {
			t.Errorf("%.20q in place of %q: %v", c.came, c.kind, err)
		}
		if got.SHA256 == "" || c.other && (!Again(err, 0) || Again(err, tries) || !Elsewhere(err)) {
			t.Errorf("%.20q in place of %q: kept %q, again %v", c.came, c.kind, got.SHA256, Again(err, 0))
		}
	}
}
