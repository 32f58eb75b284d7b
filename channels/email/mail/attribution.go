package mail

import "strings"

// attributions are how mail programs introduce a quotation, by language: how
// the line starts and how it ends before the colon.
var attributions = [...]struct{ start, end string }{
	{"On ", "wrote"},
	{"Ar ", "ysgrifennodd"},
	{"Am ", "schrieb"},
	{"Le ", "écrit"},
	{"El ", "escribió"},
	{"W dniu ", "napisał"},
	{"W dniu ", "pisze"},
	{"Dnia ", "napisał"},
	{"Il ", "scritto"},
	{"Op ", "schreef"},
	{"Em ", "escreveu"},
	{"Den ", "skrev"},
	{"În ", "scris"},
	{"Pe ", "scris"},
	{"", "wrote"},
	{"", "schrieb"},
	{"", "writes"},
}

// maxAttribution bounds an attribution, which wraps over a few lines.
const (
	maxAttribution      = 400
	maxAttributionLines = 4
)

// attribution reports whether the line at at, with up to three more, is one
// such as "On 3 Nov 2026 at 10:22, Force wrote:", and where it ends.
func attribution(text string, at, end int) (last int, ok bool) {
	first := strings.TrimLeft(text[at:min(end, at+maxAttribution)], " *_")
	started := startsAttribution(first)
	for range maxAttributionLines {
		piece := strings.TrimRight(text[max(at, end-maxAttribution):end], " \n\t*_")
		if strings.HasSuffix(piece, ":") && end-at <= maxAttribution && endsAttribution(first, text[at:at+len(piece)]) {
			return end, true
		}
		if !started || end == len(text) || end-at > maxAttribution || text[end] == '\n' || text[end] == '>' {
			return 0, false
		}
		end = lineEnd(text, end)
	}
	return 0, false
}

// introduction is attribution in languages that are not listed: a line that
// names an address, or a date with a time over one or two lines that end in an
// address. Only a quotation right below makes it one.
func introduction(text string, at, end int) (last int, ok bool) {
	if first := text[at:end]; !strings.Contains(first, "20") && strings.IndexByte(first, '@') < 0 { // neither a year nor an address
		return 0, false
	}
	for range maxIntroductionLines {
		piece := strings.TrimRight(text[at:end], " \n\t*_\u00a0")
		switch {
		case end-at > maxAttribution:
			return 0, false
		case strings.HasSuffix(piece, ":"), strings.HasSuffix(piece, "："):
			return end, hasAddress(piece)
		case end == len(text), text[end] == '\n', text[end] == '>', !hasDate(piece):
			return 0, false
		}
		end = lineEnd(text, end)
	}
	return 0, false
}

const maxIntroductionLines = 3

// startsAttribution reports whether line starts as an attribution that wraps.
func startsAttribution(line string) bool {
	if line == "" || strings.IndexByte("OALEWDIP\xc3", line[0]) < 0 {
		return false
	}
	for _, each := range attributions {
		if each.start != "" && strings.HasPrefix(line, each.start) {
			return true
		}
	}
	return false
}

// endsAttribution reports whether piece ends as one of the languages wants.
// Lines without a start word must name an address or a time.
func endsAttribution(first, piece string) bool {
	for _, each := range attributions {
		if !strings.HasPrefix(first, each.start) {
			continue
		}
		tail := piece[strings.LastIndexByte(strings.TrimRight(piece, ":"), '\n')+1:]
		i := strings.LastIndex(tail, each.end)
		if i < 0 || (each.start == "" && !hasDateOrAddress(piece)) {
			continue
		}
		// "napisał(a):", "escribió:", "schrieb Max <m@x>:", "ysgrifennodd X:"
		if each.end != "wrote" || len(tail)-i-len(each.end) <= 2 {
			return true
		}
	}
	return false
}

// hasDateOrAddress tells a line that a program wrote from one that a person
// did: it holds an address, or a year and a time.
func hasDateOrAddress(s string) bool { return hasAddress(s) || hasDate(s) }

func hasAddress(s string) bool {
	at := strings.IndexByte(s, '@')
	return at > 0 && at+1 < len(s) && s[at+1] > ' '
}

// hasDate reports whether s holds a year and a time.
func hasDate(s string) bool {
	year, clock := dateIn(s)
	return year && clock
}

func dateIn(s string) (year, clock bool) {
	digits := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
			year = year || digits == 4
		case (c == ':' || c == '.') && digits > 0 && digits <= 2 && i+2 < len(s) && isDigit(s[i+1]) && isDigit(s[i+2]):
			clock = true
			digits = 0
		default:
			digits = 0
		}
	}
	return year, clock
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isDivider tells the lines that stand alone over a forwarded or quoted mail.
func isDivider(line string) bool {
	if len(line) > 80 {
		return false
	}
	switch strings.TrimRight(line, " :\u00a0") {
	case "Begin forwarded message", "Anfang der weitergeleiteten Nachricht", "Début du message réexpédié", "Début du message transféré",
		"Początek przekazywanej wiadomości", "Inicio del mensaje reenviado", "Inizio messaggio inoltrato", "Begin doorgestuurd bericht":
		return true
	}
	inner := strings.TrimSpace(strings.Trim(line, "-"))
	if len(line)-len(inner) < 4 || line[0] != '-' {
		return false
	}
	switch strings.ToLower(inner) {
	case "original message", "forwarded message", "forwarded by", "original-nachricht", "ursprüngliche nachricht", "weitergeleitete nachricht",
		"message d'origine", "message transféré", "mensaje original", "mensaje reenviado", "wiadomość oryginalna", "przekazana wiadomość",
		"treść przekazanej wiadomości", "neges wreiddiol", "neges a anfonwyd ymlaen", "původní e-mail", "původní zpráva", "pôvodná správa", "исходное сообщение", "пересылаемое сообщение", "original appointment", "original email", "reply above this line":
		return true
	}
	return false
}
