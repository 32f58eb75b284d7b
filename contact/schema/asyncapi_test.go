package schema_test

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"contactd/contact"
	"contactd/contact/schema"
	"contactd/pipeline"
)

func readAsyncAPI(t *testing.T) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := yaml.Unmarshal(schema.AsyncAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// follow returns what a dotted path of keys leads to, or nil.
func follow(node any, path ...string) any {
	for _, key := range path {
		m, _ := node.(map[string]any)
		node = m[key]
	}
	return node
}

func TestEveryReferenceInTheAsyncAPILeadsSomewhere(t *testing.T) {
	doc := readAsyncAPI(t)
	if doc["asyncapi"] != "3.0.0" {
		t.Errorf("asyncapi: %v", doc["asyncapi"])
	}
	count := 0
	walk(doc, func(ref string) {
		count++
		file, pointer, _ := strings.Cut(ref, "#")
		switch {
		case file == "" && follow(doc, strings.Split(strings.Trim(pointer, "/"), "/")...) == nil:
			t.Errorf("%s leads nowhere", ref)
		case file == "" || file == "contact.v1.schema.json" && json.Valid(schema.JSON()):
		default:
			if _, err := fs.Stat(schema.Samples(), file); err != nil {
				t.Errorf("%s: %v", ref, err)
			}
		}
	})
	if count < 30 {
		t.Errorf("only %d references found", count)
	}
}

func walk(node any, seen func(ref string)) {
	switch node := node.(type) {
	case map[string]any:
		if ref, ok := node["$ref"].(string); ok {
			seen(ref)
		}
		for _, child := range node {
			walk(child, seen)
		}
	case []any:
		for _, child := range node {
			walk(child, seen)
		}
	}
}

func TestTheAsyncAPINamesEveryTopicAndEverySample(t *testing.T) {
	doc := readAsyncAPI(t)
	var topics []string
	for _, channel := range doc["channels"].(map[string]any) {
		topics = append(topics, follow(channel, "address").(string))
	}
	for _, topic := range []string{pipeline.TopicEvents, pipeline.TopicAlerts, pipeline.TopicReplies, pipeline.TopicFeedback, pipeline.TopicRejected, pipeline.TopicSignals} {
		if !slices.Contains(topics, topic) {
			t.Errorf("topic %s is missing", topic)
		}
	}
	names, _ := fs.Glob(schema.Samples(), "samples/*.json")
	for _, name := range names {
		if !strings.Contains(string(schema.AsyncAPI()), name) {
			t.Errorf("no message shows %s", name)
		}
	}
}

func TestEveryMessageOfTheAsyncAPICarriesATypeOfTheSchema(t *testing.T) {
	types := read(t).Properties["type"].Words
	for key, message := range follow(readAsyncAPI(t), "components", "messages").(map[string]any) {
		if name := follow(message, "name").(string); !slices.Contains(types, name) {
			t.Errorf("message %s: type %s is not in the schema", key, name)
		}
	}
}

func TestOnlyWhatContactdPublishesMustHaveHeaders(t *testing.T) {
	doc := readAsyncAPI(t)
	commands := []string{
		contact.ReplyRequestedV1, contact.SeenV1, contact.GradedV1, // on contact.replies, see pipeline/command_test.go
		contact.PresenceV1, contact.TypingV1, "incident.acknowledged.v1",
	}
	for key, message := range follow(doc, "components", "messages").(map[string]any) {
		trait := follow(message.(map[string]any)["traits"].([]any)[0], "$ref").(string)
		headers := follow(doc, append(strings.Split(strings.Trim(trait, "#/"), "/"), "headers")...)
		name := follow(message, "name").(string)
		if _, must := headers.(map[string]any)["required"]; must == slices.Contains(commands, name) {
			t.Errorf("message %s: headers are required: %v", key, must)
		}
	}
}
