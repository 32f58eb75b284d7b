package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/contact"
)

// command is the step that takes what handlers ask for. It is acknowledged
// once a reply is durable. What cannot be read goes to contact.rejected, so
// that it stops nobody and a person looks.
func (p *Pipeline) command(env *message.Message) error {
	command, err := readCommand(env.Payload, p.seal.force)
	if err != nil {
		return Permanent(err)
	}
	switch c := command.(type) {
	case contact.Reply:
		return p.replies.Journal.QueueReply(env.Context(), c)
	case contact.Seen:
		p.seen(env.Context(), c)
	case grading:
		return p.decide(env.Context(), c)
	default:
		p.metrics.otherForce.Inc()
		p.log.Debug("command for another force", "place", placeOf(env))
	}
	return nil
}

// placeOf is a command's partition/offset.
func placeOf(env *message.Message) string {
	return env.Metadata.Get(MetaPartition) + "/" + env.Metadata.Get(MetaOffset)
}

// seen shows that a handler has looked. It matters to those who wait, and is
// overtaken by the next: what fails is not tried for ever.
func (p *Pipeline) seen(ctx context.Context, seen contact.Seen) {
	for _, each := range p.replies.Attendants {
		call, cancel := context.WithTimeout(ctx, seenLimit)
		if err := each.Seen(call, seen); err != nil {
			p.log.Warn("show that a handler has looked", "conversation", seen.ConversationID, "err", err)
		}
		cancel()
	}
}

// seenLimit bounds how long one channel may take, because replies wait.
const seenLimit = 2 * time.Second

// readCommand reads a record of TopicReplies: a contact.Reply, a contact.Seen, a
// grading, or nil for what another force is asked for on the same cluster. A
// type that is not known here, such as that of a version to come, is an error:
// who passes over an event misses news, who passes over a command leaves a
// person without an answer.
func readCommand(record []byte, force string) (any, error) {
	var e contact.Event
	if err := json.Unmarshal(record, &e); err != nil {
		return nil, fmt.Errorf("read command: %w", unworded(err, record))
	}
	if e.SpecVersion != "1.0" || e.Type == "" {
		return nil, errors.New("read command: it is no CloudEvent of version 1.0")
	}
	if e.Force != "" && e.Force != force {
		return nil, nil //nolint:nilnil // not ours, and no error
	}
	switch e.Type {
	case contact.ReplyRequestedV1:
		var data contact.Requested
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Type, unworded(err, e.Data))
		}
		return data.Reply, checkReply(e, data)
	case contact.SeenV1:
		var data contact.Seen
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Type, unworded(err, e.Data))
		}
		return data, checkSeen(e, data)
	case contact.GradedV1:
		return readGrading(e)
	default:
		return nil, fmt.Errorf("read command: its type%s is not known here: want %s, %s or %s",
			nameOf(e.Type), contact.ReplyRequestedV1, contact.GradedV1, contact.SeenV1)
	}
}

// nameOf is a type to be shown, or nothing when it may be a person's words.
func nameOf(eventType string) string {
	if len(eventType) > 60 || strings.Trim(eventType, "abcdefghijklmnopqrstuvwxyz0123456789._") != "" || !strings.Contains(eventType, ".") {
		return ""
	}
	return " " + eventType
}

// checkSeen says what is wrong with a command that nothing answers: who wrote it
// would wonder for ever why people are shown nothing.
func checkSeen(e contact.Event, data contact.Seen) error {
	problems := []error{
		checkVersion(data.SchemaVersion),
		checkID("conversationId", "c-", data.ConversationID),
		checkID("contactId", "m-", data.ContactID),
	}
	if data.At.IsZero() {
		problems = append(problems, errors.New("at is missing"))
	}
	return inOneLine(e.Type, problems)
}

// checkReply says what the reply lacks to be kept and told of.
func checkReply(e contact.Event, data contact.Requested) error {
	problems := []error{
		checkVersion(data.SchemaVersion),
		checkID("replyId", "r-", data.ID),
		checkID("conversationId", "c-", data.Conversation),
	}
	if data.InReplyTo != "" {
		problems = append(problems, checkID("contactId", "m-", data.InReplyTo))
	}
	if data.RequestedAt.IsZero() {
		problems = append(problems, errors.New("requestedAt is missing"))
	}
	if e.PartitionKey != "" && e.PartitionKey != data.Conversation {
		problems = append(problems, errors.New("partitionkey is not the conversation"))
	}
	return inOneLine(e.Type, problems)
}

