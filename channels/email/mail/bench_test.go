package mail

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"runtime"
	"strings"
	"testing"

	"contactd/contact"
)

// typicalMail is what a citizen's mail program sends: 4.4 kB, many header
// fields, a plain and an HTML form.
func typicalMail() string {
	plain := strings.Repeat("He was outside my house again tonight and I am worried about the children.\r\n", 8)
	html := "<html><head><style>p{margin:0}</style></head><body dir=3D\"ltr\">" +
		strings.Repeat("<p class=3D\"MsoNormal\">He was outside my <b>house</b> again tonight and I am worried about the children.</p>\r\n", 8) + "</body></html>"
	mail := "Return-Path: <ann@example.org>\r\nDelivered-To: contact@force.example\r\n" +
		"Received: from mx.force.example (mx.force.example [192.0.2.1])\r\n\tby imap.force.example with LMTP id abc; Mon, 3 Nov 2025 10:22:35 +0000\r\n" +
		"Received: from out.example.org (out.example.org [198.51.100.7])\r\n\tby mx.force.example with ESMTPS id def; Mon, 3 Nov 2025 10:22:34 +0000\r\n" +
		"Authentication-Results: mx.force.example; spf=pass smtp.mailfrom=example.org;\r\n\tdkim=pass header.d=example.org; dmarc=pass header.from=example.org\r\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=20230601; t=1762165353;\r\n\th=to:subject:message-id:date:from:mime-version:from:to:cc:subject:date;\r\n\tbh=" + strings.Repeat("A", 43) + "=;\r\n\tb=" + strings.Repeat("B", 340) + "==\r\n" +
		"X-Google-DKIM-Signature: v=1; " + strings.Repeat("c", 500) + "\r\nX-Gm-Message-State: " + strings.Repeat("d", 200) + "\r\n" +
		"MIME-Version: 1.0\r\nReferences: <one@force.example> <two@force.example>\r\nIn-Reply-To: <two@force.example>\r\n" +
		"From: Ann Citizen <ann@example.org>\r\nDate: Mon, 3 Nov 2025 10:22:33 +0000\r\nMessage-ID: <CAF+abcdef@mail.example.org>\r\n" +
		"Subject: =?UTF-8?Q?Re:_he=E2=80=99s_back?=\r\nTo: Force Contact <contact@force.example>\r\n" +
		"Content-Type: multipart/alternative; boundary=\"000000000000abcdef\"\r\n\r\n" +
		"--000000000000abcdef\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + plain +
		"\r\n--000000000000abcdef\r\nContent-Type: text/html; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + html +
		"\r\n--000000000000abcdef--\r\n"
	return mail
}

func BenchmarkTypicalMail(b *testing.B) {
	raw := typicalMail()
	r := New(testConfig(), nil)
	reader := strings.NewReader(raw)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(raw)
		if _, err := r.Read(b.Context(), reader); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlainMail has a plain form only.
func BenchmarkPlainMail(b *testing.B) {
	raw := "From: Ann Citizen <ann@example.org>\r\nTo: contact@force.example\r\nSubject: help\r\nDate: Mon, 3 Nov 2025 10:22:33 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n" +
		strings.Repeat("He was outside my house again tonight and I am worried.\r\n", 70)
	r := New(testConfig(), nil)
	reader := strings.NewReader(raw)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(raw)
		if _, err := r.Read(b.Context(), reader); err != nil {
			b.Fatal(err)
		}
	}
}

// bigMail is a mail of 57 MB with an attachment of 40 MB, made while it is
// read.
func bigMail() io.Reader {
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("evidence!"), 7)[:57]) + "\r\n"
	return io.MultiReader(
		strings.NewReader("From: ann@example.org\r\nTo: contact@force.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee the video\r\n--b\r\nContent-Type: video/mp4; name=v.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
		&repeated{line: line, left: 57_000_000 / len(line)},
		strings.NewReader("\r\n--b--\r\n"))
}

// repeated gives one line again and again.
type repeated struct {
	line string
	off  int
	left int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if r.left == 0 {
			if n == 0 {
				return 0, io.EOF
			}
			break
		}
		c := copy(p[n:], r.line[r.off:])
		n, r.off = n+c, r.off+c
		if r.off == len(r.line) {
			r.off, r.left = 0, r.left-1
		}
	}
	return n, nil
}

// counting is a blob store that keeps nothing and watches the memory in use.
type counting struct{ size, peak uint64 }

func (c *counting) Store(_ context.Context, r io.Reader) (contact.Blob, error) {
	buf := make([]byte, 64<<10)
	for rounds := 0; ; rounds++ {
		n, err := r.Read(buf)
		c.size += uint64(n)
		if rounds%100 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			c.peak = max(c.peak, m.HeapInuse)
		}
		if err == io.EOF {
			return contact.Blob{Size: int64(c.size)}, nil
		}
		if err != nil {
			return contact.Blob{}, err
		}
	}
}

func (c *counting) Open(string) (io.ReadCloser, error) { return nil, io.EOF }

func BenchmarkBigMail(b *testing.B) {
	r := New(testConfig(), nil)
	b.SetBytes(57_000_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Read(b.Context(), bigMail()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestABigAttachmentStreamsThroughFlatMemory(t *testing.T) {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	blobs := &counting{}
	msg, err := New(testConfig(), blobs).Read(t.Context(), bigMail())
	if err != nil {
		t.Fatal(err)
	}
	if msg.Text != "see the video" || len(msg.Attachments) != 1 || msg.Attachments[0].Size < 41_000_000 {
		t.Fatalf("read %q and %+v", msg.Text, msg.Attachments)
	}
	if blobs.peak > before.HeapInuse+8<<20 {
		t.Errorf("heap grew from %d to %d bytes", before.HeapInuse, blobs.peak)
	}
}
