package widget

import (
	"embed"
	"html/template"
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

//go:embed page
var pageFiles embed.FS

// pages are the HTML that carries the widget.
type pages struct {
	full, demo *template.Template
	style      asset
}

// pagePolicy lets the page use what this server has and nothing else. The
// widget's own style is a constructed sheet, which no policy stops.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// pageView is what a template sees.
type pageView struct {
	Lang, Dir string
	Quiet     bool
	Site      Site
	Named     string // the site as asked for, empty for the first
	words     texts
}

// T returns a text, in its quiet form when the page is quiet and there is one.
func (v pageView) T(key string) string {
	text := v.words[key]
	if quiet := v.words["quiet."+key]; v.Quiet && quiet != "" {
		text = quiet
	}
	return strings.ReplaceAll(text, "{phone}", v.Site.Phone)
}

func parsePages() (pages, error) {
	style, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		return pages{}, err
	}
	full, err := template.ParseFS(pageFiles, "page/chat.html")
	if err != nil {
		return pages{}, err
	}
	demo, err := template.ParseFS(pageFiles, "page/demo.html")
	return pages{full: full, demo: demo, style: newAsset("text/css; charset=utf-8", style)}, err
}

func (w *Widget) servePage(rw http.ResponseWriter, r *http.Request) {
	w.render(rw, r, w.pages.full)
}

func (w *Widget) serveDemo(rw http.ResponseWriter, r *http.Request) {
	w.render(rw, r, w.pages.demo)
}

// render answers with a page in the language that is asked for, or else in the
// best of those that the browser names.
func (w *Widget) render(rw http.ResponseWriter, r *http.Request, page *template.Template) {
	query := r.URL.Query()
	// The address stays in the browser's history, so it does not say "covert".
	view := pageView{Quiet: query.Has("plain"), Site: w.site(query.Get("site"))}
	if view.Site.Name == query.Get("site") {
		view.Named = view.Site.Name
	}
	view.Lang = w.languages.pick(query.Get("lang"), r.Header.Get("Accept-Language"))
	view.words = w.languages.texts[view.Lang]
	view.Dir = view.words["dir"]
	header := rw.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	// Not even the browser's memory of the page shall outlive a quick exit.
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Permissions-Policy", "geolocation=(self), camera=(), microphone=()")
	// The error is the connection's, and nobody is left to be told.
	_ = page.Execute(rw, view)
}

// pick chooses a language that there is.
func (l languages) pick(asked, accepted string) string {
	if _, ok := l.texts[asked]; ok {
		return asked
	}
	have := make([]language.Tag, len(l.tags))
	for i, name := range l.tags {
		have[i] = language.Make(name)
	}
	wanted, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil {
		return "en"
	}
	_, index, _ := language.NewMatcher(have).Match(wanted...)
	return l.tags[index]
}
