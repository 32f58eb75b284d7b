package widget

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
)

//go:embed lang/*.json
var embeddedLanguages embed.FS

// texts are the words of a language by their key.
type texts map[string]string

// languages are all there are. Every one has every key: what a file leaves out
// is English.
type languages struct {
	tags  []string // English first, then sorted
	texts map[string]texts
	files map[string]asset
}

// tag is the form of a language's name, as in a URL (BCP 47, in part).
var tag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// placeholder is what a text leaves to be filled in.
var placeholder = regexp.MustCompile(`\{\w+\}`)

// readLanguages reads the embedded languages and those in folder, if any.
func readLanguages(folder string) (languages, error) {
	all := languages{texts: map[string]texts{}, files: map[string]asset{}}
	embedded, err := fs.Sub(embeddedLanguages, "lang")
	if err != nil {
		return all, err
	}
	english, err := readTexts(embedded, "en.json", nil)
	if err != nil {
		return all, err
	}
	all.texts["en"] = english
	if err := all.read(embedded, english); err != nil {
		return all, err
	}
	if folder != "" {
		if err := all.read(os.DirFS(folder), english); err != nil {
			return all, fmt.Errorf("%s: %w", folder, err)
		}
	}
	for name, words := range all.texts {
		body, err := json.Marshal(words)
		if err != nil {
			return all, err
		}
		all.files[name] = newAsset("application/json; charset=utf-8", body)
		if name != "en" {
			all.tags = append(all.tags, name)
		}
	}
	slices.Sort(all.tags)
	all.tags = slices.Insert(all.tags, 0, "en")
	return all, nil
}

// read adds every language of a folder.
func (l languages) read(files fs.FS, english texts) error {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return fmt.Errorf("read languages: %w", err)
	}
	for _, entry := range entries {
		name, isJSON := strings.CutSuffix(entry.Name(), ".json")
		if !isJSON || entry.IsDir() {
			continue
		}
		if !tag.MatchString(name) {
			return fmt.Errorf("read language %q: name the file by a language tag, such as pl.json", entry.Name())
		}
		words, err := readTexts(files, entry.Name(), english)
		if err != nil {
			return err
		}
		l.texts[name] = words
	}
	return nil
}

// readTexts reads one file and adds from English what it leaves out. With
// english nil the file is taken as it is.
func readTexts(files fs.FS, name string, english texts) (texts, error) {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("read language: %w", err)
	}
	words := texts{}
	if err := json.Unmarshal(raw, &words); err != nil {
		return nil, fmt.Errorf("read language %q: want an object of texts: %w", name, err)
	}
	for key, text := range words {
		known, ok := english[key]
		if english != nil && !ok {
			return nil, fmt.Errorf("read language %q: nothing is called %q; the keys are those of en.json", name, key)
		}
		if english != nil && !slices.Equal(placeholders(text), placeholders(known)) {
			return nil, fmt.Errorf("read language %q: %q must have the placeholders %v", name, key, placeholders(known))
		}
	}
	if english != nil && words["name"] == "" {
		return nil, fmt.Errorf("read language %q: it must say its own name as \"name\"", name)
	}
	for key, text := range english {
		if words[key] == "" {
			words[key] = text
		}
	}
	return words, nil
}

// placeholders returns a text's placeholders, sorted and each once.
func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// names returns what each language calls itself, by its tag.
func (l languages) names() map[string]string {
	names := map[string]string{}
	for name, words := range l.texts {
		names[name] = words["name"]
	}
	return names
}

// serveLanguage answers with the texts of one language.
func (w *Widget) serveLanguage(rw http.ResponseWriter, r *http.Request) {
	name, isJSON := strings.CutSuffix(r.PathValue("file"), ".json")
	file, ok := w.languages.files[name]
	if !ok || !isJSON {
		http.NotFound(rw, r)
		return
	}
	file.ServeHTTP(rw, r)
}
