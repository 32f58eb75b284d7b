package mail

import "strings"

// remarkWords are what a mail consists of that only points at what it quotes.
const remarkWords = " a above added all an and answered answers are as at attached been below between bold cheers comments de dear e each email find following " +
	"for forward forwarded forwarding from fw fwd fyi gweler have hello her here hi his i in info information inline inserted is isod it its kind mail madam many me message messages my note of " +
	"officer on ones please police previous put questions read red blue green capitals regarding regards replied replies reply responded responses see sent sir text this thank thanks the their " +
	"them thread to trail under underneath with your you "

// isRemark reports whether text says nothing by itself.
func isRemark(text string) bool {
	if len(text) > 120 {
		return false
	}
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool {
		return r <= '/' || r >= ':' && r <= '@' || r == '[' || r == ']'
	}) {
		if !strings.Contains(remarkWords, " "+word+" ") {
			return false
		}
	}
	return true
}

// pointers are what a text says whose writer goes on under or within what is
// quoted, by language.
var pointers = [...]string{
	"below", "beneath", "underneath", "inline", "in-line", "in line", "interspersed", "in red", "in blue", "in green", "in bold", "in capitals", "in caps",
	"isod", "mewn coch", "mewn glas", "unten", "in rot", "dessous", "en rouge", "abajo", "en rojo", "poniżej", "na czerwono", "sotto", "in rosso", "hieronder",
	"abaixo", "mai jos", "alább", "žemiau", "zemāk", "níže", "nižšie", "ниже", "нижче", "aşağıda", "nedan", "nedenfor", "παρακάτω", "下面", "如下", "أدناه", "নিচে", "ਹੇਠਾਂ", "نیچے",
}

// maxPointing is how long what only leads to the rest is, in bytes.
const maxPointing = 300

// pointsOn reports whether a short text says that more of it follows, be it by a
// colon at its end: as nothing marks those words, all may be the writer's.
func pointsOn(text string) bool {
	if len(text) > maxPointing {
		return false
	}
	if strings.HasSuffix(text, ":") || strings.HasSuffix(text, "：") {
		return true
	}
	text = strings.ToLower(text)
	for _, pointer := range pointers {
		if at := strings.Index(text, pointer); at >= 0 && isWordAt(text, at, at+len(pointer)) {
			return true
		}
	}
	return false
}

// isWordAt reports whether no letter of ASCII goes on before or behind a piece.
func isWordAt(text string, from, to int) bool {
	letter := func(c byte) bool { return 'a' <= c && c <= 'z' }
	return (from == 0 || !letter(text[from-1])) && (to == len(text) || !letter(text[to]))
}
