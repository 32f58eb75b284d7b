package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"contactd/contact/schema"
)

type schemaCommand struct {
	Form string `arg:"" default:"json" enum:"json,asyncapi" help:"json: JSON Schema of the events. asyncapi: AsyncAPI of the topics." optional:""`
	To   string `help:"Write both, and the sample records that AsyncAPI refers to, into this folder." placeholder:"DIR"`
}

// Run prints the event contract.
func (c schemaCommand) Run(p *program) error {
	if c.To != "" {
		return writeContract(c.To)
	}
	text := schema.JSON()
	if c.Form == "asyncapi" {
		text = schema.AsyncAPI()
	}
	_, err := p.out.Write(text)
	return err
}

// writeContract writes the files of the contract under the names by which they
// refer to each other.
func writeContract(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "samples"), 0o750); err != nil {
		return fmt.Errorf("write contract: %w", err)
	}
	files := map[string][]byte{schema.JSONFile: schema.JSON(), schema.AsyncAPIFile: schema.AsyncAPI()}
	samples, err := fs.Glob(schema.Samples(), "samples/*.json")
	if err != nil {
		return fmt.Errorf("write contract: %w", err)
	}
	for _, name := range samples {
		if files[name], err = fs.ReadFile(schema.Samples(), name); err != nil {
			return fmt.Errorf("write contract: %w", err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil { //nolint:gosec // it is published
			return fmt.Errorf("write contract: %w", err)
		}
	}
	return nil
}
