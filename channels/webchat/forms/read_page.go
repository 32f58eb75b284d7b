package forms

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"contactd/channels/webchat/upload"
)

// readPage reads what a page sends without files.
func readPage(body io.Reader) (*submission, error) {
	s := newSubmission()
	raw, err := readAll(body)
	if err != nil {
		return s, err
	}
	for len(raw) > 0 {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(pair, "=")
		name, wrongName := url.QueryUnescape(name)
		value, wrongValue := url.QueryUnescape(value)
		if wrongName != nil || wrongValue != nil {
			return s, &fault{400, "unreadable", "the form data is broken"}
		}
		if err := s.add(name, value); err != nil {
			return s, err
		}
	}
	s.identify()
	return s, nil
}

// readAll reads a body that has no files.
func readAll(body io.Reader) (string, error) {
	var text strings.Builder
	n, err := io.Copy(&text, io.LimitReader(body, bodyLimit+1))
	switch {
	case err != nil:
		return "", broken(err)
	case n > bodyLimit:
		return "", &fault{413, "too_large", "the body is larger than 1 MiB"}
	}
	return text.String(), nil
}

// broken is the fault of a body that ends in an error.
func broken(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &fault{413, "too_large", "the body is too large"}
	}
	return &fault{400, "unreadable", "the body ends too early or is broken"}
}

// identify takes the page's id. A page without one, or with one that is not
// ours, is another submission each time.
func (s *submission) identify() {
	if s.id = s.first(idName); !idForm.MatchString(s.id) {
		s.id = freshID()
	}
}

// fileReader reads what a page sends with files.
type fileReader struct {
	form     *form
	taker    *upload.Taker
	most     int              // files of one message
	allowed  func() bool      // of the address, now
	source   *rememberedError // of the body
	received *submission
}

// read goes through the parts. Files are stored as they come, so that none is
// held in memory.
func (r *fileReader) read(ctx context.Context, boundary string) (*submission, error) {
	s := r.received
	err := r.parts(ctx, multipart.NewReader(r.source, boundary))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(r.source.err, &tooLarge) {
		// What was typed comes before the files, so it is here.
		s.problems = append(s.problems, problem{Code: "too_large"})
		err = nil
	}
	if err == nil && s.pairs == 0 {
		err = &fault{400, "unreadable", "the form data has no parts"}
	}
	s.identify()
	return s, err
}

func (r *fileReader) parts(ctx context.Context, parts *multipart.Reader) error {
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		if part.FileName() != "" {
			err = r.file(ctx, part)
		} else {
			err = r.text(part)
		}
		if err != nil {
			return err
		}
	}
}

func (r *fileReader) text(part *multipart.Part) error {
	value, err := io.ReadAll(io.LimitReader(part, valueLimit+1))
	if err != nil {
		return broken(err)
	}
	return r.received.add(part.FormName(), string(value))
}

func (r *fileReader) file(ctx context.Context, part *multipart.Part) error {
	s, name := r.received, upload.CleanName(part.FileName())
	if s.pairs++; s.pairs > pairLimit {
		return &fault{413, "too_large", "too many fields"}
	}
	field := part.FormName()
	if r.form.fields[field].Kind != Files {
		field = "" // not of this form: it is taken all the same
	}
	trouble := func(code string) { s.problems = append(s.problems, problem{Field: field, Code: code, File: name}) }
	if len(s.files) >= r.most {
		trouble("file_count")
		return nil
	}
	if !r.allowed() {
		trouble("file_slow")
		return nil
	}
	file, err := r.taker.Take(ctx, part, name, part.Header.Get("Content-Type"))
	switch {
	case err == nil:
		s.files = append(s.files, attached{Field: field, File: file})
	case errors.Is(err, upload.ErrEmpty):
		trouble("file_empty")
	case errors.Is(err, upload.ErrTooLarge):
		trouble("file_too_large")
	case errors.Is(err, upload.ErrKind):
		trouble("file_type")
	case r.source.err != nil:
		return broken(r.source.err)
	case errors.Is(err, io.ErrUnexpectedEOF), ctx.Err() != nil:
		return broken(err)
	default: // our disk: what was written is taken without the file
		trouble("file_full")
	}
	return nil
}

// rememberedError keeps the error of a reader, to tell its errors from those
// of whoever reads it.
type rememberedError struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (s *rememberedError) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
