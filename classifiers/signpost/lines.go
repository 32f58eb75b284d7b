package signpost

import "strings"

// Line is what people say of a topic, or of none.
type Line struct {
	Topic string // empty for none
	Text  string
}

// Lines are all that a directory tells of its topics, for a voice to learn
// from: its lines, its sure phrases without the signs of phrases, and who helps
// with what. Each stands once.
func Lines(cfg Config) ([]Line, error) {
	listed, err := read(cfg)
	if err != nil {
		return nil, err
	}
	var all []Line
	seen := map[Line]bool{}
	add := func(topic, text string) {
		line := Line{topic, strings.Join(strings.Fields(text), " ")}
		if line.Text != "" && !seen[line] {
			seen[line] = true
			all = append(all, line)
		}
	}
	for _, topic := range listed.Topics {
		for _, list := range topic.Lines {
			for _, text := range strings.Split(list, "|") {
				add(topic.Code, text)
			}
		}
		for _, list := range topic.Sure {
			for _, each := range strings.Split(list, "|") {
				for _, text := range said(each) {
					add(topic.Code, text)
				}
			}
		}
		add(topic.Code, topic.Text.English)
		add(topic.Code, topic.Text.Welsh)
	}
	for _, list := range listed.Otherwise {
		for _, text := range strings.Split(list, "|") {
			add("", text)
		}
	}
	return all, nil
}

// said is a phrase as a person would say it, once for each choice that its
// words leave.
func said(phrase string) []string {
	words := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(phrase, "*", ""), "_", ""))
	choices := 1
	for _, word := range words {
		choices = max(choices, strings.Count(word, "/")+1)
	}
	texts := make([]string, choices)
	for n := range texts {
		for _, word := range words {
			each := strings.Split(word, "/")
			texts[n] += " " + each[n%len(each)]
		}
	}
	return texts
}
