package upload

import (
	"mime"
	"path"
	"strings"
)

// nameLimit is how many characters of a file's name are kept.
const nameLimit = 120

// CleanName makes a sender's name of a file harmless wherever it is shown or
// put: no path, no control or formatting characters, not empty, its ending
// kept when it is cut.
func CleanName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, "�"), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if isUnseen(r) || strings.ContainsRune(`/:*?"<>|`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	if name == "" {
		return "file"
	}
	if letters := []rune(name); len(letters) > nameLimit {
		ending := []rune(path.Ext(name))
		if len(ending) > 12 {
			ending = nil
		}
		name = string(letters[:nameLimit-len(ending)]) + string(ending)
	}
	return name
}

// isUnseen reports whether a character is one of those that steer and do not
// show: controls, and what turns the direction of writing round.
func isUnseen(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0:
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff:
	default:
		return false
	}
	return true
}

// endingAs gives a name the ending of the file's kind unless it has one of that
// kind. A picture called map.bat is a picture to whoever looks at the bytes, and
// a program to whoever saves it and looks at the name.
func endingAs(kind, ending, name string) string {
	has := strings.ToLower(path.Ext(name))
	stated, _, _ := strings.Cut(mime.TypeByExtension(has), ";")
	if has == ending || stated == kind || family(kind) != "" && family(stated) == family(kind) {
		return name
	}
	return CleanName(name + ending) // no longer than it may be
}

// family is that of kinds which whatever shows them takes for one another.
func family(kind string) string {
	first, _, _ := strings.Cut(kind, "/")
	if runs(kind) || first != "image" && first != "video" && first != "audio" {
		return ""
	}
	return first
}
