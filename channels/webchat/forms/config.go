package forms

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"contactd/channels/webchat/upload"
)

// Config is what the server serves. Forms are the file's, the rest is what the
// web chat is configured with.
type Config struct {
	Forms []Form
	// Sites are the sites that forms belong to, the first being the default.
	// Required.
	Sites []Site
	// Uploads say which files are taken with a message. Default: 5 files of
	// 25 MiB, image/*, video/*, application/pdf.
	Uploads Uploads
	// PerMinute is how many messages an address sends before its receipts are
	// slowed down. Default 10.
	PerMinute int
}

// Uploads say which files are taken.
type Uploads struct {
	upload.Limits
	// PerMessage is how many go with one message, in all its fields.
	PerMessage int
}

// Site is a public site that forms belong to.
type Site struct {
	// Name is the account of its messages.
	Name string
	// Origins are foreign pages that may send what was filled in.
	Origins []string
	// ExitURL is where the quick exit leads, Phone the number in danger.
	ExitURL, Phone string
}

// Words are a text by language tag. English ("en") is always there.
type Words map[string]string

// In returns the text in a language, or in English.
func (w Words) In(language string) string {
	if text := w[language]; text != "" {
		return text
	}
	return w["en"]
}

// Form is one form.
type Form struct {
	// Name is its address, /forms/<name>, and part of every message's
	// identity: small letters, digits and "-". Required.
	Name string `yaml:"name"`
	// Account is the site that it belongs to. Default: the first.
	Account string `yaml:"account"`
	// Title heads the page and is the subject of messages. It says which
	// languages the form has: English, and "cy" where everything has it.
	Title Words `yaml:"title"`
	// Intro stands before the questions; an empty line parts paragraphs.
	Intro Words `yaml:"intro"`
	// Next says, with the receipt, what happens next and when. Default: that
	// somebody reads it.
	Next Words `yaml:"next"`
	// Fields are the questions, in order. Required.
	Fields []Field `yaml:"fields"`
}

// Field is one question.
type Field struct {
	// Name is its name for programs: small letters, digits and "_". Required.
	Name string `yaml:"name"`
	// Kind is "text", "textarea", "email", "phone", "date", "time", "select",
	// "radio", "checkboxes", "postcode", "location", "file" or "safe" (whether
	// it is safe to contact the person). Default "text".
	Kind Kind `yaml:"kind"`
	// Role is what the answer is to the message: "name", "email", "phone",
	// "location", "safe" or "text". Default: what the kind says, else "text".
	Role Role `yaml:"role"`
	// Place is what a location is: "incident", "caller", "home" or
	// "mentioned". Default "incident".
	Place string `yaml:"place"`
	// Section is a heading before the question. Default none.
	Section Words `yaml:"section"`
	// Label is the question, Hint a help with it. A label is required, but
	// for "safe", which has its own.
	Label Words `yaml:"label"`
	Hint  Words `yaml:"hint"`
	// Required asks again when there is no answer, unless somebody is in
	// danger. Default false.
	Required bool `yaml:"required"`
	// Limit is the length of a text in characters. Default 200, and 5000 for
	// a textarea.
	Limit int `yaml:"limit"`
	// Options are the answers to choose from.
	Options []Option `yaml:"options"`
}

// Option is one answer to choose.
type Option struct {
	// Value is what programs get, in every language. Required.
	Value string `yaml:"value"`
	// Label is what people read. Required.
	Label Words `yaml:"label"`
}

// Kind is a kind of question.
type Kind string

// The kinds.
const (
	Text       Kind = "text"
	Textarea   Kind = "textarea"
	Email      Kind = "email"
	Phone      Kind = "phone"
	Date       Kind = "date"
	Time       Kind = "time"
	Select     Kind = "select"
	Radio      Kind = "radio"
	Checkboxes Kind = "checkboxes"
	Postcode   Kind = "postcode"
	Location   Kind = "location"
	Files      Kind = "file"
	Safe       Kind = "safe"
)