// inOneLine joins what is wrong with a command.
func inOneLine(eventType string, problems []error) error {
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("read %s: %s", eventType, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

func checkVersion(version string) error {
	if major, _, _ := strings.Cut(version, "."); major != "1" {
		return fmt.Errorf("schemaVersion: want 1.x, got %q", cut(version, 20))
	}
	return nil
}

// checkID holds an id to the form in which contactd makes them: events that
// tell of it are promised to be of that form.
func checkID(name, prefix, id string) error {
	rest, ok := strings.CutPrefix(id, prefix)
	if !ok || len(rest) != 26 || strings.Trim(rest, "0123456789abcdefghijklmnopqrstuv") != "" {
		return fmt.Errorf("%s: want %s and 26 of 0-9a-v", name, prefix)
	}
	return nil
}

// unworded leaves out what a JSON error may quote: it may be a person's words.
func unworded(err error, raw []byte) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var moment *time.ParseError
	switch {
	case len(raw) == 0:
		return errors.New("it is empty, or has no data")
	case errors.As(err, &syntax):
		return fmt.Errorf("no JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return errors.New(jsonPath(kind.Field) + "want " + jsonKind(kind.Type))
	case errors.As(err, &moment):
		return errors.New(badTime(raw) + "a time is not of the form 2006-01-02T15:04:05Z")
	case errors.Is(err, contact.ErrNoGrade):
		return errors.New("a grade is none of the contract's")
	default:
		return errors.New("no JSON of the contract")
	}
}

// badTime names the time that cannot be read, with a colon: the JSON error does
// not.
func badTime(raw []byte) string {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields)
	for _, name := range []string{"time", "requestedAt", "expiresAt", "at"} {
		var at *time.Time
		if json.Unmarshal(fields[name], &at) != nil && len(fields[name]) > 0 {
			return name + ": "
		}
	}
	return ""
}

// jsonPath is a path of names in JSON, with a colon. The path of a JSON error has
// the names of embedded structs too, which begin with a capital.
func jsonPath(path string) string {
	names := slices.DeleteFunc(strings.Split(path, "."), func(name string) bool {
		return name == "" || unicode.IsUpper(rune(name[0]))
	})
	if len(names) == 0 {
		return ""
	}
	return strings.Join(names, ".") + ": "
}

// jsonKind is what JSON calls that which is read into a type.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	default:
		return "a number"
	}
}

// rejectCommands takes records that no retry can mend off the way, as reject
// does for entries.
func (p *Pipeline) rejectCommands(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) ([]*message.Message, error) {
		produced, err := next(env)
		if err != nil && isPermanent(err) {
			return nil, p.RejectRecord(TopicReplies, placeOf(env), env.Payload, err)
		}
		return produced, err
	}
}

// RejectRecord publishes a Kafka record that nobody can handle for a person to
// look at, and returns nil when Kafka has it. Place is its partition/offset; the
// cause holds no contact's text.
func (p *Pipeline) RejectRecord(topic, place string, record []byte, cause error) error {
	p.metrics.rejected.Inc()
	p.log.Error("record rejected", "topic", topic, "place", place, "err", cause)
	event, err := p.seal.rejectedRecord(topic, place, record, cause, p.now())
	if err != nil {
		return err
	}
	return p.publish(TopicRejected, event, LaneNormal)
}

// rejectedRecord is the event of a Kafka record that no step could handle. It
// refers to the record's place.
func (s sealer) rejectedRecord(topic, place string, record []byte, cause error, at time.Time) (contact.Event, error) {
	id := contact.MessageID(topic, place, "")
	asked := askedBy(record)
	sum := sha256.Sum256(record)
	data := contact.Rejected{
		SchemaVersion: schemaVersion, ContactID: id, Channel: "other", Account: topic,
		Error: cause.Error(), Attempts: 1, RawRef: "kafka:" + topic + "/" + place,
		RawSHA256: hex.EncodeToString(sum[:]), RawBytes: int64(len(record)),
	}
	if len(record) <= 128<<10 {
		data.Original = record
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return contact.Event{}, fmt.Errorf("write event: %w", err)
	}
	event := s.begin(contact.RejectedV1, contact.EventID(contact.RejectedV1, id, ""), id, at)
	event.Source, event.CausationID, event.Data = "/"+s.force+"/"+topic, asked.id, raw
	event.PartitionKey = cmp.Or(asked.conversation, id)
	event.CorrelationID = event.PartitionKey
	return event, nil
}

// asker is what of a record leads whoever wrote it to its rejection.
type asker struct{ id, conversation string }

// askedBy reads the event's id and the conversation as far as they can be: an id
// of a sensible length, a conversation of the form that contactd gives.
func askedBy(record []byte) (a asker) {
	const longest = 200
	var event struct {
		ID   json.RawMessage
		Data json.RawMessage
	}
	var data struct{ ConversationID string }
	if json.Unmarshal(record, &event) != nil {
		return a
	}
	if json.Unmarshal(event.ID, &a.id) != nil || len(a.id) > longest {
		a.id = ""
	}
	if json.Unmarshal(event.Data, &data) == nil && checkID("", "c-", data.ConversationID) == nil {
		a.conversation = data.ConversationID
	}
	return a
}
