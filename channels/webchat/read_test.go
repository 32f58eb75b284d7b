package webchat

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/webchat/upload"
	"contactd/contact"
)

var update = flag.Bool("update", false, "write testdata/*/want.json anew")

func aChannel(t testing.TB) *Channel {
	t.Helper()
	ch, err := New(Config{}, Deps{Blobs: &channelstest.Blobs{}, Health: &channelstest.Health{}, Folders: folder(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// originalOf is the original of a case, as it was accepted.
func originalOf(t testing.TB, dir string) channels.Original {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, "original.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	return channels.Original{Channel: Kind, Account: d.Site, ID: d.identity(), MediaType: mediaType, ReceivedAt: d.ReceivedAt, Bytes: body}
}

func TestOriginalsAreReadAsTheyAlwaysWere(t *testing.T) {
	cases, err := filepath.Glob("testdata/*/original.json")
	if err != nil || len(cases) < 5 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	ch := aChannel(t)
	for _, file := range cases {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			m, err := ch.Read(t.Context(), originalOf(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			got := shown(t, m)
			want := filepath.Join(dir, "want.json")
			if *update {
				if err := os.WriteFile(want, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if wanted, err := os.ReadFile(want); err != nil || !bytes.Equal(got, wanted) {
				t.Errorf("read\n%s\nwant\n%s (%v)", got, wanted, err)
			}
		})
	}
}

// shown is a message as JSON, without what is empty.
func shown(t *testing.T, m contact.Message) []byte {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(fields, func(name string, value any) bool {
		v := reflect.ValueOf(m).FieldByName(name)
		return value == nil || v.IsZero() || name == "Original" || name == "Thread"
	})
	got, err := json.MarshalIndent(fields, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(got, '\n')
}

func TestWhatIsWrittenNowIsWhatTheTestdataHolds(t *testing.T) {
	at := time.Date(2026, 11, 3, 21, 14, 5, 0, time.UTC)
	d := document{
		Kind: kindMessage, Site: "main", Session: "s-abc", Conversation: conversation("main", "s-abc"), ID: "0e0c5d5e-7f2b-4a57-9f0b-0d3f6a1c2b3d",
		At: &at, ReceivedAt: at, Text: "There is a man in my garden", Language: "en", Page: "https://www.example.police.uk/contact",
	}
	original, err := d.original()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/message/original.json")
	if err != nil || !bytes.Equal(original.Bytes, bytes.TrimSpace(want)) {
		t.Errorf("written\n%s\nwant\n%s", original.Bytes, want)
	}
}

func FuzzOriginal(f *testing.F) {
	cases, err := filepath.Glob("testdata/*/original.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range cases {
		o := originalOf(f, filepath.Dir(file))
		f.Add(o.ID, o.Bytes)
	}
	ch := aChannel(f)
	f.Fuzz(func(t *testing.T, id string, body []byte) {
		m, err := ch.Read(t.Context(), channels.Original{Channel: Kind, Account: "main", ID: id, MediaType: mediaType, Bytes: body})
		if err != nil {
			if bytes.Contains([]byte(err.Error()), body) && len(body) > 10 {
				t.Errorf("the error quotes the message: %v", err)
			}
			return
		}
		if m.ID == "" || m.Conversation == "" || m.Sender.Address == "" || m.PlatformID != id {
			t.Errorf("read %+v", m)
		}
	})
}

func FuzzFrame(f *testing.F) {
	for _, frame := range []string{
		`{"type":"message","id":"message-1","text":"help","files":["a"],"at":"2026-11-03T21:14:05Z"}`,
		`{"type":"location","id":"location-1","lat":52.9,"lon":-1.4,"accuracyM":12}`,
		`{"type":"details","id":"details-1","name":"Jo","reach":"jo@example.org","safeToContact":"no","location":"here"}`,
		`{"type":"covert","on":true}`, `{"type":"typing"}`, `{"type":"received","n":7}`, `{"type":"end","id":"the-end-1"}`,
		`{"type":"transcript","id":"transcript-1","email":"jo@example.org"}`, `{"type":"ping"}`, `{"a":{"b":[{"c":1}]}}`, `{"type":"x","TYPE":"y"}`,
	} {
		f.Add([]byte(frame))
	}
	ch := aChannel(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		frame, err := parseFrame(raw, ch.config)
		if err != nil {
			if _, ok := err.(refusal); !ok { //nolint:errorlint // exactly this type goes to the client
				t.Errorf("no refusal: %v", err)
			}
			return
		}
		if frame.Type != "message" && frame.Type != "location" && frame.Type != "details" && frame.Type != "end" {
			return
		}
		if !frameID.MatchString(frame.ID) {
			t.Errorf("id %q passed", frame.ID)
		}
	})
}

func FuzzUploadHeaders(f *testing.F) {
	f.Add("my%20garden.png", "image/png", []byte(png))
	f.Add("../../etc/passwd", "text/html; charset=\"x", []byte(svg))
	f.Add("%e2%80%aegpj.exe", "", []byte(pdf))
	f.Add("\x00\r\n", "a/b;c=d;c=e", []byte(mp4))
	ch := aChannel(f)
	f.Fuzz(func(t *testing.T, name, claim string, body []byte) {
		if clean := upload.CleanName(unescaped(name)); !isHarmless(clean) {
			t.Errorf("%q became %q", name, clean)
		}
		taker := upload.Taker{Limits: upload.Limits{FileBytes: 1 << 20, MediaTypes: ch.config.Uploads.MediaTypes}, Blobs: ch.deps.Blobs}
		f, err := taker.Take(t.Context(), bytes.NewReader(body), name, claim)
		if err == nil && (!isHarmless(f.Name) || strings.Contains(f.MediaType, "svg") || strings.Contains(f.MediaType, "html") || strings.ContainsAny(f.Claimed, "\r\n\"")) {
			t.Errorf("taken as %+v", f)
		}
	})
}
