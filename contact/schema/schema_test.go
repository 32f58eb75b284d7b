package schema_test

import (
	"encoding/json"
	"io/fs"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/contact/schema"
)

// described pairs each part of the schema with the Go type that is written as
// it. Parts that are only planned have no Go type yet.
var described = map[string]reflect.Type{
	"":               reflect.TypeFor[contact.Event](),
	"received":       reflect.TypeFor[contact.Received](),
	"channel":        reflect.TypeFor[contact.ChannelData](),
	"times":          reflect.TypeFor[contact.Times](),
	"late":           reflect.TypeFor[contact.Late](),
	"provenance":     reflect.TypeFor[contact.Provenance](),
	"party":          reflect.TypeFor[contact.Party](),
	"content":        reflect.TypeFor[contact.Content](),
	"attachment":     reflect.TypeFor[contact.Attachment](),
	"location":       reflect.TypeFor[contact.Location](),
	"classification": reflect.TypeFor[contact.Classification](),
	"opinion":        reflect.TypeFor[contact.Opinion](),
	"reason":         reflect.TypeFor[contact.Reason](),
	"marker":         reflect.TypeFor[contact.Marker](),
	"sign":           reflect.TypeFor[contact.Sign](),
	"covert":         reflect.TypeFor[contact.Covert](),
	"safeToReply":    reflect.TypeFor[contact.SafeToReply](),
	"thrive":         reflect.TypeFor[contact.Thrive](),
	"heading":        reflect.TypeFor[contact.Heading](),
	"hint":           reflect.TypeFor[contact.Hint](),
	"signpost":       reflect.TypeFor[contact.Signpost](),
	"span":           reflect.TypeFor[contact.Span](),
	"suggested":      reflect.TypeFor[contact.Suggested](),
	"unreadable":     reflect.TypeFor[contact.Unreadable](),
	"revision":       reflect.TypeFor[contact.Revision](),
	"escalation":     reflect.TypeFor[contact.Escalation](),
	"assessed":       reflect.TypeFor[contact.Assessed](),
	"rejected":       reflect.TypeFor[contact.Rejected](),
	"channelState":   reflect.TypeFor[contact.ChannelState](),
	"reply":          reflect.TypeFor[contact.Requested](),
	"replied":        reflect.TypeFor[contact.Replied](),
	"graded":         reflect.TypeFor[contact.Graded](),
	"seen":           reflect.TypeFor[contact.Seen](),
	"abandoned":      reflect.TypeFor[contact.Abandoned](),
	"presence":       reflect.TypeFor[contact.Presence](),
	"typing":         reflect.TypeFor[contact.Typing](),
	"replyRules":     reflect.TypeFor[contact.ReplyRules](),
	"field":          reflect.TypeFor[contact.Field](),
}

// part is what the tests read of a piece of the schema.
type part struct {
	Type        string
	Ref         string `json:"$ref"`
	Description string
	Required    []string
	Properties  map[string]part
	Items       *part
	Words       []string        `json:"x-enum"`
	Status      string          `json:"x-status"`
	Defs        map[string]part `json:"$defs"`
}

