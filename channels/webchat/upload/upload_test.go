package upload_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"contactd/channels/channelstest"
	"contactd/channels/webchat/upload"
)

var limits = upload.Limits{FileBytes: 1 << 10, MediaTypes: []string{"image/*", "video/*", "application/pdf"}}

const (
	png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
	pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
)

func archive(t *testing.T) string {
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	file, err := w.Create("zeros")
	if err == nil {
		_, err = file.Write(make([]byte, 1<<20))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

func TestAFileIsTakenByWhatItIsAndNotByWhatItIsCalled(t *testing.T) {
	for name, c := range map[string]struct {
		bytes, name, claimed string
		err                  error
		kind                 string
	}{
		"a picture":               {png, "a.png", "image/png", nil, "image/png"},
		"a picture called a page": {png, "a.html", "text/html", nil, "image/png"},
		"a document":              {pdf, "a.pdf", "", nil, "application/pdf"},
		"nothing":                 {"", "a.png", "image/png", upload.ErrEmpty, ""},
		"a page called a picture": {"<!doctype html><script>alert(1)</script>", "a.png", "image/png", upload.ErrKind, ""},
		"a drawing with a script": {`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "a.svg", "image/svg+xml", upload.ErrKind, ""},
		"a drawing after a line":  {"\n\n<?xml version=\"1.0\"?>\n<!-- x --><svg xmlns=\"http://www.w3.org/2000/svg\"/>", "a.svg", "image/svg+xml", upload.ErrKind, ""},
		"an archive":              {archive(t), "a.zip", "application/zip", upload.ErrKind, ""},
		"an archive as a picture": {archive(t), "a.jpg", "image/jpeg", upload.ErrKind, ""},
		"a program":               {"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff", "a.pdf", "application/pdf", upload.ErrKind, ""},
		"a text":                  {"hello", "a.txt", "text/plain", upload.ErrKind, ""},
		"one byte too much":       {pdf + strings.Repeat(" ", 1<<10-len(pdf)+1), "a.pdf", "", upload.ErrTooLarge, ""},
		"just not too large":      {pdf + strings.Repeat(" ", 1<<10-len(pdf)), "a.pdf", "", nil, "application/pdf"},
	} {
		t.Run(name, func(t *testing.T) {
			taker := upload.Taker{Limits: limits, Blobs: &channelstest.Blobs{}}
			file, err := taker.Take(t.Context(), iotest.HalfReader(strings.NewReader(c.bytes)), c.name, c.claimed)
			if !errors.Is(err, c.err) || file.MediaType != c.kind {
				t.Errorf("%+v, %v", file, err)
			}
		})
	}
}

func TestTheScannersWordGoesWithTheFile(t *testing.T) {
	for want, scan := range map[string]func(context.Context, io.Reader) (string, error){
		"":         nil,
		"clean":    func(_ context.Context, r io.Reader) (string, error) { _, err := io.Copy(io.Discard, r); return "", err },
		"infected": func(context.Context, io.Reader) (string, error) { return "Eicar", nil },
		"failed":   func(context.Context, io.Reader) (string, error) { return "", errors.New("connection refused") },
	} {
		taker := upload.Taker{Limits: limits, Blobs: &channelstest.Blobs{}, Scan: scan}
		if file, err := taker.Take(t.Context(), strings.NewReader(pdf), "a.pdf", ""); err != nil || file.Scan != want {
			t.Errorf("%q, want %q: %v", file.Scan, want, err)
		}
	}
}

func TestABrokenUploadIsNoFile(t *testing.T) {
	taker := upload.Taker{Limits: limits, Blobs: &channelstest.Blobs{}}
	broken := errors.New("connection reset")
	for _, after := range []string{"", pdf, strings.Repeat(pdf, 20)} {
		_, err := taker.Take(t.Context(), io.MultiReader(strings.NewReader(after), iotest.ErrReader(broken)), "a.pdf", "")
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", len(after), err)
		}
	}
}

func TestAFileEndsAsWhatItIs(t *testing.T) {
	heic, mov := "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  "
	for name, c := range map[string]struct{ bytes, want string }{
		"holiday.png":     {png, "holiday.png"},
		"holiday.PNG":     {png, "holiday.PNG"},
		"holiday.jpeg":    {"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "holiday.jpeg"},
		"converted.jpg":   {png, "converted.jpg"}, // what shows pictures looks at the bytes too
		"IMG_0001.HEIC":   {heic, "IMG_0001.HEIC"},
		"IMG_0002.MOV":    {mov, "IMG_0002.MOV"},
		"letter.pdf":      {pdf, "letter.pdf"},
		"map.html":        {png, "map.html.png"},
		"map.bat":         {"GIF89a&calc", "map.bat.gif"},
		"map.svg":         {png, "map.svg.png"},
		"letter.pdf.exe":  {pdf, "letter.pdf.exe.pdf"},
		"letter.png":      {pdf, "letter.png.pdf"},
		"Llun o’r tŷ":     {png, "Llun o’r tŷ.png"},
		"":                {png, "file.png"},
		"of 3. November.": {pdf, "of 3. November.pdf"},
	} {
		taker := upload.Taker{Limits: limits, Blobs: &channelstest.Blobs{}}
		if file, err := taker.Take(t.Context(), strings.NewReader(c.bytes), name, ""); err != nil || file.Name != c.want {
			t.Errorf("%q became %q, want %q; %v", name, file.Name, c.want, err)
		}
	}
}

func TestANameIsHarmless(t *testing.T) {
	for name, want := range map[string]string{
		"holiday.jpg":                      "holiday.jpg",
		"Llun o’r tŷ.png":                  "Llun o’r tŷ.png",
		"../../etc/passwd":                 "passwd",
		`C:\Users\me\secret.doc`:           "secret.doc",
		"a\r\nSet-Cookie: x.jpg":           "aSet-Cookie x.jpg",
		"gpj.\u202eexe.doc":                "gpj.exe.doc",
		`"><script>.png`:                   "script.png",
		"a\x00b\u2028.png":                 "ab.png",
		"":                                 "file",
		"..":                               "file",
		"...":                              "file",
		"\xff\xfe.png":                     "�.png",
		strings.Repeat("x", 500) + ".jpeg": strings.Repeat("x", 115) + ".jpeg",
		"x." + strings.Repeat("long", 100): "x." + strings.Repeat("long", 100)[:118],
	} {
		if got := upload.CleanName(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

func TestNoFileIsKeptThatWouldTakeTheRoomOfMessages(t *testing.T) {
	asked := 0
	taker := upload.Taker{
		Limits: upload.Limits{FileBytes: 1 << 20, MediaTypes: []string{"image/*"}}, Blobs: &channelstest.Blobs{},
		Spare: func() error {
			if asked++; asked > 2 {
				return errors.New("too little is free")
			}
			return nil
		},
	}
	_, err := taker.Take(t.Context(), strings.NewReader(png+strings.Repeat("x", 500<<10)), "a.png", "")
	if !errors.Is(err, upload.ErrFull) {
		t.Errorf("the disk was filled while it came: %v", err)
	}
}
