package forms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"contactd/channels/webchat/upload"
)

// keptFor is how long a page with a problem can bring back its files. A blob
// without a message is kept for longer than this.
const keptFor = 12 * time.Hour

// keptFile is a file that was stored while the rest of its page was sent back.
// The page carries it, signed: who merely knew the digest of a file could find
// out whether somebody else has sent it.
type keptFile struct {
	Form  string    `json:"form"`
	ID    string    `json:"id"` // of the submission
	Until time.Time `json:"until"`
	File  attached  `json:"file"`
}

// keep returns the text under which a page brings a file back.
func (f *Forms) keep(form, id string, file attached) string {
	body, _ := json.Marshal(keptFile{form, id, f.deps.Now().Add(keptFor).UTC(), file}) // cannot fail
	return base64.RawURLEncoding.EncodeToString(body) + "." + base64.RawURLEncoding.EncodeToString(f.sign(body))
}

func (f *Forms) sign(body []byte) []byte {
	mac := hmac.New(sha256.New, f.seal)
	mac.Write(body)
	return mac.Sum(nil)
}

// bringBack adds the files that a page has brought back to its submission.
func (f *Forms) bringBack(to *form, s *submission) {
	for _, text := range s.values[keptName] {
		file, ok := f.kept(to.Name, s.id, text)
		name := upload.CleanName(file.Name)
		field := file.Field
		if to.fields[field].Kind != Files {
			field = ""
		}
		switch {
		case !ok:
			s.problems = append(s.problems, problem{Field: field, Code: "file_lost", File: name})
		case len(s.files) >= f.config.Uploads.PerMessage:
			s.problems = append(s.problems, problem{Field: field, Code: "file_count", File: name})
		default:
			s.files = append(s.files, file)
		}
	}
}

// kept reads the text of a page; false when the file must be chosen again.
func (f *Forms) kept(form, id, text string) (attached, bool) {
	first, second, _ := strings.Cut(text, ".")
	body, err := base64.RawURLEncoding.DecodeString(first)
	var kept keptFile
	if err != nil || json.Unmarshal(body, &kept) != nil {
		return attached{}, false
	}
	mac, err := base64.RawURLEncoding.DecodeString(second)
	if err != nil || !hmac.Equal(mac, f.sign(body)) || kept.Form != form || kept.ID != id || f.deps.Now().After(kept.Until) {
		return kept.File, false
	}
	r, err := f.deps.Blobs.Open(kept.File.SHA256)
	if err != nil {
		return kept.File, false
	}
	return kept.File, r.Close() == nil
}
