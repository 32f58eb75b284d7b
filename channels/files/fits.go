package files

import (
	"errors"
	"strings"

	"contactd/contact"
)

// ErrOther says that something else was at an address than what was sent: whose
// network one must sign in to, or a host in trouble, answers any call with a
// page of its own, and without a refusal.
var ErrOther = errors.New("fetch file: a page came in its place")

// Fits reports whether bytes may be what a platform said that they are, by a
// media type or a word of its own; empty for nothing. Nothing but a page in
// place of a file is told from it: platforms are not exact about forms.
func Fits(kind string, blob contact.Blob) bool {
	is := func(prefix string) bool { return strings.HasPrefix(blob.MediaType, prefix) }
	media, _, exact := strings.Cut(kind, "/")
	switch media {
	case "image", "photo", "sticker", "video", "animated_gif", "audio":
		return blob.Size > 0 && !is("text/") && !is("application/json") && !is("application/xml")
	case "text":
		return true
	default:
		return !exact || strings.Contains(kind, "html") || !is("text/html")
	}
}
