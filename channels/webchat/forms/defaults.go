package forms

import "slices"

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
