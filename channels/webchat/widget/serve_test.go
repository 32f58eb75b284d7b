package widget_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"contactd/channels/webchat/widget"
)

// serve returns what the widget answers.
func serve(t *testing.T, config widget.Config, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	w, err := widget.New(config)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	w.Register(mux)
	request := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, request)
	return recorder
}

// sizeLimit is what the script may weigh on the way, with its style and its
// English texts: about a second on a poor mobile connection.
const sizeLimit = 20_000

func TestTheScriptIsSmall(t *testing.T) {
	packed := serve(t, widget.Config{}, "/chat.js", "Accept-Encoding", "br, gzip").Body.String()
	plain := serve(t, widget.Config{}, "/chat.js").Body.String()
	t.Logf("chat.js: %d bytes, %d compressed", len(plain), len(packed))
	if len(packed) > sizeLimit {
		t.Errorf("chat.js takes %d bytes compressed, more than %d", len(packed), sizeLimit)
	}
	unpacked, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := io.ReadAll(unpacked); err != nil || string(again) != plain {
		t.Errorf("compressed, chat.js is another: %v", err)
	}
}

func TestTheScriptIsAskedForAgainByItsDigest(t *testing.T) {
	for _, encoding := range []string{"", "gzip"} {
		first := serve(t, widget.Config{}, "/chat.js", "Accept-Encoding", encoding)
		again := serve(t, widget.Config{}, "/chat.js", "Accept-Encoding", encoding, "If-None-Match", `"x", W/`+first.Header().Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.String() != "" {
			t.Errorf("encoding %q: the second answer is %d", encoding, again.Code)
		}
	}
}

// Lines are trimmed and comments left out without knowledge of the language, so
// no line of a source may look like a comment and be something else.
func TestTheSourcesHaveNoTextThatLooksLikeAComment(t *testing.T) {
	files, _ := filepath.Glob("js/*.js")
	nested := regexp.MustCompile("\\$\\{[^}]*`")
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for number, line := range strings.Split(string(source), "\n") {
			if strings.Count(line, "`")%2 == 1 {
				t.Errorf("%s:%d: a template literal goes over several lines", name, number+1)
			}
			if nested.MatchString(line) {
				t.Errorf("%s:%d: a template literal stands in another", name, number+1)
			}
			if strings.Contains(line, "+ +") {
				t.Errorf("%s:%d: two signs become one", name, number+1)
			}
			if _, after, found := strings.Cut(line, "*/"); found && strings.TrimSpace(after) != "" {
				t.Errorf("%s:%d: code follows a comment", name, number+1)
			}
		}
	}
	if len(files) < 10 {
		t.Errorf("only %d files", len(files))
	}
}

func TestTheScriptHasEveryTextOfTheSources(t *testing.T) {
	script := serve(t, widget.Config{}, "/chat.js").Body.String()
	text := regexp.MustCompile("'[^']*'|`[^`]*`|/\\(.*\\)/")
	files, _ := filepath.Glob("js/*.js")
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(source)) {
			if comment := strings.TrimSpace(line); strings.HasPrefix(comment, "//") || strings.HasPrefix(comment, "/*") || strings.HasPrefix(comment, "*") {
				continue
			}
			for _, each := range text.FindAllString(line, -1) {
				if !strings.Contains(script, each) {
					t.Errorf("%s: %s is not in the script as it stands", name, each)
				}
			}
		}
	}
}

func readLanguage(t *testing.T, name string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	if err := json.Unmarshal(raw, &words); err != nil {
		t.Fatal(err)
	}
	return words
}

func TestEveryLanguageIsComplete(t *testing.T) {
	english := readLanguage(t, "lang/en.json")
	files, _ := filepath.Glob("lang/*.json")
	placeholder := regexp.MustCompile(`\{\w+\}`)
	for _, name := range files {
		words := readLanguage(t, name)
		if got, want := slices.Sorted(maps.Keys(words)), slices.Sorted(maps.Keys(english)); !slices.Equal(got, want) {
			t.Errorf("%s has the keys %v, want %v", name, got, want)
		}
		for key, text := range words {
			got, want := placeholder.FindAllString(text, -1), placeholder.FindAllString(english[key], -1)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(slices.Compact(got), slices.Compact(want)) {
				t.Errorf("%s: %q has the placeholders %v, want %v", name, key, got, want)
			}
			if strings.TrimSpace(text) != text || text == "" {
				t.Errorf("%s: %q is empty or has spaces around it", name, key)
			}
			if name != "lang/en.json" && text == english[key] && !slices.Contains([]string{"ltr", "PDF"}, text) {
				t.Errorf("%s: %q is still English", name, key)
			}
		}
	}
	if len(files) < 2 {
		t.Errorf("only %v", files)
	}
}

