package element

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/channels/twitter/address"
)

func TestIdsTellWhenTheyWereGiven(t *testing.T) {
	at := time.Date(2026, 11, 3, 21, 14, 10, 0, time.UTC)
	if id := FirstOf(at); !Moment(id).Equal(at) || !Moment(FirstOf(at.Add(time.Millisecond))).After(at) {
		t.Errorf("%s says %s", id, Moment(id))
	}
	for _, id := range []string{"", "0", "20", "29700859247", "x", "-5", "99999999999999999999999"} {
		if at := Moment(id); !at.IsZero() {
			t.Errorf("%q says %s", id, at)
		}
	}
	if FirstOf(time.Time{}) != "1" {
		t.Error("the beginning of time has no first id")
	}
	if !Less("99", "100") || Less("100", "99") || Less("7", "7") {
		t.Error("ids are compared as texts")
	}
}

func TestTextsAreCountedAsXCounts(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "hello": 5, "two words": 9, "警察": 4, "Ŵythnos": 7, "https://example.org/a/very/long/address": 23,
		"see http://a.example now": 3 + 1 + 23 + 1 + 3, "👍": 2, "👍🏽": 2, "👨‍👩‍👧": 2, "🇬🇧": 2, "❤️": 2,
		"a\n\nb  c ": 7,
	} {
		if got := Weight(text); got != want {
			t.Errorf("%q counts %d, want %d", text, got, want)
		}
	}
}

func TestWhatXShowsIsKnownAgain(t *testing.T) {
	links := []Link{{Short: "https://t.co/a", Expanded: "https://example.org/map"}, {Short: "https://t.co/b", Expanded: "http://example.org/report"}}
	for _, each := range []struct {
		shown, sent string
		same        bool
	}{
		{"hello", "hello", true},
		{"@jo hello", "hello", true},
		{"@jo @sam hello", "hello", true},
		{"@jo hello", "@jo hello", true},
		{"a &lt;b&gt; &amp; c", "a <b> & c", true},
		{"see https://t.co/a", "see https://example.org/map", true},
		{"see https://t.co/b.", "see example.org/report.", true},
		{"two  lines", "two\n\nlines ", true},
		{"hello", "hello you", false},
		{"hello you", "hello", false},
		{"@jo", "hello", false},
		{"", "hello", false},
	} {
		if got := Same(each.shown, links, each.sent); got != each.same {
			t.Errorf("%q shown for %q: %v", each.shown, each.sent, got)
		}
	}
}

func TestPairsAreTheSameFromBothSides(t *testing.T) {
	if Pair("99", "100") != "99-100" || Pair("100", "99") != "99-100" {
		t.Errorf("%s and %s", Pair("99", "100"), Pair("100", "99"))
	}
}

// FuzzOriginalsAreReadOrRefused holds that whatever is kept can be read
// without a crash, always the same way.
func FuzzOriginalsAreReadOrRefused(f *testing.F) {
	files, err := filepath.Glob("../testdata/*/in.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, kind := range []string{Post, DM, Chat, Removed, Receipt, Fetched, Unread} {
			for _, dialect := range []string{V1, V2} {
				f.Add(Element{Owner: "1", Dialect: dialect, Kind: kind, Via: Poll, Raw: raw}.Original())
			}
		}
	}
	f.Add([]byte(`{"dialect":"v2","kind":"post","raw":{"id":"1","geo":{"coordinates":{"coordinates":[1e400,2]}}}}`))
	f.Add([]byte(`{"dialect":"v2","kind":"post","as":"withdrawn","of":"7","raw":{}}`))
	f.Add(File{ID: "x:dm:7:file:1", Of: "x:dm:7", Sender: "5", Thread: "5-1", Private: true}.Fetched("1", nil).Original())
	f.Fuzz(func(t *testing.T, original []byte) {
		e, err := ReadOriginal(original)
		if err != nil {
			return
		}
		w := Where{Channel: "twitter", Account: "town", Rights: address.Rights{}}
		m, err := Read(e, w)
		again, errAgain := Read(e, w)
		if (err == nil) != (errAgain == nil) || m.Text != again.Text || m.Conversation != again.Conversation {
			t.Errorf("read twice: %+v, %v and %+v, %v", m, err, again, errAgain)
		}
		if err == nil && strings.ToValidUTF8(m.Text, "") != m.Text {
			t.Errorf("text is not valid UTF-8: %q", m.Text)
		}
		Sort(e)
		for _, file := range e.Files() {
			if file.ID == "" || file.Of == "" || len(file.URLs) == 0 {
				t.Errorf("a file without identity or address: %+v", file)
			}
		}
	})
}

func FuzzAddressesAreReadAsTheyWereWritten(f *testing.F) {
	f.Add(address.Address{Kind: address.Post, To: "7", Writer: "5", Root: "6", Summoned: true}.Encode())
	f.Add(address.Address{Kind: address.DM, Group: "9"}.Encode())
	f.Add(`{"k":"dm"}`)
	f.Add(`{"k":"post","to":"7","to":"8"}`)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := address.Decode(text)
		if err != nil {
			return
		}
		if back, err := address.Decode(a.Encode()); err != nil || back != a {
			t.Errorf("%q reads as %+v, and written and read as %+v, %v", text, a, back, err)
		}
	})
}
