package forms

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page
var pageFiles embed.FS

// pages are the templates, each with the layout around it.
type pages struct {
	form, receipt, trouble *template.Template
	style, exit            []byte
}

func parsePages() (pages, error) {
	var p pages
	for file, into := range map[string]**template.Template{"form.html": &p.form, "receipt.html": &p.receipt, "trouble.html": &p.trouble} {
		parsed, err := template.ParseFS(pageFiles, "page/layout.html", "page/field.html", "page/"+file)
		if err != nil {
			return p, err
		}
		*into = parsed
	}
	style, errStyle := pageFiles.ReadFile("page/form.css")
	exit, errExit := pageFiles.ReadFile("page/exit.js")
	p.style, p.exit = style, exit
	return p, errors.Join(errStyle, errExit)
}

// view is what the templates see.
type view struct {
	Lang           string
	Title          string // of the page
	Phone, ExitURL string
	Form           string // its address, empty without a form
	Heading        string // the form's title
	Languages      []languageLink

	// Trouble is why nothing was taken, one of our words "trouble.<code>".
	Trouble string
	Intro   []string
	ID      string
	Lost    []line
	Fields  []fieldView

	// Receipt is the code, with what was and was not taken.
	Receipt      string
	Urgent, Busy bool
	Open         bool
	Left         []line
	Next         []string
}

// languageLink leads to the form in another language.
type languageLink struct{ Tag, Name string }

// line is one line of a list of problems; Target is the id of an element.
type line struct{ Target, Text string }

// T returns one of our own words.
func (v view) T(key string) string { return say(v.Lang, key, "phone", v.Phone, "title", v.Heading) }

// languageNames are the languages in themselves.
var languageNames = map[string]string{"en": "English", "cy": "Cymraeg"}

// baseView is what all pages have.
func (f *Forms) baseView(of *form, lang string) view {
	v := view{Lang: lang, Phone: "999", ExitURL: "https://www.bbc.co.uk/weather"}
	if len(f.config.Sites) > 0 {
		v.Phone, v.ExitURL = f.config.Sites[0].Phone, f.config.Sites[0].ExitURL
	}
	if of != nil {
		v.Phone, v.ExitURL, v.Form, v.Heading = of.site.Phone, of.site.ExitURL, of.Name, of.Title.In(lang)
	}
	v.Title = v.Heading
	return v
}

// view is the page of a form: empty, or with what was sent and what is wrong.
func (f *Forms) view(of *form, lang string, sent *submission, problems []problem) view {
	v := f.baseView(of, lang)
	v.ID, v.Intro = sent.id, paragraphs(of.Intro.In(lang))
	if len(sent.values) == 0 { // else another language would lose what was typed
		for _, tag := range of.languages() {
			if tag != lang {
				v.Languages = append(v.Languages, languageLink{tag, languageNames[tag]})
			}
		}
	}
	for _, field := range of.Fields {
		shown := f.fieldView(field, lang, sent, problems)
		if shown.Error != nil {
			v.Lost = append(v.Lost, shown.Error...)
		}
		for _, file := range sent.files {
			if file.Field == field.Name {
				shown.Kept = append(shown.Kept, keptView{say(lang, "file.keep", "name", file.Name), f.keep(of.Name, sent.id, file)})
			}
		}
		v.Fields = append(v.Fields, shown)
	}
	for _, p := range problems {
		if p.Field == "" {
			v.Lost = append(v.Lost, line{"f-" + of.Fields[0].Name, f.config.message(of, p, lang)})
		}
	}
	if len(v.Lost) > 0 {
		v.Title = say(lang, "error.title", "title", v.Title)
	}
	return v
}

// receiptView is the page after a message was taken.
func (f *Forms) receiptView(of *form, lang string, got received) view {
	v := f.baseView(of, lang)
	v.Title = say(lang, "receipt") + " – " + v.Heading
	v.Receipt, v.Next, v.Urgent, v.Busy = Receipt(got.id), paragraphs(of.next(lang)), got.urgent, got.busy
	for _, p := range got.problems {
		if p.File != "" {
			v.Left = append(v.Left, line{"", f.config.message(of, p, lang)})
		} else {
			v.Open = true
		}
	}
	return v
}

// paragraphs parts a text at its empty lines.
func paragraphs(text string) (list []string) {
	for _, each := range strings.Split(text, "\n\n") {
		if each = strings.TrimSpace(each); each != "" {
			list = append(list, each)
		}
	}
	return list
}

// render writes a page, whole or not at all.
func (s *server) render(w http.ResponseWriter, status int, page *template.Template, v view) {
	var body bytes.Buffer
	if err := page.ExecuteTemplate(&body, "layout", v); err != nil {
		s.deps.Log.Error("page not written", "form", v.Form, "err", err)
		http.Error(w, "The page cannot be shown. In danger, call 999.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", v.Lang)
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // whoever asked is gone
}
