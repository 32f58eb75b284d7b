package main

import "contactd/contact/schema"

type schemaCommand struct {
	Form string `arg:"" default:"json" enum:"json,asyncapi" help:"json: JSON Schema of the events. asyncapi: AsyncAPI of the topics." optional:""`
}

// Run prints the event contract.
func (c schemaCommand) Run(p *program) error {
	text := schema.JSON()
	if c.Form == "asyncapi" {
		text = schema.AsyncAPI()
	}
	_, err := p.out.Write(text)
	return err
}
