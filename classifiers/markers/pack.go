package markers

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"contactd/classifiers"
)

// pack is a file of signs. Lists of words and phrases are divided by |.
type pack struct {
	Version string `yaml:"version"`
	// People are words for people, with what each is to the writer.
	People []people `yaml:"people"`
	// Between may stand between a sign and whose it is ("autistic 9 year old
	// son"), Negations take the sign after them away, Things have an age and
	// are nobody.
	Between   string `yaml:"between"`
	Negations string `yaml:"negations"`
	Things    string `yaml:"things"`

	Markers []entry `yaml:"markers"`
	Covert  []entry `yaml:"covert"`
	Unsafe  []entry `yaml:"unsafe"`
	Safe    []entry `yaml:"safe"`
	Asks    []entry `yaml:"asks"`
}

// people are words for those who are the same to the writer.
type people struct {
	Who   string `yaml:"who"`
	Words string `yaml:"words"`
	// Nouns name somebody; the others ("he", "my") only point.
	Nouns string `yaml:"nouns"`
}

// entry is what can be noticed, with everything that shows it.
type entry struct {
	Code string `yaml:"code"`
	// Phrases are signs of it, those of Writer about the writer themselves.
	Phrases []string `yaml:"phrases"`
	Writer  []string `yaml:"writer"`
	// Except are phrases in which the words mean something else.
	Except []string `yaml:"except"`
	// Rules and Categories of reasons for the grade show it too.
	Rules      []string `yaml:"rules"`
	Categories []string `yaml:"categories"`
	// ExceptRules are those of Categories that do not.
	ExceptRules []string `yaml:"except_rules"`
	// Mine is what somebody is to the writer when a sign is the writer's own:
	// "my kids" are not the writer.
	Mine string `yaml:"mine"`
	// Age is an age, in years, at which somebody is a sign.
	Age *age `yaml:"age"`
	// Setting is set when the sign is of a situation: the words do not tell who
	// suffers it.
	Setting bool `yaml:"setting"`
	// Within is the most words of a message in which the sign counts, 0 for
	// any; with Beside it counts in a longer one beside another sign.
	Within int  `yaml:"within"`
	Beside bool `yaml:"beside"`
	// Whole is set when a phrase must be all that is said.
	Whole bool `yaml:"whole"`
	// Across is set when phrases may run over the end of a sentence.
	Across bool `yaml:"across"`
	// Foreign is set when a message in another language than English and Welsh
	// is a sign.
	Foreign bool `yaml:"foreign"`
	// Unsafe is set when this says, too, that an answer could endanger, unless
	// a phrase of Harmless gives another reason.
	Unsafe   bool     `yaml:"unsafe"`
	Harmless []string `yaml:"harmless"`
}

// mostCode is the longest code, in letters; an event carries many.
const mostCode = 60

// age is a range in years; Below is 0 for no end.
type age struct {
	From  int `yaml:"from"`
	Below int `yaml:"below"`
}

func (a age) holds(years int) bool { return years >= a.From && (a.Below == 0 || years < a.Below) }

func decode(name string, content []byte) (pack, error) {
	var p pack
	err := classifiers.DecodePack(content, &p)
	if err == nil {
		err = p.validate()
	}
	if err != nil {
		return pack{}, fmt.Errorf("read markers %s: %w", name, err)
	}
	return p, nil
}

func (p pack) validate() error {
	var problems []error
	if p.Version == "" {
		problems = append(problems, errors.New("version: want one, such as \"2026.11\""))
	}
	for i, each := range p.People {
		if each.Who == "" || each.Words == "" && each.Nouns == "" {
			problems = append(problems, fmt.Errorf("people[%d]: want who, and words or nouns", i))
		}
	}
	for _, section := range p.sections() {
		for i, each := range *section.entries {
			if err := each.validate(section.name); err != nil {
				problems = append(problems, fmt.Errorf("%s[%d] %q: %w", section.name, i, each.Code, err))
			}
			if slices.ContainsFunc((*section.entries)[:i], func(e entry) bool { return e.Code == each.Code }) {
				problems = append(problems, fmt.Errorf("%s[%d] %q: is there twice", section.name, i, each.Code))
			}
		}
	}
	return errors.Join(problems...)
}

func (e entry) validate(section string) error {
	switch {
	case e.Code == "" || strings.Trim(e.Code, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
		return errors.New("code: want lower-case letters, digits and _")
	case len(e.Code) > mostCode:
		return fmt.Errorf("code: want at most %d letters", mostCode)
	case e.Code == byChannel:
		return errors.New("code: is the word for what the channel knows")
	case len(e.Phrases)+len(e.Writer)+len(e.Rules)+len(e.Categories) == 0 && e.Age == nil && !e.Foreign:
		return errors.New("want phrases, writer, rules, categories, age or foreign")
	case e.Age != nil && (e.Age.From < 0 || e.Age.Below != 0 && e.Age.Below <= e.Age.From):
		return errors.New("age: want from less than below")
	case e.Within < 0 || section != "covert" && (e.Within != 0 || e.Beside):
		return errors.New("within: want a number of words, of a covert sign")
	case section != "asks" && section != "covert" && e.Unsafe || len(e.Harmless) > 0 && !e.Unsafe:
		return errors.New("unsafe is for covert and asks, harmless for what is unsafe")
	}
	return nil
}

// section is one list of a pack.
type section struct {
	name    string
	kind    kind
	entries *[]entry
}

func (p *pack) sections() []section {
	return []section{
		{"markers", marker, &p.Markers},
		{"covert", covert, &p.Covert},
		{"unsafe", unsafe, &p.Unsafe},
		{"safe", safe, &p.Safe},
		{"asks", ask, &p.Asks},
	}
}

// over puts a force's own pack over the embedded one: its entries replace those
// of the same code, its words are added.
func (p pack) over(embedded pack) pack {
	joined := embedded
	joined.Version += "+" + p.Version
	joined.People = slices.Concat(p.People, embedded.People)
	joined.Between = alternatives(embedded.Between, p.Between)
	joined.Negations = alternatives(embedded.Negations, p.Negations)
	joined.Things = alternatives(embedded.Things, p.Things)
	theirs, own := joined.sections(), p.sections()
	for i := range theirs {
		all := slices.Clone(*own[i].entries)
		for _, each := range *theirs[i].entries {
			if !slices.ContainsFunc(all, func(e entry) bool { return e.Code == each.Code }) {
				all = append(all, each)
			}
		}
		*theirs[i].entries = all
	}
	return joined
}

func alternatives(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "|" + b
}
