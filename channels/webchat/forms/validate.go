package forms

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

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
