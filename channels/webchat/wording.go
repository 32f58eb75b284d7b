package webchat

import (
	"fmt"
	"strings"
	"unicode"

	"contactd/channels/webchat/forms"
)

// wording are the words of a transcript, and of what is said about one.
type wording struct {
	subject, you, police, place, file, rest string
	failed, unknown, unavailable, tooMany   string
	// none and example stand around what is wrong with an address.
	none, example string
	address       addressWords
}

// addressWords say what is wrong with an address.
type addressWords struct{ empty, space, noAt, ats, before, after, sign, dots, dot, ending, long, other string }

func transcriptWords(language string) wording {
	if isWelsh(language) {
		return welshWords
	}
	return englishWords
}

var englishWords = wording{
	subject: "Your chat with the police", you: "You", police: "Police", place: "your location", file: "file",
	rest:        "This is not all: the chat is too long for one email.",
	failed:      "The copy could not be sent: that address takes no email from us. Check the address and ask again.",
	unknown:     "We do not know whether the copy was sent. If it does not come, ask again.",
	unavailable: "No copy can be sent by email here.",
	tooMany:     "Copies were asked for often enough for now.",
	none:        "No copy was sent.", example: "An address looks like name@example.com.",
	address: addressWords{
		empty: "There is no address.", space: "There is a space in the address.",
		noAt: "There is no @ in the address.", ats: "There is more than one @ in the address.",
		before: "There is nothing before the @.", after: "There is nothing after the @.",
		sign: "“%c” cannot stand in an address.", dots: "There are two dots in a row in the address.",
		dot:    "There is a dot where none can be: at the beginning, at the end or beside the @.",
		ending: "After the @ the ending is missing, such as .com or .org.uk.",
		long:   "The address is too long.", other: "This is not how an email address is written.",
	},
}

var welshWords = wording{
	subject: "Eich sgwrs â’r heddlu", you: "Chi", police: "Heddlu", place: "eich lleoliad", file: "ffeil",
	rest:        "Nid dyma’r cyfan: mae’r sgwrs yn rhy hir i un e-bost.",
	failed:      "Nid oedd modd anfon y copi: nid yw’r cyfeiriad hwnnw’n derbyn e-bost gennym. Gwiriwch y cyfeiriad a gofynnwch eto.",
	unknown:     "Ni wyddom a anfonwyd y copi. Os na ddaw, gofynnwch eto.",
	unavailable: "Ni ellir anfon copi drwy e-bost yma.",
	tooMany:     "Gofynnwyd am ddigon o gopïau am y tro.",
	none:        "Ni anfonwyd copi.", example: "Mae cyfeiriad yn edrych fel hyn: enw@example.com.",
	address: addressWords{
		empty: "Nid oes cyfeiriad.", space: "Mae bwlch yn y cyfeiriad.",
		noAt: "Nid oes @ yn y cyfeiriad.", ats: "Mae mwy nag un @ yn y cyfeiriad.",
		before: "Nid oes dim o flaen yr @.", after: "Nid oes dim ar ôl yr @.",
		sign: "Ni all “%c” fod mewn cyfeiriad.", dots: "Mae dau ddot yn olynol yn y cyfeiriad.",
		dot:    "Mae dot lle na all fod: ar y dechrau, ar y diwedd neu wrth ymyl yr @.",
		ending: "Ar ôl yr @ mae’r terfyniad ar goll, fel .com neu .cymru.",
		long:   "Mae’r cyfeiriad yn rhy hir.", other: "Nid fel hyn y mae ysgrifennu cyfeiriad e-bost.",
	},
}

// wrongWith tells what is wrong with an address; nothing when mail can go there.
func (w wording) wrongWith(address string) string {
	if fault := w.address.fault(address); fault != "" {
		return w.none + " " + fault + " " + w.example
	}
	return ""
}

// fault is what is wrong with an address that forms would not take either.
func (w addressWords) fault(address string) string {
	local, domain, found := strings.Cut(address, "@")
	odd := strings.IndexFunc(address, func(r rune) bool { return strings.ContainsRune(`,;:<>()[]"\`, r) })
	switch {
	case address == "":
		return w.empty
	case strings.ContainsFunc(address, unicode.IsSpace):
		return w.space
	case !found:
		return w.noAt
	case strings.Contains(domain, "@"):
		return w.ats
	case local == "":
		return w.before
	case domain == "":
		return w.after
	case odd >= 0:
		return fmt.Sprintf(w.sign, address[odd])
	case strings.Contains(address, ".."):
		return w.dots
	case strings.Trim(local, ".") != local, strings.Trim(domain, ".") != domain:
		return w.dot
	case !strings.Contains(domain, "."):
		return w.ending
	case len(address) > 254: // RFC 5321, 4.5.3.1.3
		return w.long
	case !forms.IsEmail(address):
		return w.other
	}
	return ""
}
