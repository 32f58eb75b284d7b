package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"contactd/classifiers"
	"contactd/classifiers/disguise"
	"contactd/classifiers/fold"
	"contactd/contact"
)

// judgement is the scratch of one reading.
type judgement struct {
	matcher *matcher
	folded  fold.Text
	joined  fold.Text
	plain   fold.Text
	// disguise reads what is in disguise anew.
	disguise *disguise.Reader
	cut      bool
}

// maxScratch is the size from which scratch is not used again, in bytes of
// folded text.
const maxScratch = 1 << 20

// read judges the subject, the whole text and its new part, and returns the
// highest grade with a reason for every rule that fired by now.
func (e *edition) read(message contact.Message, now time.Time) contact.Opinion {
	j := e.scratch.Get().(*judgement)
	j.matcher.reset()
	j.cut = false
	e.judge(j, message)
	opinion := e.opinion(j, message, now)
	if cap(j.folded.Letters) <= maxScratch {
		e.scratch.Put(j)
	}
	return opinion
}

// ownForm is the type of forms of our own pages. Their new part is every answer
// and no question: "Is anyone in danger?" with the answer "No" is no emergency.
// A form that came by mail is judged like any mail, for what its parser has
// missed.
const ownForm = "application/vnd.contactd.form+json"

// judge lets all rules loose on the parts of the message. The language is
// that of the new part: a quoted answer of ours must not pass for the
// sender's. Of a form only the answers are judged.
func (e *edition) judge(j *judgement, message contact.Message) {
	text, authored := message.Text, message.Authored
	e.match(j, message.Subject, inSubject, whole(message.Subject))
	if message.Original.MediaType == ownForm && authored != "" {
		e.match(j, authored, inAuthored, whole(authored))
		return
	}
	if authored == "" || authored == text {
		e.match(j, text, inText, whole(text))
		return
	}
	at := strings.Index(text, authored)
	switch {
	case at < 0, len(text) > e.limit: // or the new part may lie behind what is read
		e.match(j, text, inText, part{})
		e.match(j, authored, inAuthored, whole(authored))
	case ownLines(text, at, at+len(authored)):
		e.match(j, text, inText, part{int32(at), int32(at + len(authored))})
	default: // its hits are known, but its words may be others when it stands alone
		e.match(j, text, inText, part{})
		e.measure(j, authored)
	}
}

func whole(text string) part { return part{0, int32(len(text))} }

// ownLines reports whether the piece of text is lines of its own, so that its
// words are the same within the text as alone.
func ownLines(text string, from, to int) bool {
	return (from == 0 || text[from-1] == '\n') && (to == len(text) || text[to] == '\n' || text[to] == '\r')
}

// match folds a text and matches it, once more with what was cut into pieces
// put together, and once more with what is in disguise in plain words.
func (e *edition) match(j *judgement, text string, where place, measured part) {
	if text == "" {
		return
	}
	fold.Fold(&j.folded, text, e.book.emoji, e.limit)
	j.cut = j.cut || j.folded.Cut
	j.matcher.match(j.folded.Letters, j.folded.Tokens, where, measured)
	if j.matcher.reader.join(&j.joined, &j.folded) {
		j.matcher.match(j.joined.Letters, j.joined.Tokens, where, part{})
	}
	if j.disguise.Read(&j.plain, &j.folded, text) {
		j.matcher.match(j.plain.Letters, j.plain.Tokens, where, part{})
	}
}

// measure looks at the language of a text only.
func (e *edition) measure(j *judgement, text string) {
	fold.Fold(&j.folded, text, e.book.emoji, e.limit)
	j.matcher.stretches.begin()
	for i := range j.folded.Tokens {
		t := &j.folded.Tokens[i]
		j.matcher.stretches.add(t, j.matcher.reader.read(j.folded.Letters, t))
	}
}

// opinion turns the hits into reasons, most serious first.
func (e *edition) opinion(j *judgement, message contact.Message, now time.Time) contact.Opinion {
	opinion := contact.Opinion{Grade: contact.Resolution}
	own := classifiers.NewOwn(message)
	hits := j.matcher.hits
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.place, b.place), cmp.Compare(a.start, b.start))
	})
	opinion.Reasons = make([]contact.Reason, 0, max(1, rulesOf(hits)))
	for len(hits) > 0 {
		n := 1
		for n < len(hits) && hits[n].rule == hits[0].rule {
			n++
		}
		rule := &e.book.rules[hits[0].rule]
		if rule.sign != "" && !slices.Contains(opinion.Signs, rule.sign) {
			opinion.Signs = append(opinion.Signs, rule.sign)
		}
		if !rule.hidden && !rule.expired(now) && (rule.condition < 0 || j.matcher.hitsOf[rule.condition] > 0) {
			opinion.Reasons = append(opinion.Reasons, rule.reason(hits[:n], message, &own))
		}
		hits = hits[n:]
	}
	opinion.Reasons = append(opinion.Reasons, e.unjudged(j)...)
	return opinion
}

// rulesOf counts the rules in sorted hits.
func rulesOf(hits []hit) int {
	n := 0
	for i := range hits {
		if i == 0 || hits[i].rule != hits[i-1].rule {
			n++
		}
	}
	return n
}

// unjudged are the reasons why a person must read the message whatever the
// rules found.
func (e *edition) unjudged(j *judgement) (reasons []contact.Reason) {
	switch s := &j.matcher.stretches; {
	case s.foreign() && s.isWelsh():
		reasons = append(reasons, contact.Reason{Rule: "language", Grade: contact.Unknown, Text: "in Welsh, or partly"})
	case s.foreign():
		reasons = append(reasons, contact.Reason{Rule: "language", Grade: contact.Unknown, Text: "not, or not all, in English"})
	case s.readsWelsh():
		reasons = append(reasons, contact.Reason{Rule: "language.welsh", Grade: contact.Resolution, Text: "in Welsh"})
	}
	if j.cut {
		reasons = append(reasons, contact.Reason{Rule: "length", Grade: contact.Unknown, Text: "too long to be judged to its end"})
	}
	return reasons
}

// reason explains the hits of one rule. Spans refer to the text; a hit in the
// subject is told in words.
func (r *compiled) reason(hits []hit, message contact.Message, own *classifiers.Own) contact.Reason {
	reason := contact.Reason{Rule: r.id, Grade: r.grade, Category: r.category, Text: r.text}
	for _, h := range hits {
		switch h.place {
		case inSubject:
			reason.Text = r.inSubject
		case inText:
			if reason.Spans == nil {
				reason.Spans = make([]contact.Span, 0, len(hits))
			}
			reason.Spans = addSpan(reason.Spans, contact.Span{Start: int(h.start), End: int(h.end)}, message.Text[h.byteStart:h.byteEnd], message.Text)
		case inAuthored:
			quote := message.Authored[h.byteStart:h.byteEnd]
			if span, ok := own.Span(int(h.start), int(h.end)); ok {
				reason.Spans = addSpan(reason.Spans, span, quote, message.Text)
			} else if at := strings.Index(message.Text, quote); at >= 0 {
				start := utf8.RuneCountInString(message.Text[:at])
				reason.Spans = addSpan(reason.Spans, contact.Span{Start: start, End: start + int(h.end-h.start)}, quote, message.Text)
			}
		}
	}
	return reason
}
