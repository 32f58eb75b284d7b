package mask

import (
	"regexp"
	"sync"
)

// forms are what identifies a person by its form, the most telling first. A
// group, if there is one, is what is masked. They are made when first asked for,
// which most programs never do.
var forms = sync.OnceValue(func() []form {
	return []form{
		{"LINK", regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>"]+`)},
		{"LINK", regexp.MustCompile(`(?i)\b(?:[\p{L}\p{N}-]+\.)+(?:com|net|org|uk|co|me|tv|io|gg|ly|be|eu|ie|im|info|app|link|page)/[^\s<>"]+`)},
		{"EMAIL", regexp.MustCompile(`(?i)[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`)},
		{"HANDLE", regexp.MustCompile(`@[\p{L}\p{N}_.]{2,}`)},
		{"PLACE", regexp.MustCompile(`/{0,3}\b[\p{Ll}]{3,}\.[\p{Ll}]{3,}\.[\p{Ll}]{3,}\b|///\p{L}+\.\p{L}+\.\p{L}+`)}, // what3words
		{"PLACE", regexp.MustCompile(`-?\b\d{1,2}\.\d{3,}°?\s?[NSns]?(?:\s*,\s*|\s+)-?\d{1,3}\.\d{3,}(?:°?\s?[EWew])?\b`)},
		{"PLACE", regexp.MustCompile(degrees + `(?:[,\s]*` + degrees + `)?`)},
		{"PLACE", regexp.MustCompile(`\b[HJNST][A-HJ-Z]\s?\d{2,5}\s?\d{2,5}\b`)}, // national grid
		// National insurance numbers, then plates of 2001, of 1983 and of Northern Ireland.
		{"NUMBER", regexp.MustCompile(`(?i)\b[A-CEGHJ-PR-TW-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]\b`)},
		{"PLATE", regexp.MustCompile(`(?i)\b[A-Z]{2}\d{2}\s{0,2}[A-Z]{3}\b`)},
		{"PLATE", regexp.MustCompile(`\b[A-Z]\d{1,3}\s{0,2}[A-Z]{3}\b`)},
		{"PLATE", regexp.MustCompile(`\b[A-Z](?:[A-HJ-Y]Z|I[ABGJLW]|[JOUVX]I)\s{0,2}\d{3,4}\b`)},
		{"POSTCODE", regexp.MustCompile(`(?i)\b(?:GIR\s?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPS-UW]|[A-HK-Y]\d[ABEHMNPRV-Y])\s{0,2}\d[ABD-HJLNP-UW-Z]{2})\b`)},
		{"DATE", regexp.MustCompile(`(?i)\b(?:dob|d\.o\.b\.?|born(?: on)?|date of birth)[:\s]+(\d{1,2}(?:st|nd|rd|th)?[./ -](?:\d{1,2}|[a-z]{3,9})[./ -]\d{2,4})`)},
		{"ADDRESS", regexp.MustCompile(`(?i)\b(?:(?:flat|apartment|apt|unit|room)\s+\w{1,4}[,\s]+)?(?:(?:no\.?|number)\s*)?\d{1,4}[a-z]?,?\s+(?:(?:[\p{L}'’-]+|\p{L}{1,2}\.)\s+){1,4}?(?:street|st|road|rd|lane|ln|avenue|ave|av|close|cl|drive|dr|way|court|ct|crescent|cres|place|pl|terrace|terr|gardens|gdns|grove|hill|park|square|sq|walk|row|mews|rise|view|parade|green|estate|house|heights|towers?|buildings?)\b`)},
		{"ADDRESS", regexp.MustCompile(`(?i)\b\d{1,4}[a-z]?,?\s+(?:heol|ffordd|stryd|lôn|maes|clos|rhodfa|cwrt|llys)[\s-]+(?:yr?[\s-]+)?\p{L}[\p{L}'’-]*`)},
		{"ADDRESS", regexp.MustCompile(`(?:\p{Lu}[\p{L}'’.-]*\s+){1,3}(?:Street|St|Road|Rd|Lane|Avenue|Ave|Close|Drive|Court|Crescent|Terrace|Gardens|Grove|Square|Mews|Parade)\b`)},
		{"ADDRESS", regexp.MustCompile(`(?i)\b(?:flat|apartment|apt)\s+\d{1,4}[a-z]?\b`)},
		{"HOUSE", regexp.MustCompile(`(?i)\b(?:house|door|number|no\.|nr\.?)\s*(\d{1,4}[a-z]?)\b`)},
		{"PHONE", regexp.MustCompile(`(?:\+|\b00)\d[\d\s().-]{7,18}\d\b|\(?\b0\d[\d\s().-]{7,14}\d\b`)},
		{"PHONE", regexp.MustCompile(`(?:^|\D)((?:\+|0)\d{2,4}(?:[ .()_/-]{0,2}\d){6,})`)}, // within what is no word
		{"NUMBER", regexp.MustCompile(`\d(?:[ -]?\d){7,}|\b\d{1,3}(?:\.\d{1,3}){3}\b`)},    // the latter of a connection
		{"NAME", regexp.MustCompile(`\b` + title + `(?:\s+(?:(?i:and|&)\s+)?` + title + `)*\s+(?:\d{1,5}\s+)?(` + initials + `(?:(?:` + particle + `)\s+)*\p{L}[\p{L}'’-]+(?:` + more + `)?)`)},
		{"NAME", regexp.MustCompile(`(?:[Mm]y name(?: is|'s|’s)|[Ii] am called|[Nn]amed|[Cc]alled|[Nn]ame:|[Ss]igned,?)\s+(\p{Lu}[\p{L}'’-]+(?:` + more + `){0,2})`)},
		{"NAME", regexp.MustCompile(`(?i)\b(?:my name(?: is|'s|’s)|fy enw i (?:yw|ydi|ydy))\s+(\p{L}[\p{L}'’-]+(?:\s+\p{L}[\p{L}'’-]+)?)`)},
		{"NAME", regexp.MustCompile(`(?m)^(?i:(?:kind(?:est)?|best|warm(?:est)?)?\s*regards|(?:many )?thanks|thank you|yours \p{Ll}+|best wishes|best|cheers|cofion(?: gorau| cynnes)?|yn gywir|diolch(?: yn fawr)?),?\s*\n+\s*(` + signed + `)`)},
		{"NAME", regexp.MustCompile(`(?m)^(?i:[a-z ]*regards), *(` + signed + `)`)},
	}
})

// form is a form of words of some kind.
type form struct {
	kind string
	form *regexp.Regexp
}

// title is what people are called with; initials stand before a name, particles
// between its parts, more is what follows the first, and signed is one below a
// letter.
const (
	title    = `(?i:mr|mrs|ms|miss|mx|dr|prof|pc|sgt|insp)\.?`
	initials = `(?:\p{Lu}(?:\.\s?|\s))*`
	particle = `van|von|der|den|de|del|di|da|dos|du|la|le|el|al|bin|bint|ap|ab|ferch`
	more     = `(?:\s+(?:` + particle + `))*\s+\p{Lu}[\p{L}'’-]+`
	signed   = initials + `\p{Lu}[\p{L}'’-]+(?:` + more + `){0,2}`
)

// degrees is one angle in degrees and minutes.
const degrees = `\b\d{1,3}\s?[°º]\s?\d{1,2}(?:\.\d+)?\s?['′’](?:\s?\d{1,2}(?:\.\d+)?\s?(?:["″”]|''))?(?:\s?[NSEWnsew]\b)?`

// services are numbers that everybody calls: they identify nobody.
var services = map[string]bool{"999": true, "101": true, "111": true, "112": true, "18000": true}
