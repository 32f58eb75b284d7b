// Package schema is the event contract in writing: JSON Schema 2020-12 of
// every event, AsyncAPI 3 of every topic, and sample records. It holds files
// and no code; contact.Event and its data are the same contract in Go, and a
// test keeps the two alike. How a record is checked lies in contacttest.
//
// The schema is written for readers: unknown fields and unknown words are
// valid, because later versions add them. What the writer promises beyond that
// stands in x-enum (the words in use) and x-pattern (the form of ids), which
// contacttest holds every emitted event to.
package schema

import "embed"

// ID names the schema; it is the dataschema of events. Its last part is the
// version of the contract, Version.
const (
	ID      = "urn:contactd:schema:contact:" + Version
	Version = "1.0"
)

// The files of the contract, as they refer to each other; the samples lie
// beside them in the folder samples.
const (
	JSONFile     = "contact.v1.schema.json"
	AsyncAPIFile = "asyncapi.yaml"
)

//go:embed contact.v1.schema.json
var jsonSchema []byte

//go:embed asyncapi.yaml
var asyncAPI []byte

//go:embed samples/*.json
var samples embed.FS

// JSON returns the JSON Schema of the events. The caller owns the slice.
func JSON() []byte { return append([]byte(nil), jsonSchema...) }

// AsyncAPI returns the AsyncAPI document, YAML, which refers to JSONFile and
// the samples. The caller owns the slice.
func AsyncAPI() []byte { return append([]byte(nil), asyncAPI...) }

// Samples holds one record for each file samples/*.json.
func Samples() embed.FS { return samples }