// chosen reports whether the answer is one of a list.
func (k Kind) chosen() bool { return k == Select || k == Radio || k == Checkboxes || k == Safe }

// Role is what an answer is to the message.
type Role string

// The roles.
const (
	AsName     Role = "name"
	AsEmail    Role = "email"
	AsPhone    Role = "phone"
	AsLocation Role = "location"
	AsSafe     Role = "safe"
	AsText     Role = "text"
)

// defaultRole is the role of a kind that has but one.
var defaultRole = map[Kind]Role{Email: AsEmail, Phone: AsPhone, Postcode: AsLocation, Location: AsLocation, Safe: AsSafe}

// The limits of texts, in characters, and the most that can be set.
const (
	lineLimit = 200
	textLimit = 5000
	mostText  = 20_000
	mostField = 100
)

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	fill(&c.PerMinute, 10)
	fill(&c.Uploads.FileBytes, 25<<20)
	fill(&c.Uploads.PerMessage, 5)
	if len(c.Uploads.MediaTypes) == 0 {
		c.Uploads.MediaTypes = []string{"image/*", "video/*", "application/pdf"}
	}
	c.Sites = slices.Clone(c.Sites)
	for i := range c.Sites {
		fill(&c.Sites[i].Phone, "999")
		fill(&c.Sites[i].ExitURL, "https://www.bbc.co.uk/weather")
	}
	c.Forms = slices.Clone(c.Forms)
	for i := range c.Forms {
		form := &c.Forms[i]
		if len(c.Sites) > 0 {
			fill(&form.Account, c.Sites[0].Name)
		}
		form.Fields = slices.Clone(form.Fields)
		for j := range form.Fields {
			form.Fields[j].fillIn()
		}
	}
	return c
}

func (f *Field) fillIn() {
	fill(&f.Kind, Text)
	if f.Kind == Textarea {
		fill(&f.Limit, textLimit)
	}
	fill(&f.Limit, lineLimit)
	fill(&f.Role, defaultRole[f.Kind])
	fill(&f.Role, AsText)
	if f.Role == AsLocation {
		fill(&f.Place, "incident")
	}
	if f.Kind == Safe {
		if len(f.Label) == 0 {
			f.Label, f.Hint = everyLanguage("safe"), everyLanguage("safe.hint")
		}
		for _, value := range []string{"yes", "no", "unknown"} {
			f.Options = append(f.Options, Option{Value: value, Label: everyLanguage("safe." + value)})
		}
	}
}

func fill[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// Validate returns all that is wrong with the forms, each with its key.
func (c Config) Validate() error {
	var wrong []error
	sites, names := map[string]bool{"": true}, map[string]bool{}
	for _, site := range c.Sites {
		sites[site.Name] = true
	}
	if len(c.Sites) == 0 && len(c.Forms) > 0 {
		wrong = append(wrong, errors.New("forms: need a site that they belong to"))
	}
	for i, form := range c.Forms {
		at := fmt.Sprintf("forms[%d]", i)
		if names[form.Name] {
			wrong = append(wrong, fmt.Errorf("%s.name: %q is used twice", at, form.Name))
		}
		names[form.Name] = true
		if !sites[form.Account] {
			wrong = append(wrong, fmt.Errorf("%s.account: there is no site named %q", at, form.Account))
		}
		wrong = append(wrong, form.validate(at))
	}
	return errors.Join(wrong...)
}

var (
	formName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
)

func (f Form) validate(at string) error {
	var wrong []error
	problem := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf(at+"."+format, args...))
	}
	if !formName.MatchString(f.Name) {
		problem("name: want 1 to 40 small letters, digits and dashes, got %q", f.Name)
	}
	if f.Title["en"] == "" {
		problem("title: want a text in English, en")
	}
	for tag := range f.Title {
		if _, known := interfaceTexts()[tag]; !known {
			problem("title: a form can be in %v, not in %q", languageTags, tag)
		}
	}
	for key, words := range map[string]Words{"intro": f.Intro, "next": f.Next} {
		if err := f.complete(words); err != nil {
			problem("%s: %w", key, err)
		}
	}
	if len(f.Fields) == 0 || len(f.Fields) > mostField {
		problem("fields: want 1 to %d questions", mostField)
	}
	names := map[string]bool{}
	for i, field := range f.Fields {
		if names[field.Name] {
			problem("fields[%d].name: %q is used twice", i, field.Name)
		}
		names[field.Name] = true
		wrong = append(wrong, field.validate(fmt.Sprintf("%s.fields[%d]", at, i), f))
	}
	return errors.Join(wrong...)
}

