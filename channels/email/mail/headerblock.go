package mail

import "strings"

// headerLabels are what Outlook and its like write over a quoted mail, by
// language: who, and the others.
var headerLabels = [...]struct{ from, others string }{
	{"from:", "|sent:|date:|to:|subject:|"},
	{"oddi wrth:", "|anfonwyd:|dyddiad:|at:|i:|pwnc:|testun:|"},
	{"o:", "|anfonwyd:|dyddiad:|at:|i:|pwnc:|testun:|"},
	{"von:", "|gesendet:|datum:|an:|betreff:|"},
	{"de:", "|envoyé:|date:|à:|objet:|enviado:|enviado el:|enviada:|fecha:|data:|para:|asunto:|assunto:|"},
	{"de :", "|envoyé :|date :|à :|objet :|"},
	{"od:", "|wysłano:|wysłane:|data:|do:|temat:|"},
	{"da:", "|inviato:|data:|a:|oggetto:|"},
	{"van:", "|verzonden:|datum:|aan:|onderwerp:|"},
	{"de la:", "|trimis:|data:|dată:|către:|subiect:|"},
	{"od:", "|odesláno:|odoslané:|datum:|dátum:|komu:|pro:|předmět:|predmet:|"},
	{"nuo:", "|išsiųsta:|data:|kam:|tema:|"},
	{"no:", "|nosūtīts:|datums:|kam:|temats:|"},
	{"feladó:", "|elküldve:|dátum:|címzett:|tárgy:|"},
	{"от:", "|отправлено:|дата:|кому:|тема:|изпратено:|до:|относно:|"},
	{"від:", "|надіслано:|дата:|кому:|тема:|"},
	{"från:", "|skickat:|datum:|till:|ämne:|"},
	{"kimden:", "|gönderildi:|tarih:|kime:|konu:|"},
}

// moreLabels may stand among them; any other label makes it a form.
const moreLabels = "|cc:|bcc:|kopia:|dw:|kopie:|copi:|reply-to:|importance:|attachments:|sensitivity:|categories:|organization:|message-id:|"

// maxHeaderBlock is in lines; some programs put empty ones between.
const maxHeaderBlock = 10

// isHeaderBlock reports whether the lines at at are a quoted header block.
func isHeaderBlock(text string, at int) bool {
	first := label(text, at)
	if first == "" {
		return false
	}
	for _, language := range headerLabels {
		isFrom := first == language.from
		if !isFrom && !strings.Contains(language.others, "|"+first+"|") {
			continue
		}
		from, others, end := headerBlock(text, at, language.from, language.others)
		if from && (others > 2 || others == 2 && isFrom) && hasDateOrAddress(text[at:end]) {
			return true
		}
	}
	return false
}

// headerBlock counts the labels of one language at at, and tells whether the
// one of the sender is among them and where they end. Forms and diaries, where
// other labels stand between, or "From: 10pm", have none.
func headerBlock(text string, at int, fromLabel, otherLabels string) (from bool, others, end int) {
	for n := 0; n < maxHeaderBlock && at < len(text); n++ {
		next := lineEnd(text, at)
		switch l := label(text, at); {
		case l == "":
			if from && others >= 2 && strings.TrimSpace(text[at:next]) == "" {
				return from, others, at
			}
		case l == fromLabel:
			_, name, _ := strings.Cut(text[at:next], ":")
			name = strings.TrimLeft(name, " *\t\u00a0")
			from = from || name != "" && (!isDigit(name[0]) && name[0] != '+' || hasAddress(name))
		case strings.Contains(otherLabels, "|"+l+"|"):
			others++
		case !strings.Contains(moreLabels, "|"+l+"|"):
			return false, 0, at
		}
		at = next
	}
	return from, others, at
}

// label returns the lower-case word with colon that starts the line at at,
// without the stars of bold type; empty when there is none.
func label(text string, at int) string {
	line := text[at:min(len(text), at+24)]
	line = strings.TrimLeft(line, "* >")
	colon := strings.IndexByte(line, ':')
	if colon < 1 || strings.IndexByte(line[:colon], '\n') >= 0 {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(line[:colon], "*") + ":")
}
