package forms

import (
	"strconv"
	"strings"
)

// fieldView is one question on the page.
type fieldView struct {
	Name, Kind  string
	ID          string // of the element that takes the first answer
	Section     string
	Label       string
	Hints       []string
	DescribedBy string
	Optional    bool
	Error       []line
	Value       string
	Options     []optionView
	Parts       []partView
	Kept        []keptView

	// Attributes of the input.
	Type, Inputmode, Autocomplete, Accept, Width string
	Rows                                         int
	words                                        texts
}

// optionView is one answer to choose.
type optionView struct {
	ID, Value, Label string
	Chosen           bool
}

// partView is a part of a date.
type partView struct{ ID, Name, Label, Value, Width string }

// keptView is a file that need not be chosen again.
type keptView struct{ Label, Token string }

// T returns one of our own words.
func (v fieldView) T(key string) string { return v.words[key] }

func (f *Forms) fieldView(field Field, lang string, sent *submission, problems []problem) fieldView {
	v := fieldView{
		Name: field.Name, Kind: string(field.Kind), ID: "f-" + field.Name, Section: field.Section.In(lang), Label: field.Label.In(lang),
		Optional: !field.Required, Value: strings.Join(sent.values[field.Name], "\n"), words: interfaceTexts()[lang],
	}
	if field.Kind == Date {
		v.parts(sent)
	}
	v.hints(field, lang, f.config)
	v.attributes(field, f.config)
	v.choices(field, lang, sent)
	for _, p := range problems {
		if p.Field == field.Name {
			v.Error = append(v.Error, line{v.ID, f.config.message(&form{fields: map[string]Field{field.Name: field}}, p, lang)})
		}
	}
	var described []string
	if len(v.Hints) > 0 {
		described = append(described, "f-"+v.Name+"-hint")
	}
	if len(v.Error) > 0 {
		described = append(described, "f-"+v.Name+"-error")
	}
	v.DescribedBy = strings.Join(described, " ")
	return v
}

func (v *fieldView) hints(field Field, lang string, c Config) {
	if hint := field.Hint.In(lang); hint != "" {
		v.Hints = append(v.Hints, hint)
	}
	switch field.Kind {
	case Date:
		v.Hints = append(v.Hints, say(lang, "date.hint"))
	case Time:
		v.Hints = append(v.Hints, say(lang, "time.hint"))
	case Checkboxes:
		v.Hints = append(v.Hints, say(lang, "any"))
	case Textarea:
		v.Hints = append(v.Hints, say(lang, "limit", "limit", grouped(field.Limit)))
	case Files:
		key := "file.hint"
		if strings.Join(c.Uploads.MediaTypes, " ") != "image/* video/* application/pdf" {
			key = "file.hint.other"
		}
		v.Hints = append(v.Hints, say(lang, key, "files", strconv.Itoa(c.Uploads.PerMessage), "size", bytesInWords(c.Uploads.FileBytes)))
	}
}

// attributes sets what helps browsers to help. The browser's memory of forms
// is switched off but for what people have in it anyway (WCAG 1.3.5): what
// they write about a crime is not for whoever uses the browser next.
func (v *fieldView) attributes(field Field, c Config) {
	v.Type, v.Autocomplete, v.Width = "text", "off", "wide"
	switch field.Kind {
	case Email:
		v.Type, v.Autocomplete, v.Inputmode = "email", "email", "email"
	case Phone:
		v.Type, v.Autocomplete, v.Width = "tel", "tel", "middle"
	case Time:
		v.Width = "narrow"
	case Postcode:
		v.Width = "narrow"
		if field.Place == "home" {
			v.Autocomplete = "postal-code"
		}
	case Textarea:
		v.Rows = 8
	case Location:
		v.Rows = 3
	case Files:
		v.Accept = strings.Join(c.Uploads.MediaTypes, ",")
	}
	if field.Role == AsName {
		v.Autocomplete = "name"
	}
}

func (v *fieldView) choices(field Field, lang string, sent *submission) {
	if !field.Kind.chosen() {
		return
	}
	for i, option := range field.Options {
		id := v.ID
		if i > 0 {
			id += "-" + strconv.Itoa(i+1)
		}
		v.Options = append(v.Options, optionView{id, option.Value, option.Label.In(lang), sent.has(field.Name, option.Value)})
	}
}

// parts are the three fields of a date.
func (v *fieldView) parts(sent *submission) {
	v.ID += dateParts[0]
	for i, part := range dateParts {
		width := "two"
		if i == 2 {
			width = "four"
		}
		name := v.Name + part
		v.Parts = append(v.Parts, partView{"f-" + name, name, v.T("date." + part[1:]), strings.Join(sent.values[name], " "), width})
	}
}
