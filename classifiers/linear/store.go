package linear

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"unsafe"
)

//go:embed weights.bin
var shipped []byte

// magic begins every stored model; the number changes with the features.
const magic = "contactd linear 3\n"

// Shipped is the model in the binary.
func Shipped() (*Model, error) {
	m, err := Decode(shipped)
	if err != nil {
		return nil, fmt.Errorf("read shipped weights: %w", err)
	}
	return m, nil
}

// Load reads a model from a file; the shipped one when the name is empty.
func Load(file string) (*Model, error) {
	if file == "" {
		return Shipped()
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	m, err := Decode(content)
	if err != nil {
		return nil, fmt.Errorf("read weights %s: %w", file, err)
	}
	return m, nil
}

// Encode writes a model: the magic line, the length of the readable header in
// four bytes, the header as JSON, the table of features (keys, then how telling
// each is), the weights, and with topics a table and weights of theirs.
func (m *Model) Encode() ([]byte, error) {
	readable := m.header
	readable.Topics = m.topics.topicHeader
	head, err := json.Marshal(readable)
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	var out bytes.Buffer
	out.WriteString(magic)
	out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(head))))
	out.Write(head)
	writeTable(&out, m.table, m.weights)
	writeTable(&out, m.topics.table, m.topics.weights)
	return out.Bytes(), nil
}

// Decode reads what Encode wrote, and refuses everything else. The content
// must not be changed afterwards.
func Decode(content []byte) (*Model, error) {
	rest, ok := bytes.CutPrefix(content, []byte(magic))
	if !ok || len(rest) < 4 {
		return nil, errors.New("not a model of this version of contactd; train it again")
	}
	n := int(binary.BigEndian.Uint32(rest))
	rest = rest[4:]
	if n > len(rest) {
		return nil, fmt.Errorf("%d bytes long: cut off", len(content))
	}
	m := &Model{name: NameOf(content)}
	if err := json.Unmarshal(rest[:n], &m.header); err != nil {
		return nil, fmt.Errorf("decode header: %w", err)
	}
	if len(m.Heads) != headCount || len(m.header.Topics.Heads) > mostHeads {
		return nil, fmt.Errorf("%d heads and %d topics, want %d and at most %d", len(m.Heads), len(m.header.Topics.Heads), headCount, mostHeads)
	}
	m.topics.topicHeader = m.header.Topics
	rest, want := rest[n:], tableSize(buckets, headCount)
	if topics := len(m.topics.Heads); topics > 0 {
		want += tableSize(topicBuckets, topics)
	}
	if len(rest) != want {
		return nil, fmt.Errorf("%d bytes long: cut off or of another size", len(content))
	}
	m.table, m.weights, rest = cutTable(rest, buckets, headCount)
	if len(rest) > 0 {
		m.topics.table, m.topics.weights, _ = cutTable(rest, topicBuckets, len(m.topics.Heads))
	}
	return m, nil
}

// NameOf names a stored model: the beginning of the SHA-256 of its bytes. Models
// of the same messages, by other rules or other code, have other names.
func NameOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])[:8]
}

func writeTable(out *bytes.Buffer, t table, weights []int8) {
	out.Write(t.keys)
	out.Write(t.idf)
	for _, w := range weights {
		out.WriteByte(byte(w))
	}
}

// tableSize is how many bytes a table and the weights of some heads take.
func tableSize(buckets, heads int) int { return (2 + heads) * buckets }

// cutTable cuts a table and the weights of some heads off stored bytes. The
// weights are read where they lie: a byte is an int8.
func cutTable(stored []byte, buckets, heads int) (t table, weights []int8, rest []byte) {
	t.keys, t.idf = stored[:buckets], stored[buckets:2*buckets]
	signed := stored[2*buckets : tableSize(buckets, heads)]
	return t, unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(signed))), len(signed)), stored[tableSize(buckets, heads):]
}

// trainedOn names the training messages by their content.
func trainedOn(examples []Example) string {
	sum := sha256.New()
	for _, e := range examples {
		_, _ = fmt.Fprintf(sum, "%q %q %v %q %q %v %q %v\n", e.Message.Channel.Kind, e.Message.Text, e.Grade, e.Category, e.Group, e.Calm, e.Topic, e.Lines)
	}
	return hex.EncodeToString(sum.Sum(nil))[:8]
}
