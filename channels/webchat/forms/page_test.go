package forms_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden pages")

// random is what differs each time: the id of a page and its kept files.
var random = regexp.MustCompile(`(name="_id"|name="_kept" type="checkbox") value="[^"]*"`)

func TestThePagesAreThese(t *testing.T) {
	s := open(t, nil)
	file := part{name: "files", fileName: "gate.png", mediaType: "image/png", body: png}
	for name, page := range map[string]func(lang string) answer{
		"report":  func(lang string) answer { return s.get("/forms/report-a-crime" + lang).is(200) },
		"contact": func(lang string) answer { return s.get("/forms/contact-us" + lang).is(200) },
		"wrong": func(lang string) answer {
			return s.upload("/forms/report-a-crime"+lang, part{name: "kind", body: "theft"}, part{name: "what", body: "It is red"}, part{name: "email", body: "jo"},
				part{name: "date-day", body: "31"}, part{name: "date-month", body: "2"}, part{name: "marks", body: "known"}, part{name: "safe", body: "no"}, file).is(422)
		},
		"received": func(lang string) answer {
			return s.post("/forms/contact-us"+lang, "_id", "0123456789abcdef", "message", "Hello").is(200)
		},
		"foreign": func(lang string) answer {
			return s.do("POST", "/forms/contact-us"+lang, urlencoded, "message=x", header("Origin", "https://evil.example")).is(403)
		},
	} {
		for _, lang := range []string{"en", "cy"} {
			t.Run(name+" "+lang, func(t *testing.T) {
				got := random.ReplaceAllString(page("?lang="+lang).body, `$1 value="…"`)
				path := filepath.Join("testdata", name+"_"+lang+".html")
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("the page is not that of %s (look at it and run with -update):\n%s", path, got)
				}
			})
		}
	}
}

func TestThePageSpeaksTheLanguageThatIsAskedFor(t *testing.T) {
	s := open(t, nil)
	for _, c := range []struct{ query, accept, want string }{
		{"", "", "en"},
		{"?lang=cy", "", "cy"},
		{"?lang=cy", "en", "cy"},
		{"", "cy-GB,cy;q=0.9,en;q=0.5", "cy"},
		{"", "fr", "en"},
		{"?lang=fr", "cy", "cy"},
		{"?lang=" + strings.Repeat("x", 3000), ";;;", "en"},
	} {
		for path, status := range map[string]int{"/forms/contact-us": 200, "/forms/none": 404} {
			page := s.do("GET", path+c.query, "", "", header("Accept-Language", c.accept)).is(status)
			if got := attribute(page.element("id", "main").Parent.Parent, "lang"); got != c.want {
				t.Errorf("%s%s with %q: %s, want %s", path, c.query, c.accept, got, c.want)
			}
		}
	}
}

func TestEveryPageHasOneHeadingAndALabelForEverything(t *testing.T) {
	s := open(t, nil)
	for _, page := range []answer{
		s.get("/forms/report-a-crime"), s.get("/forms/contact-us?lang=cy"), s.post("/forms/report-a-crime", "kind", "theft"), s.post("/forms/contact-us", "message", "x"), s.get("/forms/none"),
	} {
		if n := strings.Count(page.body, "<h1"); n != 1 {
			t.Errorf("%d headings of the first rank:\n%s", n, page.body)
		}
		if strings.Count(page.body, "<script") != 1 || !strings.Contains(page.body, `<script src="/forms/exit.js" defer></script>`) || strings.Contains(page.body, " style=") || strings.Contains(page.body, "http:") {
			t.Errorf("a script, a style or a foreign thing:\n%s", page.body)
		}
		ids := map[string]bool{}
		for node := range page.page().Descendants() {
			id := attribute(node, "id")
			if id != "" && ids[id] {
				t.Errorf("id %s stands twice", id)
			}
			ids[id] = true
			if (node.Data == "input" || node.Data == "textarea" || node.Data == "select") && attribute(node, "type") != "hidden" {
				page.element("for", id)
			}
		}
		for node := range page.page().Descendants() {
			for _, id := range strings.Fields(attribute(node, "aria-describedby")) {
				page.element("id", id)
			}
			if target, inside := strings.CutPrefix(attribute(node, "href"), "#"); inside {
				page.element("id", target)
			}
		}
	}
}
