package markers

import (
	"cmp"
	"slices"
	"strings"

	"contactd/contact"
)

// Limits of what is reported of one message.
const (
	mostMarkers = 16
	mostSpans   = 3   // of one sign
	mostQuote   = 100 // characters
)

// judged adds what the reasons for the grade and the language show. A reason
// that stands on quoted history alone does not count.
func (r *reading) judged(assessed contact.Assessment, foreign bool) {
	for number := range r.a.entries {
		each := &r.a.entries[number]
		if each.Foreign && foreign {
			r.found = append(r.found, found{entry: number, of: writer})
		}
		if len(each.Rules)+len(each.Categories) == 0 {
			continue
		}
		for _, reason := range assessed.Reasons {
			rule := strings.TrimPrefix(reason.Rule, "together.")
			if slices.Contains(each.Rules, rule) || each.shownBy(rule, reason) {
				r.reasoned(number, reason)
			}
		}
	}
}

// shownBy reports whether the category of a reason shows an entry.
func (e *entry) shownBy(rule string, reason contact.Reason) bool {
	return reason.Category != "" && slices.Contains(e.Categories, reason.Category) &&
		reason.Grade.Above(contact.Resolution) && !slices.Contains(e.ExceptRules, rule)
}

// reasoned adds an entry with the evidence of a reason.
func (r *reading) reasoned(entry int, reason contact.Reason) {
	if len(reason.Spans) == 0 {
		r.found = append(r.found, found{entry: entry})
		return
	}
	for _, span := range reason.Spans {
		if r.own.Holds(span) && r.another(entry) {
			r.found = append(r.found, found{entry: entry, span: span, told: true})
		}
	}
}

// foreignLanguage reports whether the message is in another language than
// English and Welsh, as far as anybody noticed.
func foreignLanguage(message contact.Message, assessed contact.Assessment) bool {
	language := message.Language
	for _, opinion := range assessed.Opinions {
		language = cmp.Or(opinion.Language, language)
	}
	base, _, _ := strings.Cut(language, "-")
	return base != "" && base != "en" && base != "cy" && base != "und"
}

// write writes the notes, in the order of the pack.
func (r *reading) write(notes *contact.Notes, message contact.Message) {
	slices.SortStableFunc(r.found, func(x, y found) int {
		return cmp.Or(cmp.Compare(x.entry, y.entry), cmp.Compare(x.span.Start, y.span.Start))
	})
	var hidden []contact.Sign
	var reply contact.SafeToReply
	if message.Covert {
		hidden = append(hidden, contact.Sign{Code: byChannel})
	}
	if said := message.SafeToContact; said == "yes" || said == "no" {
		reply.Safe = said
		reply.Signs = append(reply.Signs, contact.Sign{Code: byChannel})
	}
	certain := message.Covert || slices.ContainsFunc(r.found, func(f found) bool {
		entry := &r.a.entries[f.entry]
		return entry.kind == covert && entry.Within == 0
	})
	for _, each := range r.found {
		entry := &r.a.entries[each.entry]
		switch entry.kind {
		case marker:
			r.mark(&notes.Markers, entry.Code, each)
		case covert:
			if entry.Within > 0 && r.words > entry.Within && !(entry.Beside && certain) {
				continue
			}
			r.addSign(&hidden, entry.Code, each)
			if entry.Unsafe && !r.harmless[each.entry] {
				r.addSign(&reply.Signs, entry.Code, each)
				reply.Safe = "no"
			}
		case unsafe:
			r.addSign(&reply.Signs, entry.Code, each)
			reply.Safe = "no"
		case safe:
			r.addSign(&reply.Signs, entry.Code, each)
			reply.Safe = cmp.Or(reply.Safe, "yes") // one no outweighs any yes
		case ask:
			r.addSign(&reply.Asks, entry.Code, each)
			if entry.Unsafe && !r.harmless[each.entry] {
				reply.Safe = "no"
			}
		}
	}
	if len(hidden) > 0 {
		notes.Covert = &contact.Covert{Signs: hidden, By: r.a.name}
	}
	if len(reply.Signs)+len(reply.Asks) > 0 {
		reply.Safe, reply.By = cmp.Or(reply.Safe, "unknown"), r.a.name
		notes.SafeToReply = &reply
	}
}

// mark adds a marker, or one more piece of evidence to it. What does not tell
// whose it is goes with one that does.
func (r *reading) mark(markers *[]contact.Marker, code string, each found) {
	for i := range *markers {
		known := &(*markers)[i]
		if known.Code != code || known.Of != each.of && known.Of != "" && each.of != "" {
			continue
		}
		known.Of = cmp.Or(known.Of, each.of)
		r.addSpan(&known.Spans, each)
		return
	}
	if len(*markers) < mostMarkers {
		added := contact.Marker{Code: code, Of: each.of, By: r.a.name}
		r.addSpan(&added.Spans, each)
		*markers = append(*markers, added)
	}
}

func (r *reading) addSign(signs *[]contact.Sign, code string, each found) {
	for i := range *signs {
		if (*signs)[i].Code == code {
			r.addSpan(&(*signs)[i].Spans, each)
			return
		}
	}
	sign := contact.Sign{Code: code}
	r.addSpan(&sign.Spans, each)
	*signs = append(*signs, sign)
}

// addSpan adds evidence that is not there yet, not even in part.
func (r *reading) addSpan(spans *[]contact.Span, each found) {
	if !each.told || len(*spans) >= mostSpans {
		return
	}
	for _, known := range *spans {
		if each.span.Start < known.End && known.Start < each.span.End {
			return
		}
	}
	each.span.Quote = r.own.Quote(each.span, mostQuote)
	*spans = append(*spans, each.span)
}
