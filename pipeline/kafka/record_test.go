package kafka_test

import (
	"slices"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"contactd/contact"
	"contactd/contact/schema"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

func TestEveryHeaderOfARecordIsInTheContract(t *testing.T) {
	var contract struct {
		Components struct {
			MessageTraits struct {
				Event struct {
					Headers struct {
						Required   []string
						Properties map[string]any
					}
				}
			} `yaml:"messageTraits"`
		}
	}
	if err := yaml.Unmarshal(schema.AsyncAPI(), &contract); err != nil {
		t.Fatal(err)
	}
	headers := contract.Components.MessageTraits.Event.Headers
	grade := contact.Emergency
	env, err := pipeline.Envelope(contact.Event{
		ID: "id", Source: "source", Type: contact.ReceivedV1, Subject: "subject", Time: time.Now(), PartitionKey: "key", Grade: &grade, Sequence: "7",
	}, pipeline.LaneEmergency)
	if err != nil {
		t.Fatal(err)
	}
	env.Metadata[pipeline.MetaRow] = pipeline.RowMark{Journal: "journal", Seq: 1, Hash: "hash"}.String()
	// These are never sent.
	env.Metadata[pipeline.MetaPartition], env.Metadata[pipeline.MetaOffset] = "1", "2"
	record, err := kafka.Seal(pipeline.TopicEvents, env)
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for _, h := range record.Headers {
		written = append(written, h.Key)
		if headers.Properties[h.Key] == nil {
			t.Errorf("header %s is written and not declared", h.Key)
		}
	}
	for key := range headers.Properties {
		if !slices.Contains(written, key) {
			t.Errorf("header %s is declared and not written", key)
		}
	}
	for _, key := range headers.Required {
		if headers.Properties[key] == nil {
			t.Errorf("header %s is required and not declared", key)
		}
	}
}
