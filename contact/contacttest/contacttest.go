// Package contacttest holds events to the contract in tests. Every test that
// emits an event passes its record to Valid.
//
// The published schema is written for readers, to whom unknown fields and
// words are valid. Valid is stricter, because it checks the writer: only
// described fields, only the words listed in x-enum, ids of the form x-pattern.
package contacttest

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"contactd/contact/schema"
)

// Valid fails the test, and says where and why, unless record is an event as
// contactd may emit it. It is safe for concurrent use.
func Valid(t testing.TB, record []byte) {
	t.Helper()
	if err := Check(record); err != nil {
		t.Errorf("event breaks the contract: %v\n%s", err, record)
	}
}

// Check reports how record breaks what a writer promises, or nil. It is for
// the few callers without a testing.TB, or that expect an error.
func Check(record []byte) error {
	writer, err := writerSchema()
	if err != nil {
		return err
	}
	return check(writer, record)
}

// CheckAsReader reports how record breaks what a reader may rely on, or nil.
func CheckAsReader(record []byte) error {
	reader, err := readerSchema()
	if err != nil {
		return err
	}
	return check(reader, record)
}

func check(s *jsonschema.Schema, record []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(record))
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	return s.Validate(value)
}

var (
	readerSchema = sync.OnceValues(func() (*jsonschema.Schema, error) { return compile(func(any) {}) })
	writerSchema = sync.OnceValues(func() (*jsonschema.Schema, error) { return compile(tighten) })
)

func compile(change func(any)) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.JSON()))
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	change(doc)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.AssertContent()
	if err := compiler.AddResource(schema.ID, doc); err != nil {
		return nil, fmt.Errorf("add schema: %w", err)
	}
	return compiler.Compile(schema.ID)
}

// tighten turns what the schema says about the writer into rules: it walks the
// document in place.
func tighten(node any) {
	switch node := node.(type) {
	case map[string]any:
		for _, child := range node {
			tighten(child)
		}
		if words, ok := node["x-enum"].([]any); ok {
			node["enum"] = words
		}
		if form, ok := node["x-pattern"].(string); ok {
			node["pattern"] = form
		}
		if _, ok := node["properties"]; ok && node["type"] == "object" {
			node["additionalProperties"] = false
		}
	case []any:
		for _, child := range node {
			tighten(child)
		}
	}
}
