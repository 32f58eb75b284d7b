package mail

import "strings"

// notices are what mail programs, and people who set them up, call an automatic
// reply in its subject, by language; the first are Outlook's own. In lower case.
var notices = [...]string{
	"automatic reply", "ateb awtomatig", "ymateb awtomatig", "automatische antwort", "réponse automatique", "respuesta automática", "resposta automática",
	"risposta automatica", "automatisch antwoord", "odpowiedź automatyczna", "automatyczna odpowiedź", "automatická odpověď", "automatická odpoveď",
	"automatikus válasz", "răspuns automat", "автоматический ответ", "автоматичен отговор", "автоматична відповідь", "αυτόματη απάντηση", "otomatik yanıt",
	"autosvar", "automatiskt svar", "automatisk svar", "automaattinen vastaus", "automatinis atsakymas", "automātiska atbilde", "automaatvastus",
	"automatski odgovor", "samodejni odgovor", "رد تلقائي", "תשובה אוטומטית", "自动答复", "自动回复", "自動回覆", "自動応答", "자동 회신",
	"auto reply", "auto-reply", "autoreply", "auto response", "auto-response", "autoresponse", "out of office", "out of the office", "out-of-office",
	"out of office autoreply", "out of office reply", "allan o'r swyddfa", "abwesenheitsnotiz", "abwesenheitsmeldung", "abwesend", "absence du bureau",
	"absent du bureau", "fuera de la oficina", "fuori sede", "afwezig", "afwezigheidsbericht", "poza biurem", "nieobecny", "frånvaro",
}

// isNotice reports whether a subject begins as that of an automatic reply, of
// which some have no other mark. Anybody can write one, so it is reason enough to
// send no automatic answer, and for nothing else.
func isNotice(subject string) bool {
	subject = strings.ToLower(subject)
	for _, notice := range notices {
		rest, ok := strings.CutPrefix(subject, notice)
		rest = strings.TrimLeft(rest, " \u00a0\u202f")
		if ok && (rest == "" || strings.ContainsAny(rest[:1], ":-") || strings.HasPrefix(rest, "：") || strings.HasPrefix(rest, "–")) {
			return true
		}
	}
	return false
}
