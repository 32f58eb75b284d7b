package mail

import (
	"bytes"
	"path"
	"strings"
)

// part is what the header of a part says about its body.
type part struct {
	typ        string // lower case, such as "text/plain"
	charset    string
	boundary   []byte
	name       string // sanitised
	claimed    string
	encoding   transfer
	attachment bool // Content-Disposition: attachment
	byName     bool // typ is what the name says, as the sender's program did not know it
	inline     bool // shown inside the text
	flowed     bool
	delSp      bool
	report     string // report-type
	degraded   bool
}

// describe reads the Content fields of h; fallbackType is what a part without
// Content-Type is.
func (w words) describe(h *header, fallbackType string) part {
	p := part{typ: fallbackType}
	if value := h.get("Content-Type"); value != nil {
		w.contentType(&p, value, fallbackType)
	}
	if value := h.get("Content-Disposition"); value != nil {
		token, list, degraded := w.params(value)
		p.degraded = p.degraded || degraded
		p.attachment = token == "attachment"
		p.inline = token == "inline"
		for _, each := range list {
			if each.name == "filename" && len(each.value) > 0 {
				p.name = w.fileName(each.value)
				break
			}
		}
	}
	if !p.attachment && h.present("Content-ID") {
		p.inline = true
	}
	if value := h.get("Content-Transfer-Encoding"); value != nil {
		p.encoding = parseEncoding(value)
	}
	if typ := typeByName(p.name); typ != "" && !p.isKnown() {
		p.typ, p.byName, p.attachment = typ, true, true
	}
	return p
}

// typeByName is the type of the files that a person opens to read a text, also
// one that is signed or encrypted, and empty for all others.
func typeByName(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".txt", ".log", ".md", ".csv":
		return "text/plain"
	case ".htm", ".html":
		return "text/html"
	case ".ics":
		return "text/calendar"
	case ".eml":
		return "message/rfc822"
	case ".p7m":
		if strings.EqualFold(name, "smime.p7m") { // in others there is a file, and no mail
			return "application/pkcs7-mime"
		}
	}
	return ""
}

func (w words) contentType(p *part, value []byte, fallbackType string) {
	token, list, degraded := w.params(value)
	p.degraded = p.degraded || degraded
	for _, each := range list {
		switch each.name {
		case "charset":
			if p.charset == "" {
				p.charset = intern(each.value)
			}
		case "boundary":
			if p.boundary == nil && len(each.value) > 0 && len(each.value) < 1000 {
				p.boundary = bytes.Clone(bytes.TrimRight(each.value, " \t"))
			}
		case "name":
			if p.name == "" {
				p.name = w.fileName(each.value)
			}
		case "format":
			p.flowed = equalWord(each.value, "flowed")
		case "delsp":
			p.delSp = equalWord(each.value, "yes")
		case "report-type":
			p.report = intern(each.value)
		}
	}
	p.claimed = claimedType(token)
	if p.claimed != "" {
		p.typ = token
		return
	}
	p.degraded = true
	switch {
	case p.boundary != nil:
		p.typ = "multipart/mixed"
	case token == "html":
		p.typ = "text/html"
	case p.name != "":
		p.typ = "application/octet-stream"
	case strings.HasPrefix(fallbackType, "message/"):
		p.typ = fallbackType
	default:
		p.typ = "text/plain"
	}
}

// claimedType returns token when it has the form of a media type.
func claimedType(token string) string {
	slash := strings.IndexByte(token, '/')
	if slash < 1 || slash == len(token)-1 || len(token) > 127 {
		return ""
	}
	for i := 0; i < len(token); i++ {
		if c := token[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("()<>@,;:\\\"[]?=", c) >= 0 {
			return ""
		}
	}
	return token
}

// isKnown tells the types that say themselves how the part is read.
func (p part) isKnown() bool {
	for _, prefix := range [...]string{"text/", "multipart/", "message/", "application/pgp", "application/pkcs7", "application/x-pkcs7", "application/xhtml", "application/ics"} {
		if strings.HasPrefix(p.typ, prefix) {
			return true
		}
	}
	return p.isTNEF()
}

func equalWord(b []byte, word string) bool { return len(b) == len(word) && equalFold(b, word) }

// isText tells types whose bytes are shown as the text of the mail.
func (p part) isText() bool {
	switch p.typ {
	case "text/plain", "text/html", "application/xhtml+xml", "text/enriched", "text/richtext":
		return true
	case "text/rtf", "text/csv", "text/xml", "text/vcard", "text/x-vcard", "text/directory", "text/css", "text/javascript",
		"text/calendar", "text/rfc822-headers", "text/x-amp-html", "text/watch-html":
		return false
	}
	return strings.HasPrefix(p.typ, "text/") && p.name == ""
}

func (p part) isHTML() bool { return p.typ == "text/html" || p.typ == "application/xhtml+xml" }

func (p part) isCalendar() bool {
	return p.typ == "text/calendar" || p.typ == "application/ics"
}

func (p part) isTNEF() bool {
	return p.typ == "application/ms-tnef" || p.typ == "application/vnd.ms-tnef" || strings.EqualFold(p.name, "winmail.dat")
}

// isEncrypted tells parts that need somebody's private key, or Microsoft's leave.
// Gateways take their types away; their names are those of the usual programs.
func (p part) isEncrypted() bool {
	switch strings.ToLower(p.name) {
	case "encrypted.asc", "openpgp-encrypted-message.asc", "message.rpmsg":
		return true
	}
	return p.typ == "application/pgp-encrypted" || p.typ == "multipart/encrypted" || p.typ == "application/x-microsoft-rpmsg-message"
}
