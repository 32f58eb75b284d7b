// Package upload takes a file from a stranger: it looks at the bytes, refuses
// what is too large or not of a kind that is taken, keeps the rest as a blob,
// and asks a virus scanner. It never opens what it is given, so an archive that
// unpacks to a million times its size is just a file of a kind that is refused.
//
//	bytes ─▶ kind (sniffed) ─▶ Blobs.Store, capped ─▶ scanner ─▶ File
//
// How many files a person may send, and who gets them to see, is left to the
// caller.
package upload

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"contactd/channels"
	"contactd/contact"
)

// Limits say which files are taken.
type Limits struct {
	// FileBytes is the size of one file.
	FileBytes int64
	// MediaTypes are taken, as the bytes look: "image/*", "application/pdf".
	// No pattern includes what a browser may run: SVG, HTML, XML.
	MediaTypes []string
}

// Taker takes files. Safe for concurrent use.
type Taker struct {
	Limits Limits
	Blobs  channels.Blobs
	// Scan reads a file and names what it found, empty for nothing. An error
	// means that nobody knows. Nil when there is no scanner.
	Scan func(ctx context.Context, r io.Reader) (found string, err error)
	// Spare says why no file is to be kept now, asked again while one comes. Nil
	// when there is always room.
	Spare func() error
}

// File is a file that was taken.
type File struct {
	SHA256 string `json:"sha256"`
	// Name is what the sender called it, without path and control characters,
	// and with the ending of what it is when it had another.
	Name string `json:"name"`
	Size int64  `json:"size"`
	// MediaType is sniffed, Claimed what the sender stated.
	MediaType string `json:"mediaType"`
	Claimed   string `json:"claimed,omitempty"`
	// Scan is Clean, Infected or Failed, or empty without a scanner.
	Scan string `json:"scan,omitempty"`
}

// What the scanner said of a file. What is Infected or Failed, where nobody
// knows, is not handed out.
const (
	Clean    = "clean"
	Infected = "infected"
	Failed   = "failed"
)

// The reasons for which a file itself is refused. Any other error of Take
// means that it could not be kept.
var (
	ErrEmpty    = errors.New("the file is empty")
	ErrTooLarge = errors.New("the file is too large")
	ErrKind     = errors.New("this kind of file is not taken")
)

// ErrFull says that there is no room for files.
var ErrFull = errors.New("no room for files")

// sniffed is how many bytes the kind is told from.
const sniffed = 3072

// Take reads one file to its end, or as far as needed to refuse it.
func (t *Taker) Take(ctx context.Context, r io.Reader, name, claimed string) (File, error) {
	head := bufio.NewReaderSize(r, sniffed)
	start, err := head.Peek(sniffed)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return File{}, fmt.Errorf("take file: %w", err)
	case len(start) == 0:
		return File{}, ErrEmpty
	}
	found := mimetype.Detect(start)
	kind, _, _ := strings.Cut(found.String(), ";")
	if !t.Limits.takes(kind) {
		return File{}, ErrKind
	}
	blob, err := t.Blobs.Store(ctx, &capped{r: head, left: t.Limits.FileBytes, spare: t.Spare})
	if err != nil {
		if errors.Is(err, ErrTooLarge) {
			return File{}, ErrTooLarge
		}
		return File{}, fmt.Errorf("take file: %w", err)
	}
	file := File{SHA256: blob.SHA256, Name: endingAs(kind, found.Extension(), CleanName(name)), Size: blob.Size, MediaType: kind, Claimed: cleanType(claimed)}
	file.Scan = t.scan(ctx, blob)
	return file, nil
}

// scan asks the scanner. Nobody waits for a scanner that is down: the file is
// kept, and marked so that nobody opens it unwarned.
func (t *Taker) scan(ctx context.Context, blob contact.Blob) string {
	if t.Scan == nil {
		return ""
	}
	r, err := t.Blobs.Open(blob.SHA256)
	if err != nil {
		return Failed
	}
	defer r.Close()
	switch found, err := t.Scan(ctx, r); {
	case err != nil:
		return Failed
	case found != "":
		return Infected
	default:
		return Clean
	}
}

// takes reports whether a kind is taken.
func (l Limits) takes(kind string) bool {
	if runs(kind) {
		return false
	}
	for _, pattern := range l.MediaTypes {
		if family, whole := strings.CutSuffix(pattern, "/*"); whole && strings.HasPrefix(kind, family+"/") || pattern == kind {
			return true
		}
	}
	return false
}

// runs reports whether a browser may run what is of a kind.
func runs(kind string) bool { return strings.HasSuffix(kind, "xml") || strings.HasSuffix(kind, "html") }

// capped fails once more than left bytes were read, or there is no room for more.
type capped struct {
	r     io.Reader
	left  int64
	spare func() error
}

// Read implements io.Reader.
func (c *capped) Read(b []byte) (int, error) {
	if c.spare != nil {
		if err := c.spare(); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	n, err := c.r.Read(b)
	if c.left -= int64(n); c.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

// cleanType keeps of a stated media type what looks like one.
func cleanType(claimed string) string {
	kind, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(claimed)), ";")
	if len(kind) > 100 || strings.ContainsFunc(kind, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("/.+-_", r)
	}) {
		return ""
	}
	return kind
}