func read(t *testing.T) part {
	t.Helper()
	var root part
	if err := json.Unmarshal(schema.JSON(), &root); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestEverySampleIsValid(t *testing.T) {
	names, err := fs.Glob(schema.Samples(), "samples/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("samples: %v, %v", names, err)
	}
	for _, name := range names {
		record, err := fs.ReadFile(schema.Samples(), name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { contacttest.Valid(t, record) })
	}
}

func TestTheSamplesReferToOriginalsAsContactdDoes(t *testing.T) {
	names, _ := fs.Glob(schema.Samples(), "samples/*.json")
	for _, name := range names {
		record, _ := fs.ReadFile(schema.Samples(), name)
		for _, ref := range regexp.MustCompile(`"rawRef": "(.*)"`).FindAllStringSubmatch(string(record), -1) {
			if !regexp.MustCompile(`/originals/[1-9][0-9]*$|^kafka:`).MatchString(ref[1]) {
				t.Errorf("%s: %s is not the number of an original, which pipeline writes", name, ref[1])
			}
		}
	}
}

func TestEveryFieldInGoIsDescribedAndTheOtherWayRound(t *testing.T) {
	root := read(t)
	for name, typ := range described {
		piece := root
		if name != "" {
			var ok bool
			if piece, ok = root.Defs[name]; !ok {
				t.Errorf("$defs has no %s", name)
				continue
			}
		}
		required := map[string]bool{}
		for _, field := range piece.Required {
			required[field] = true
		}
		fields := jsonFields(typ)
		for field, f := range fields {
			property, ok := piece.Properties[field]
			if !ok {
				t.Errorf("%s.%s is written but not described", typ, field)
				continue
			}
			if want := jsonType(f.typ); property.Ref == "" && property.Type != want {
				t.Errorf("%s.%s: described as %s, written as %s", typ, field, property.Type, want)
			}
			if required[field] == f.optional {
				t.Errorf("%s.%s: required %v, omitted when empty %v", typ, field, required[field], f.optional)
			}
		}
		for field := range piece.Properties {
			if _, ok := fields[field]; !ok {
				t.Errorf("%s.%s is described but never written", name, field)
			}
		}
	}
	for name, piece := range root.Defs {
		if _, ok := described[name]; !ok && piece.Type == "object" && piece.Status != "planned" {
			t.Errorf("$defs.%s is paired with no Go type and not marked as planned", name)
		}
	}
}

func TestEveryPropertyHasADescription(t *testing.T) {
	root := read(t)
	root.Defs[""] = root
	for name, piece := range root.Defs {
		if piece.Description == "" {
			t.Errorf("$defs.%s has no description", name)
		}
		for field, property := range piece.Properties {
			if property.Description == "" && property.Ref == "" {
				t.Errorf("%s.%s has no description", name, field)
			}
		}
	}
}

func TestTheWordsOfTheSchemaAreTheWordsInGo(t *testing.T) {
	root := read(t)
	var grades []string
	for _, grade := range contact.Grades() {
		grades = append(grades, grade.String())
	}
	if got := root.Defs["grade"].Words; !reflect.DeepEqual(got, grades) {
		t.Errorf("grades: %v, in Go %v", got, grades)
	}
	types := strings.Join(root.Properties["type"].Words, " ")
	for _, each := range []string{
		contact.ReceivedV1, contact.AssessedV1, contact.SuggestedV1, contact.EscalatedV1, contact.RejectedV1, contact.DegradedV1, contact.RestoredV1,
		contact.RevisedV1, contact.RepliedV1, contact.AbandonedV1, contact.ReplyRequestedV1, contact.SeenV1, contact.GradedV1, contact.PresenceV1, contact.TypingV1,
	} {
		if !strings.Contains(types, each) {
			t.Errorf("type %s is not listed", each)
		}
	}
	states := strings.Join(root.Defs["replied"].Properties["state"].Words, " ")
	for _, each := range []contact.ReplyState{contact.Queued, contact.HandedOver, contact.Confirmed, contact.Failed, contact.Uncertain} {
		if !strings.Contains(states, string(each)) {
			t.Errorf("state %s is not listed", each)
		}
	}
	actions := strings.Join(root.Defs["revision"].Properties["action"].Words, " ")
	for _, each := range []contact.Revising{contact.Edited, contact.Withdrawn, contact.Hidden, contact.Shown, contact.Reacted, contact.Unreacted, contact.Attached, contact.Mentioned, contact.Otherwise} {
		if !strings.Contains(actions, string(each)) {
			t.Errorf("action %s is not listed", each)
		}
	}
	ways := strings.Join(root.Defs["reply"].Properties["way"].Words, " ")
	for _, each := range []contact.Way{contact.Privately, contact.Hide, contact.Show} {
		if !strings.Contains(ways, string(each)) {
			t.Errorf("way %s is not listed", each)
		}
	}
	flags := strings.Join(root.Defs["received"].Properties["flags"].Items.Words, " ")
	for _, each := range []contact.Flag{contact.ParseDegraded, contact.Oversize, contact.HiddenText, contact.TNEF, contact.Encrypted, contact.ForeignThread, contact.Truncated, contact.NotAddressed, contact.Repeated, contact.Incomplete} {
		if !strings.Contains(flags, string(each)) {
			t.Errorf("flag %s is not listed", each)
		}
	}
}

type jsonField struct {
	typ      reflect.Type
	optional bool
}

// jsonFields lists what encoding/json writes of a struct, embedded fields
// included.
func jsonFields(typ reflect.Type) map[string]jsonField {
	fields := map[string]jsonField{}
	for _, f := range reflect.VisibleFields(typ) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" || name == "-" || !f.IsExported() {
			continue
		}
		fields[name] = jsonField{typ: f.Type, optional: strings.Contains(options, "omitempty")}
	}
	return fields
}

// jsonType is the JSON type that a Go type is written as.
func jsonType(typ reflect.Type) string {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == reflect.TypeFor[json.RawMessage]():
		return "object"
	case typ == reflect.TypeFor[[]byte](), typ.String() == "time.Time", typ.Kind() == reflect.String:
		return "string"
	case typ.Kind() == reflect.Slice:
		return "array"
	case typ.Kind() == reflect.Bool:
		return "boolean"
	case typ.Kind() == reflect.Float64:
		return "number"
	case typ.Kind() == reflect.Struct:
		return "object"
	default:
		return "integer"
	}
}
