package servers

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"os/exec"
	"testing"
)

//go:embed foreign.py
var foreignReader string

// ForeignMail is a mail in the eyes of Python's email package, which shares no
// code with us.
type ForeignMail struct {
	// Headers are decoded; of several under one name the first.
	Headers map[string]string
	// To, From and ReplyTo are "name <address>" taken apart and put together
	// again.
	To, From, ReplyTo string
	// Plain and HTML are the texts that it would show.
	Plain, HTML string
	// Files are the attachments.
	Files []ForeignFile
	// Defects are what it found wrong, in any part.
	Defects []string
	// LongestLine is in bytes, without the line end; EightBit and BareEnds
	// tell of bytes over 127 and of CR or LF alone.
	LongestLine        int
	EightBit, BareEnds bool
}

// ForeignFile is an attachment of a ForeignMail.
type ForeignFile struct{ Name, Type, SHA256 string }

// ReadForeign lets Python read a mail. Without Python the test is skipped, or
// fails when CI is "true".
func ReadForeign(t testing.TB, mail []byte) ForeignMail {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		skipOrFail(t, "python3 is not installed: `make up` as root, or apt-get install python3")
	}
	command := exec.Command(python, "-c", foreignReader)
	command.Stdin = bytes.NewReader(mail)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		t.Fatalf("let python read the mail: %v\n%s", err, complaint.String())
	}
	var read ForeignMail
	must(t, json.Unmarshal(out, &read))
	return read
}
