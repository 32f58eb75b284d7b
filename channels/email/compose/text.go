package compose

import (
	"fmt"
	"html"
	"io"
	"strings"

	gomail "github.com/emersion/go-message/mail"
)

// writeText writes the text as text/plain and as HTML. Both are UTF-8 in
// quoted-printable: each paragraph stays one line, which every program wraps
// to its window, and no line is longer than servers take. Not format=flowed,
// which Outlook and web mail ignore and then show with ragged lines.
func (l Letter) writeText(w *gomail.InlineWriter) error {
	text := clean(l.Text)
	for _, part := range []struct{ mediaType, text string }{{"text/plain", text}, {"text/html", page(text)}} {
		var h gomail.InlineHeader
		h.SetContentType(part.mediaType, map[string]string{"charset": "utf-8"})
		body, err := w.CreatePart(h)
		if err != nil {
			return fmt.Errorf("compose mail: %w", err)
		}
		if _, err := io.WriteString(body, part.text); err != nil {
			return err
		}
		if err := body.Close(); err != nil {
			return err
		}
	}
	return w.Close()
}

// clean returns text with \n line ends, one at its end, and without control
// characters.
func clean(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	return strings.TrimRight(text, "\n") + "\n"
}

// page is the text as HTML without anything that is fetched or styled.
func page(text string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n")
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if paragraph = strings.Trim(paragraph, "\n"); paragraph != "" {
			// dir=auto: a text in Arabic or Urdu runs from the right.
			fmt.Fprintf(&b, "<p dir=\"auto\">%s</p>\n", strings.ReplaceAll(html.EscapeString(paragraph), "\n", "<br>\n"))
		}
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
