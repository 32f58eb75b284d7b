package widget

import (
	"fmt"
	"net/http"
)

// Config says what the widget's pages show.
type Config struct {
	// Languages is a folder of further languages, <tag>.json each, or with the
	// tag of an embedded one to replace its texts; empty for none.
	Languages string
	// Demo serves /demo.
	Demo bool
	// Sites are the sites that may be named by ?site=; the first is meant where
	// none is named. Without any, the page shows no exit and no form.
	Sites []Site
}

// Site is what the pages say before the script runs, or where it cannot.
type Site struct {
	Name string
	// ExitURL is where the quick exit leads.
	ExitURL string
	// FormURL is a web form for those whose browser runs no script, or empty.
	FormURL string
	// Phone is the number for emergencies; empty: 999.
	Phone string
}

// Widget serves the script and the pages. Safe for concurrent use.
type Widget struct {
	sites     []Site
	languages languages
	script    asset
	pages     pages
	demo      bool
}

// New reads the languages and puts the script together.
func New(config Config) (*Widget, error) {
	languages, err := readLanguages(config.Languages)
	if err != nil {
		return nil, err
	}
	script, err := buildScript(languages)
	if err != nil {
		return nil, fmt.Errorf("build chat.js: %w", err)
	}
	pages, err := parsePages()
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	return &Widget{
		sites: config.Sites, languages: languages, pages: pages, demo: config.Demo,
		script: newAsset("text/javascript; charset=utf-8", script...),
	}, nil
}

// Languages returns the tags of all languages, English first.
func (w *Widget) Languages() []string { return w.languages.tags }

// Register adds the widget's paths to mux.
func (w *Widget) Register(mux *http.ServeMux) {
	mux.Handle("GET /chat.js", w.script)
	mux.HandleFunc("GET /chat/lang/{file}", w.serveLanguage)
	mux.Handle("GET /chat/page.css", w.pages.style)
	mux.HandleFunc("GET /chat", w.servePage)
	if w.demo {
		mux.HandleFunc("GET /demo", w.serveDemo)
	}
}

// site returns the site of a name, the first when the name is empty or
// nobody's.
func (w *Widget) site(name string) Site {
	site := Site{}
	if len(w.sites) > 0 {
		site = w.sites[0]
	}
	for _, each := range w.sites {
		if each.Name == name {
			site = each
		}
	}
	if site.Phone == "" {
		site.Phone = "999"
	}
	return site
}
