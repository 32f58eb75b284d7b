package mail

import (
	"bytes"

	"golang.org/x/net/html"
)

// attributes are what the attributes of an element say that matters here.
type attributes struct {
	href, alt   []byte
	value       []byte // of a form's field
	swallowed   []byte // text and tags behind a quote that was never closed
	unwritten   bool   // a field whose value nobody has written
	hidden      bool   // not shown
	foreign     bool   // written by somebody else
	signature   bool
	quotation   bool // holds a quotation, and perhaps answers behind or between
	allFollows  bool // everything from here on was
	plainIndent bool // a blockquote that only indents
}

// readAttributes reads every attribute of the current tag once.
func readAttributes(z *html.Tokenizer) attributes {
	var a attributes
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		if tag := bytes.IndexByte(value, '<'); tag >= 0 {
			if end := bytes.IndexByte(value, '>'); end >= 0 && end < tag {
				a.swallowed = append(append(a.swallowed, value[end+1:]...), ' ')
			}
		}
		switch string(key) {
		case "style":
			a.style(value)
		case "hidden":
			a.hidden = true
		case "class":
			a.class(value)
		case "id":
			a.id(value)
		case "href":
			a.href = linkTarget(value)
		case "alt":
			a.alt = bytes.Clone(cutText(value, maxLink))
		case "value":
			a.value = bytes.Clone(value)
		case "type":
			a.unwritten = equalWord(value, "hidden") || equalWord(value, "radio") || equalWord(value, "checkbox")
		}
	}
	return a
}

// linkTarget returns the targets worth showing: those that lead somewhere.
func linkTarget(value []byte) []byte {
	value = bytes.TrimSpace(value)
	for _, scheme := range [...]string{"http:", "https:", "mailto:", "tel:", "ftp:", "sms:", "geo:", "whatsapp:"} {
		if len(value) > len(scheme) && equalFold(value[:len(scheme)], scheme) {
			return bytes.Clone(cutText(value, maxLink))
		}
	}
	return nil
}

// style finds declarations that hide an element, and the indents that mail
// programs write as blockquotes without a line at their side.
func (a *attributes) style(value []byte) {
	if len(value) > 4<<10 {
		value = value[:4<<10]
	}
	for declaration := range bytes.SplitSeq(value, []byte(";")) {
		name, what, ok := bytes.Cut(declaration, []byte(":"))
		if !ok {
			continue
		}
		name, what = bytes.TrimSpace(name), bytes.TrimSpace(what)
		if mark := bytes.IndexByte(what, '!'); mark >= 0 {
			what = bytes.TrimSpace(what[:mark])
		}
		switch len(name) {
		case 7: // display, opacity
			a.hidden = a.hidden || equalWord(name, "display") && equalWord(what, "none") || equalWord(name, "opacity") && isZero(what)
		case 10: // visibility, max-height
			a.hidden = a.hidden || equalWord(name, "visibility") && equalWord(what, "hidden") || equalWord(name, "max-height") && isZero(what)
		case 9:
			a.hidden = a.hidden || equalWord(name, "font-size") && isZero(what)
		case 8: // mso-hide
			a.hidden = a.hidden || equalWord(name, "mso-hide") && equalWord(what, "all")
		case 6:
			a.plainIndent = a.plainIndent || equalWord(name, "border") && (equalWord(what, "none") || isZero(what))
		}
	}
}

// isZero reports whether a CSS length is zero or too small to see.
func isZero(what []byte) bool {
	i := 0
	for i < len(what) && (what[i] == '0' || what[i] == '.') {
		i++
	}
	return i > 0 && (i == len(what) || what[i] < '0' || what[i] > '9')
}

func (a *attributes) class(value []byte) {
	for name := range bytes.FieldsSeq(value) {
		switch string(name) {
		case "gmail_quote", "gmail_quote_container", "protonmail_quote", "zmail_extra":
			a.quotation = true
		case "yahoo_quoted", "moz-cite-prefix", "gmail_attr", "tutanota_quote", "OutlookMessageHeader":
			a.foreign = true
		case "moz-signature", "gmail_signature", "protonmail_signature_block":
			a.signature = true
		}
	}
}

func (a *attributes) id(value []byte) {
	switch string(bytes.TrimPrefix(value, []byte("x_"))) {
	case "divRplyFwdMsg", "OLK_SRC_BODY_SECTION", "reply-intro", "mail-editor-reference-message-container":
		a.allFollows = true
	case "yahoo_quoted":
		a.foreign = true
	case "Signature", "AppleMailSignature", "ms-outlook-mobile-signature":
		a.signature = true
	}
}