// complete says which of the form's languages a text lacks. A text that is in
// none is left out.
func (f Form) complete(words Words) error {
	if len(words) == 0 {
		return nil
	}
	for tag := range f.Title {
		if words[tag] == "" {
			return fmt.Errorf("there is no text in %q, which the title has", tag)
		}
	}
	for tag := range words {
		if f.Title[tag] == "" {
			return fmt.Errorf("there is a text in %q, which the title lacks", tag)
		}
	}
	return nil
}

func (f Field) validate(at string, form Form) error {
	var wrong []error
	problem := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf(at+"."+format, args...))
	}
	set := f
	set.fillIn()
	if !fieldName.MatchString(f.Name) {
		problem("name: want a small letter, then at most 39 small letters, digits and underscores, got %q", f.Name)
	}
	if !slices.Contains([]Kind{Text, Textarea, Email, Phone, Date, Time, Select, Radio, Checkboxes, Postcode, Location, Files, Safe}, set.Kind) {
		problem("kind: want text, textarea, email, phone, date, time, select, radio, checkboxes, postcode, location, file or safe, got %q", f.Kind)
	}
	if !slices.Contains([]Role{AsName, AsEmail, AsPhone, AsLocation, AsSafe, AsText}, set.Role) {
		problem("role: want name, email, phone, location, safe or text, got %q", f.Role)
	}
	if set.Role == AsSafe && set.Kind != Safe {
		problem("role: safe is the role of the kind safe alone")
	}
	if !slices.Contains([]string{"", "incident", "caller", "home", "mentioned"}, f.Place) || f.Place != "" && set.Role != AsLocation {
		problem("place: want incident, caller, home or mentioned, for a location alone, got %q", f.Place)
	}
	if len(f.Label) == 0 && set.Kind != Safe {
		problem("label: want the question, in the languages of the title")
	}
	for key, words := range map[string]Words{"section": f.Section, "label": f.Label, "hint": f.Hint} {
		if err := form.complete(words); err != nil {
			problem("%s: %w", key, err)
		}
	}
	if f.Limit < 0 || f.Limit > mostText {
		problem("limit: want 1 to %d characters", mostText)
	}
	return errors.Join(append(wrong, f.validateOptions(at, form))...)
}

func (f Field) validateOptions(at string, form Form) error {
	asks := f.Kind.chosen() && f.Kind != Safe
	if asks != (len(f.Options) > 0) {
		return fmt.Errorf("%s.options: want them for select, radio and checkboxes, and for these alone", at)
	}
	var wrong []error
	values := map[string]bool{}
	for i, option := range f.Options {
		at := fmt.Sprintf("%s.options[%d]", at, i)
		if option.Value == "" || values[option.Value] {
			wrong = append(wrong, fmt.Errorf("%s.value: want one that no other option has, got %q", at, option.Value))
		}
		values[option.Value] = true
		if len(option.Label) == 0 {
			wrong = append(wrong, fmt.Errorf("%s.label: want a text", at))
		} else if err := form.complete(option.Label); err != nil {
			wrong = append(wrong, fmt.Errorf("%s.label: %w", at, err))
		}
	}
	return errors.Join(wrong...)
}
