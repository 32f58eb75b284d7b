package forms

import (
	"fmt"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// parsers read one line of a kind and return it as it is kept; false when it
// is none.
var parsers = map[Kind]func(string) (string, bool){
	Email: parseEmail, Phone: parsePhone, Time: parseTime, Postcode: parsePostcode,
}

// IsEmail reports whether text is an address alone, with a domain that can have
// mail from outside.
func IsEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	if err != nil || address.Name != "" || address.Address != text || len(text) > 254 {
		return false
	}
	_, domain, _ := strings.Cut(text[strings.LastIndex(text, "@"):], "@")
	return strings.Contains(strings.Trim(domain, "."), ".") && !strings.ContainsAny(text, " \"<>,;")
}

func parseEmail(text string) (string, bool) { return text, IsEmail(text) }

var phoneExtension = regexp.MustCompile(`^(ext|ext\.|x|extension|est|est\.) ?[0-9]{1,6}$`)

// parsePhone takes what people write: 7 to 15 digits (E.164), in any groups,
// perhaps with an extension. It is kept as written.
func parsePhone(text string) (string, bool) {
	number, extension := text, ""
	if at := strings.IndexFunc(text, unicode.IsLetter); at >= 0 {
		number, extension = text[:at], strings.ToLower(text[at:])
	}
	digits := 0
	for i, r := range number {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' && strings.TrimLeft(number[:i], " (") == "", strings.ContainsRune(" ()-./\u00a0\u2010\u2011\u2013", r):
		default:
			return "", false
		}
	}
	return text, digits >= 7 && digits <= 15 && (extension == "" || phoneExtension.MatchString(extension))
}

var clock = regexp.MustCompile(`^([0-9]{1,2})(?:[:.]?([0-9]{2}))? ?(am|pm|yb|yh|a\.m\.|p\.m\.)?$`)

// parseTime takes a time of day on either clock, and returns it on that of 24
// hours. A bare number is an hour only with am or pm (Welsh yb, yh).
func parseTime(text string) (string, bool) {
	text = strings.ToLower(text)
	switch text {
	case "midnight", "hanner nos":
		return "00:00", true
	case "noon", "midday", "hanner dydd":
		return "12:00", true
	}
	found := clock.FindStringSubmatch(text)
	if found == nil || found[2] == "" && found[3] == "" {
		return "", false
	}
	hour, _ := strconv.Atoi(found[1])
	minute, _ := strconv.Atoi(found[2])
	if half := strings.ReplaceAll(found[3], ".", ""); half != "" {
		if hour < 1 || hour > 12 {
			return "", false
		}
		if hour %= 12; half == "pm" || half == "yh" {
			hour += 12
		}
	}
	return fmt.Sprintf("%02d:%02d", hour, minute), hour < 24 && minute < 60
}

var postcodeForm = regexp.MustCompile(`^([A-Z]{1,2}[0-9][A-Z0-9]?|GIR)([0-9][A-Z]{2})$`)

// parsePostcode takes a full UK postcode in any case and with any spaces, and
// returns it in the usual form.
func parsePostcode(text string) (string, bool) {
	found := postcodeForm.FindStringSubmatch(strings.ToUpper(strings.Join(strings.Fields(text), "")))
	if found == nil {
		return "", false
	}
	return found[1] + " " + found[2], true
}

// dateParts are the endings of the three fields of a date in a page.
var dateParts = []string{"-day", "-month", "-year"}

// readDate reads a date from its three fields, or from one as a program sends
// it, and returns it as YYYY-MM-DD, or as it was typed when it is none.
func readDate(s *submission, name string) (values []string, code string) {
	var parts []string
	for _, part := range dateParts {
		if len(s.values[name+part]) > 1 {
			code = "doubled"
		}
		parts = append(parts, oneLine(strings.Join(s.values[name+part], " ")))
	}
	typed := strings.TrimSpace(strings.Join(parts, " "))
	if whole := oneLine(strings.Join(s.values[name], " ")); whole != "" {
		if typed == "" {
			parts = []string{"", "", ""}
			copy(parts, reversed(strings.SplitN(whole, "-", 3)))
		}
		typed = strings.TrimSpace(typed + " " + whole)
		if typed != whole || len(s.values[name]) > 1 {
			code = "doubled"
		}
	}
	if typed == "" || code != "" {
		if typed == "" {
			return nil, code
		}
		return []string{cutTo(typed, lineLimit)}, code
	}
	date, err := time.Parse("2006-1-2", parts[2]+"-"+strings.TrimLeft(parts[1], "0")+"-"+strings.TrimLeft(parts[0], "0"))
	if err != nil || date.Year() < 1900 {
		return []string{cutTo(typed, lineLimit)}, "date"
	}
	return []string{date.Format(time.DateOnly)}, ""
}

func reversed(list []string) []string {
	turned := make([]string, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		turned = append(turned, list[i])
	}
	return turned
}

// cutTo keeps at most n characters.
func cutTo(text string, n int) string {
	if letters := []rune(text); len(letters) > n {
		return string(letters[:n])
	}
	return text
}
