package tell

import (
	"os"

	"contactd/contact"
)

// Colours reports whether a file is a terminal that shows colours to somebody
// who wants them (https://no-color.org).
func Colours(file *os.File, getenv func(string) (string, bool)) bool {
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	unwanted, _ := getenv("NO_COLOR")
	kind, _ := getenv("TERM")
	return unwanted == "" && kind != "" && kind != "dumb"
}

// inColour is text in the colour of a grade.
func inColour(g contact.Grade, text string) string {
	return "\x1b[" + colourOf(g) + "m" + text + "\x1b[0m"
}

// colourOf is a rendition by ECMA-48, section 8.3.117.
func colourOf(g contact.Grade) string {
	switch g {
	case contact.Emergency:
		return "1;31" // bold red
	case contact.Unknown:
		return "1;35" // bold magenta
	case contact.Priority:
		return "1;33" // bold yellow
	case contact.Scheduled:
		return "36" // cyan
	default:
		return "32" // green
	}
}
