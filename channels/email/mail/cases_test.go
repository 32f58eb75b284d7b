package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"contactd/contact"
)

var update = flag.Bool("update", false, "write what was read into testdata")

// testConfig is the mailbox that the cases are sent to.
func testConfig() Config {
	return Config{
		Addresses:  []string{"contact@force.example"},
		AuthservID: "mx.force.example",
		ThreadKeys: [][]byte{[]byte("a key for the tests only, 32 by.")},
	}
}

// memory keeps blobs in memory.
type memory struct {
	mu    sync.Mutex
	blobs map[string][]byte
}

func (m *memory) Store(_ context.Context, r io.Reader) (contact.Blob, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return contact.Blob{}, err
	}
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.blobs == nil {
		m.blobs = make(map[string][]byte)
	}
	m.blobs[name] = data
	return contact.Blob{SHA256: name, Size: int64(len(data)), MediaType: http.DetectContentType(data)}, nil
}

func (m *memory) Open(sha string) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(m.blobs[sha])), nil
}

// seen is a message as want.json shows it: what is empty is left out.
type seen struct {
	Sender       *contact.Sender      `json:",omitempty"`
	Recipients   []contact.Sender     `json:",omitempty"`
	Subject      string               `json:",omitempty"`
	Text         string               `json:",omitempty"`
	Authored     string               `json:",omitempty"` // absent when equal to Text
	SentAt       *time.Time           `json:",omitempty"`
	ReceivedAt   *time.Time           `json:",omitempty"`
	Automatic    contact.Automatic    `json:",omitempty"`
	Authenticity contact.Authenticity `json:",omitempty"`
	Checks       []string             `json:",omitempty"`
	Flags        []contact.Flag       `json:",omitempty"`
	Unreadable   string               `json:",omitempty"`
	Thread       *contact.Thread      `json:",omitempty"`
	Attachments  []contact.Attachment `json:",omitempty"`
	Report       *Report              `json:",omitempty"`
}

func show(msg contact.Message, report Report) seen {
	s := seen{
		Recipients: msg.Recipients, Subject: msg.Subject, Text: msg.Text, Automatic: msg.Automatic,
		Authenticity: msg.Authenticity, Checks: msg.Checks, Flags: msg.Flags, Unreadable: msg.Unreadable, Attachments: msg.Attachments,
	}
	if msg.Sender != (contact.Sender{}) {
		s.Sender = &msg.Sender
	}
	if msg.Authored != msg.Text {
		s.Authored = msg.Authored
	}
	if !msg.SentAt.IsZero() {
		s.SentAt = &msg.SentAt
	}
	if !msg.ReceivedAt.IsZero() {
		s.ReceivedAt = &msg.ReceivedAt
	}
	if t := msg.Thread; t.Token != "" || len(t.IDs)+len(t.References)+len(t.Participants) > 0 {
		s.Thread = &t
	}
	if report.Kind != contact.Person {
		s.Report = &report
	}
	return s
}

// TestHardMailsAreRead reads the hard cases of testdata and compares with what
// a person checked; -update rewrites want.json.
func TestHardMailsAreRead(t *testing.T) {
	mails, err := filepath.Glob("testdata/*/mail.eml")
	if err != nil || len(mails) < 72 {
		t.Fatalf("found %d cases, want at least 72: %v", len(mails), err)
	}
	for _, path := range mails {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			msg, report, err := New(testConfig(), &memory{}).readReport(t.Context(), bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			encode := json.NewEncoder(&got)
			encode.SetEscapeHTML(false)
			encode.SetIndent("", "\t")
			if err := encode.Encode(show(msg, report)); err != nil {
				t.Fatal(err)
			}
			wantPath := filepath.Join(dir, "want.json")
			if *update {
				if err := os.WriteFile(wantPath, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(wantPath)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("read\n%s\nwant\n%s", got.Bytes(), want)
			}
		})
	}
}
