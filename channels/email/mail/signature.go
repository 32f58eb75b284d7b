package mail

import (
	"strings"
	"unicode"
)

// mobileSignatures begin the lines that telephones and web mail add.
var mobileSignatures = [...]string{
	"Sent from ", "Sent via ", "Sent with ", "Sent using ", "Get Outlook ", "Anfonwyd o ", "Anfonwyd gan ", "Cael Outlook ",
	"Gesendet ", "Von meinem ", "Holen Sie sich Outlook ", "Outlook für ", "Envoyé de", "Envoyé à partir ", "Télécharger Outlook ", "Obtenez Outlook ",
	"Enviado de", "Enviado do ", "Enviado a partir ", "Obtener Outlook ", "Obter o Outlook ", "Inviato da", "Scarica Outlook ", "Ottieni Outlook ",
	"Wysłane z ", "Wysłano z ", "Pobierz ", "Trimis de pe ", "Verzonden van", "Verstuurd van",
}

// signatureStarts are the first two bytes of each, to pass over most lines.
const signatureStarts = "Se Ge An Ca Vo Ho Ou En T\xc3 Ob In Sc Ot Wy Po Tr Ve"

// signatureWords are what such a line says besides names, which have a capital
// letter or a digit.
const signatureWords = " my a an the on for via using with from and by phone mobile device smartphone tablet handset wireless network email mail secure app application " +
	"o fy ar gyfer mit der meinem für gesendet beziehen mon mobile téléphone pour de un mi desde para dispositivo meu do da dal mio per " +
	"z na dla systemu telefonie telefonu aplikacji aplikację program programu urządzenia pe meu mijn voor "

// placeWords are what no device is called: a person says where they are.
const placeWords = " flat house room street st road rd avenue lane close drive court way park station hospital hotel number heol stryd ffordd lôn fflat tŷ ysbyty "

// isMobileSignature tells a line of nothing but such words: after "Sent from my
// phone" people write on.
func isMobileSignature(line string) bool {
	if len(line) > 120 || len(line) < 10 || !strings.Contains(signatureStarts, line[:2]) {
		return false
	}
	line = strings.TrimSpace(line)
	for _, start := range mobileSignatures {
		rest, ok := strings.CutPrefix(line, start)
		if !ok {
			continue
		}
		if strings.ToUpper(rest) == rest { // a person who shouts
			return false
		}
		for word := range strings.FieldsSeq(rest) {
			word, _, _ = strings.Cut(word, "<") // Outlook's link
			word = strings.TrimRight(word, ".,;:!")
			if strings.Contains(placeWords, " "+strings.ToLower(word)+" ") && word != "" {
				return false
			}
			if !strings.ContainsFunc(word, isNamePart) && !strings.Contains(signatureWords, " "+word+" ") && word != "" {
				return false
			}
		}
		return true
	}
	return false
}

// isAllSignature reports whether text is what a telephone adds and nothing else.
func isAllSignature(text string) bool {
	if len(text) > 300 || text == "" {
		return false
	}
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" && !isMobileSignature(strings.TrimLeft(line, " \t")) {
			return false
		}
	}
	return true
}

// isTitle tells a line of a signature, of names, titles, numbers and addresses,
// from a sentence, most words of which have no capital letter.
func isTitle(line string) bool {
	words, names := 0, 0
	for word := range strings.FieldsSeq(line) {
		words++
		if strings.ContainsFunc(word, isNamePart) || strings.ContainsAny(word, "@|•·") || strings.HasPrefix(word, "www.") || strings.Contains(word, "://") {
			names++
		}
	}
	shouted := words > 3 && strings.ToUpper(line) == line
	return 2*names >= words && !shouted
}

func isNamePart(r rune) bool { return unicode.IsUpper(r) || unicode.IsDigit(r) }
