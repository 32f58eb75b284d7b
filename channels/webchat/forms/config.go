package forms

import "contactd/channels/webchat/upload"

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
