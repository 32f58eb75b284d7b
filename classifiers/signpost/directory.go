package signpost

import (
	"errors"
	"fmt"
	"slices"

	"contactd/classifiers"
)

// directory is the file of topics.
type directory struct {
	Version string `yaml:"version"`
	// Never are phrases of what is left to the police, Unless of what phrases of
	// topics give way to.
	Never  []string `yaml:"never"`
	Unless []string `yaml:"unless"`
	Topics []topic  `yaml:"topics"`
	// Otherwise are lines of what is about no topic, divided by |, for a voice
	// to learn from: what only sounds so.
	Otherwise []string `yaml:"otherwise"`
}

// topic is one matter that is not for the police.
type topic struct {
	Code   string `yaml:"code"`
	Helper string `yaml:"helper"`
	Who    words  `yaml:"who"`
	Text   words  `yaml:"text"`
	// Also are labels of messages that this topic answers too.
	Also []string `yaml:"also"`
	// Lines are what people say of it, divided by |, for a voice to learn from.
	Lines []string `yaml:"lines"`
	// Of Sure one phrase is enough, of Hints two lists must be found.
	Sure  []string `yaml:"sure"`
	Hints []string `yaml:"hints"`
}

// words are the same in both languages.
type words struct {
	English string `yaml:"en"`
	Welsh   string `yaml:"cy"`
}

func decode(name string, content []byte) (directory, error) {
	var d directory
	err := classifiers.DecodePack(content, &d)
	if err == nil {
		err = d.validate()
	}
	if err != nil {
		return directory{}, fmt.Errorf("read signposts %s: %w", name, err)
	}
	return d, nil
}

func (d directory) validate() error {
	var problems []error
	if d.Version == "" {
		problems = append(problems, errors.New("version: want one, such as \"2026.11\""))
	}
	if len(d.Topics) == 0 {
		problems = append(problems, errNoTopics)
	}
	for i, each := range d.Topics {
		switch {
		case each.Code == "":
			problems = append(problems, fmt.Errorf("topics[%d].code: want one", i))
		case slices.ContainsFunc(d.Topics[:i], func(t topic) bool { return t.Code == each.Code }):
			problems = append(problems, fmt.Errorf("topics[%d].code %q: is there twice", i, each.Code))
		}
		if each.Helper == "" || each.Who.English == "" || each.Text.English == "" {
			problems = append(problems, fmt.Errorf("topics[%d] %q: want helper, who.en and text.en", i, each.Code))
		}
		if len(each.Sure)+len(each.Hints) == 0 {
			problems = append(problems, fmt.Errorf("topics[%d] %q: want phrases in sure or hints", i, each.Code))
		}
	}
	return errors.Join(problems...)
}

// before puts a force's own topics before the embedded ones.
func (d directory) before(embedded directory) directory {
	joined := directory{
		Version:   embedded.Version + "+" + d.Version,
		Never:     slices.Concat(embedded.Never, d.Never),
		Topics:    slices.Clone(d.Topics),
		Unless:    slices.Concat(d.Unless, embedded.Unless),
		Otherwise: slices.Concat(d.Otherwise, embedded.Otherwise),
	}
	for _, each := range embedded.Topics {
		if !slices.ContainsFunc(d.Topics, func(t topic) bool { return t.Code == each.Code }) {
			joined.Topics = append(joined.Topics, each)
		}
	}
	return joined
}
