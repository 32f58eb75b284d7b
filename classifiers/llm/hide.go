package llm

import (
	"slices"
	"strings"
	"unicode/utf8"

	"contactd/classifiers/mask"
	"contactd/contact"
)

// hiding masks; the zero value leaves all as it is.
type hiding struct {
	masker *mask.Masker
	known  *mask.Known
}

// hidden is a text with what is to be masked in it. That is looked for in the
// whole: by a piece nothing tells that it is half an address, or stands behind
// "my name is".
type hidden struct {
	hiding
	words     string
	stretches []mask.Stretch
}

func (h hiding) find(text string) hidden {
	if h.masker == nil {
		return hidden{words: text}
	}
	return hidden{h, text, h.masker.Find(text, h.known)}
}

// uncut moves a cut before and behind what is to be masked there.
func (h hidden) uncut(cut int) (before, behind int) {
	for _, each := range h.stretches {
		if each.From < cut && cut < each.To {
			return each.From, each.To
		}
	}
	return cut, cut
}

// piece is a stretch of the text, which cuts nothing that is to be masked.
func (h hidden) piece(from, to int) piece {
	p := piece{start: utf8.RuneCountInString(h.words[:from]), original: h.words[from:to]}
	var shown strings.Builder
	last := from
	for _, each := range h.stretches {
		if each.From < from || each.To > to {
			continue
		}
		shown.WriteString(h.words[last:each.From])
		begin := shown.Len()
		shown.WriteString(h.masker.StandIn(each.Kind, h.words[each.From:each.To]))
		p.masks = append(p.masks, standIn{each.From - from, each.To - from, begin, shown.Len()})
		last = each.To
	}
	shown.WriteString(h.words[last:to])
	p.shown = shown.String()
	return p
}

// knownOf is what the channel knows of the people in a message.
func knownOf(message contact.Message) *mask.Known {
	var names []string
	for _, person := range append([]contact.Sender{message.Sender}, message.Recipients...) {
		names = append(names, person.Name, person.Address)
	}
	return mask.KnownOf(names, slices.Concat(message.Phones, message.Emails))
}
