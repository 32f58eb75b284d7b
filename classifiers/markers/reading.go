package markers

import (
	"contactd/classifiers"
	"contactd/classifiers/fold"
	"contactd/classifiers/phrase"
	"contactd/contact"
)

// reading is the scratch of one message: what was found in it.
type reading struct {
	a      *Annotator
	own    classifiers.Own
	fields []contact.Field
	raw    string // what is read, with its words
	text   fold.Text
	hits   []phrase.Hit
	found  []found
	times  []int // of each entry
	// words counts those of the own words and the subject.
	words int
	// harmless has the asks for which a harmless reason was given.
	harmless map[int]bool
}

// found is an entry that was found, and whose it is.
type found struct {
	entry int
	of    string
	span  contact.Span
	told  bool // span is set
}

func (r *reading) reset(a *Annotator, message contact.Message) {
	r.a, r.own, r.fields = a, classifiers.NewOwn(message), message.Fields
	r.found, r.words, r.harmless = r.found[:0], 0, nil
	r.times = append(r.times[:0], make([]int, len(a.entries))...)
}

// forget lets go of the message.
func (r *reading) forget() {
	clear(r.found)
	r.own, r.fields, r.raw = classifiers.Own{}, nil, ""
}

// read finds what a text shows: the own words, or the subject, which has no
// spans.
func (r *reading) read(raw string, spans bool) {
	if raw == "" {
		return
	}
	fold.Fold(&r.text, raw, nil, textLimit)
	r.raw = raw
	r.words += len(r.text.Tokens)
	r.hits = r.a.phrases.Append(r.hits[:0], &r.text)
	questions := r.questions(raw)
	r.ages(questions, spans)
	for i, hit := range r.hits {
		if hit.ID < 0 {
			continue
		}
		entry, use := hit.ID/uses, hit.ID%uses
		of := &r.a.entries[entry]
		switch {
		case use == excepts:
		case use == harmless:
			if r.harmless == nil {
				r.harmless = map[int]bool{}
			}
			r.harmless[entry] = true
		case !of.Across && r.crosses(hit), of.Whole && hit.Last-hit.First+1 < r.words: // the subject is read last
		case r.excepted(i), r.denied(hit.First), r.answeredNo(hit.Last), asked(questions, hit):
		case of.kind == ask:
			r.add(entry, "", r.timed(hit), spans)
		case use == showsWriter:
			r.add(entry, writer, hit, spans)
		case of.Setting:
			r.add(entry, "", hit, spans)
		default:
			if who, ok := r.whose(of, hit.First, hit.Last); ok {
				r.add(entry, who, hit, spans)
			}
		}
	}
}

// mostOfOne bounds what is looked at of one entry: much of one must not hide
// another, such as that an answer is not safe.
const mostOfOne = 40

// another reports whether one more sign of an entry is looked at.
func (r *reading) another(entry int) bool {
	r.times[entry]++
	return r.times[entry] <= mostOfOne
}

func (r *reading) add(entry int, of string, hit phrase.Hit, spans bool) {
	if !r.another(entry) {
		return
	}
	each := found{entry: entry, of: of}
	if spans {
		each.span, each.told = r.own.Span(hit.Start, hit.End)
	}
	r.found = append(r.found, each)
}

// timed is what is asked for with the time that follows: "only after" 6 pm.
func (r *reading) timed(hit phrase.Hit) phrase.Hit {
	for i := hit.Last + 1; i < len(r.text.Tokens); i++ {
		switch string(r.text.Word(i)) {
		case "am", "pm", "oclock", "midday", "noon":
		default:
			if r.text.Tokens[i].Marks&fold.Digit == 0 {
				return hit
			}
		}
		if r.text.Tokens[i].Marks&fold.AfterEdge != 0 {
			return hit
		}
		hit.Last, hit.End = i, int(r.text.Tokens[i].End)
	}
	return hit
}

// crosses reports whether a sentence ends within a hit.
func (r *reading) crosses(hit phrase.Hit) bool {
	for i := hit.First + 1; i <= hit.Last; i++ {
		if r.text.Tokens[i].Marks&fold.AfterStop != 0 {
			return true
		}
	}
	return false
}

// widest is how far before a sign a phrase of exception may begin, in words.
const widest = 12

// excepted reports whether the words of a hit are part of a phrase in which
// they mean something else. Hits come in the order of their first word.
func (r *reading) excepted(at int) bool {
	hit := r.hits[at]
	wanted := hit.ID/uses*uses + excepts
	for i := at - 1; i >= 0 && r.hits[i].First > hit.First-widest; i-- {
		if r.hits[i].ID == wanted && r.hits[i].Last >= hit.First {
			return true
		}
	}
	for i := at + 1; i < len(r.hits) && r.hits[i].First <= hit.Last; i++ {
		if r.hits[i].ID == wanted {
			return true
		}
	}
	return false
}