// Every text is used, and every text that is used exists.
func TestTheTextsAreThoseThatTheScriptAsksFor(t *testing.T) {
	english := readLanguage(t, "lang/en.json")
	var all strings.Builder
	for _, pattern := range []string{"js/*.js", "page/*.html"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(source)
		}
	}
	source := all.String()
	for _, asked := range regexp.MustCompile(`\bt\('([a-z.]+)'|\bT "([a-z.]+)"`).FindAllStringSubmatch(source, -1) {
		key := asked[1] + asked[2]
		if english[key] == "" && !strings.HasSuffix(key, ".") {
			t.Errorf("there is no text %q", key)
		}
	}
	// Some keys are put together of a prefix and a code of the protocol.
	composed := regexp.MustCompile(`^(about|about\.safe|state|kind|upload|notice)\.`)
	for key := range english {
		base := strings.TrimPrefix(key, "quiet.")
		if !strings.Contains(source, "'"+base+"'") && !strings.Contains(source, `"`+base+`"`) && base != "name" && !composed.MatchString(base) {
			t.Errorf("nothing asks for the text %q", key)
		}
	}
}

func TestAnotherLanguageIsAFile(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "ar.json"), []byte(`{"name": "العربية", "dir": "rtl", "title": "الدردشة مع الشرطة"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	config := widget.Config{Languages: folder}
	w, err := widget.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Languages(); !slices.Equal(got, []string{"en", "ar", "cy"}) {
		t.Errorf("the languages are %v", got)
	}
	words := map[string]string{}
	if err := json.Unmarshal(serve(t, config, "/chat/lang/ar.json").Body.Bytes(), &words); err != nil {
		t.Fatal(err)
	}
	if words["title"] != "الدردشة مع الشرطة" || words["send"] != "Send" {
		t.Errorf("the title is %q and what is missing %q", words["title"], words["send"])
	}
	if page := serve(t, config, "/chat?lang=ar").Body.String(); !strings.Contains(page, `<html lang="ar" dir="rtl">`) {
		t.Errorf("the page is not of that language: %s", page)
	}
}

func TestABadLanguageFileIsNamed(t *testing.T) {
	for _, c := range []struct{ name, file, content, want string }{
		{"no JSON", "pl.json", `{`, `read language "pl.json": want an object of texts`},
		{"a key that is nobody's", "pl.json", `{"titel": "x"}`, `nothing is called "titel"`},
		{"a lost placeholder", "pl.json", `{"danger": "Zadzwoń"}`, `"danger" must have the placeholders [{phone}]`},
		{"no name", "pl.json", `{}`, `it must say its own name`},
		{"no tag", "Polish language.json", `{}`, `name the file by a language tag`},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, c.file), []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := widget.New(widget.Config{Languages: folder}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestThePageSpeaksTheBrowsersLanguage(t *testing.T) {
	for _, c := range []struct{ path, accept, want string }{
		{"/chat", "", "en"},
		{"/chat", "cy-GB,cy;q=0.9,en;q=0.5", "cy"},
		{"/chat", "fr, de;q=0.5", "en"},
		{"/chat", ";;;", "en"},
		{"/chat?lang=cy", "en", "cy"},
		{"/chat?lang=../en", "", "en"},
	} {
		page := serve(t, widget.Config{}, c.path, "Accept-Language", c.accept).Body.String()
		if !strings.Contains(page, `<html lang="`+c.want+`"`) {
			t.Errorf("%s with %q is not %s", c.path, c.accept, c.want)
		}
	}
}

func TestThePageHelpsWithoutTheScript(t *testing.T) {
	config := widget.Config{Sites: []widget.Site{{Name: "main"}, {Name: "north", ExitURL: "https://example.org/weather", FormURL: "/forms/contact", Phone: "112"}}}
	response := serve(t, config, "/chat?site=north")
	page := response.Body.String()
	for _, want := range []string{`href="https://example.org/weather"`, `href="tel:112"`, `href="/forms/contact"`, "<noscript>", "call 101", `data-site="north"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if policy := response.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
}

func TestTheQuietPageHasANeutralTitleFromItsFirstByte(t *testing.T) {
	page := serve(t, widget.Config{}, "/chat?plain").Body.String()
	if !strings.Contains(page, "<title>Notes</title>") || strings.Contains(strings.ToLower(page), "police") {
		t.Errorf("the quiet page says what it is:\n%s", page)
	}
}

func TestAForeignSiteIsOnlyEchoedWhenItIsOurs(t *testing.T) {
	page := serve(t, widget.Config{Sites: []widget.Site{{Name: "main"}}}, `/chat?site="><script>`).Body.String()
	if strings.Contains(page, "data-site") || strings.Contains(page, `"><script>`) {
		t.Errorf("the page repeats the site:\n%s", page)
	}
}

func TestTheDemonstrationIsOnlyThereWhenAskedFor(t *testing.T) {
	if got := serve(t, widget.Config{}, "/demo").Code; got != http.StatusNotFound {
		t.Errorf("without: %d", got)
	}
	page := serve(t, widget.Config{Demo: true}, "/demo").Body.String()
	if strings.Count(page, "<script") != 1 {
		t.Errorf("the demonstration needs more than one script line:\n%s", page)
	}
}
