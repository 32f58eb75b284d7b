package forms

import (
	"embed"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

//go:embed lang/*.json
var languageFiles embed.FS

// languageTags are the languages of our own words, English first.
var languageTags = []string{"en", "cy"}

// texts are our own words by their key.
type texts map[string]string

// interfaceTexts are our own words by language; a test reads the files.
var interfaceTexts = sync.OnceValue(func() map[string]texts {
	all := map[string]texts{}
	for _, tag := range languageTags {
		raw, err := languageFiles.ReadFile("lang/" + tag + ".json")
		words := texts{}
		if err != nil || json.Unmarshal(raw, &words) != nil {
			panic("forms: the words of language " + tag + " cannot be read")
		}
		all[tag] = words
	}
	return all
})

// everyLanguage is one of our own words in all languages.
func everyLanguage(key string) Words {
	words := Words{}
	for tag, all := range interfaceTexts() {
		words[tag] = all[key]
	}
	return words
}

// say returns one of our own words with its placeholders filled: pairs of name
// and value.
func say(tag, key string, values ...string) string {
	text := interfaceTexts()[tag][key]
	pairs := make([]string, 0, len(values))
	for i, value := range values {
		if i%2 == 0 {
			value = "{" + value + "}"
		}
		pairs = append(pairs, value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// languages are those of a form, English first.
func (f Form) languages() []string {
	var tags []string
	for _, tag := range languageTags {
		if f.Title[tag] != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// pick chooses the language of a form: the one that is asked for, or the best
// of those that the browser names.
func (f Form) pick(asked string, r *http.Request) string {
	tags := f.languages()
	have := make([]language.Tag, len(tags))
	for i, tag := range tags {
		if tag == asked {
			return tag
		}
		have[i] = language.Make(tag)
	}
	wanted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(wanted) == 0 {
		return tags[0]
	}
	_, index, _ := language.NewMatcher(have).Match(wanted...)
	return tags[index]
}
