package linear

import "contactd/contact"

// judging is the scratch of one judgement.
type judging struct {
	reader *reader
	hints  hints
	piece  [headCount]float32
	sums   [headCount]float32
	framed bool // whether the message speaks to a machine
	// heard are the sums that the plan grades by, of every text that was read:
	// the whole message first.
	heard []ranks
	// about is what the whole message is about, if it is long: it is read in
	// windows afterwards.
	about named
}

// judge adds up what a message says to each head, for a long text the most
// that any window of it says; what speaks for calm must be true of the whole.
func (j *judging) judge(m *Model, message contact.Message, before []contact.Opinion) {
	j.hints.gather(message, before)
	j.heard = j.heard[:0]
	j.view(m, text(message))
	if message.Authored != "" && message.Authored != message.Text {
		j.view(m, message.Authored)
	}
	rest, framed := unframed(message.Text, before)
	if j.framed = framed; framed {
		j.view(m, rest)
	}
	noticed(message.Text, before, func(sentence string) { j.hear(m, sentence) })
}

// text is what a message says, with its heading.
func text(message contact.Message) string {
	switch {
	case message.Subject == "":
		return message.Text
	case message.Text == "":
		return message.Subject
	}
	return message.Subject + "\n\n" + message.Text
}

// view judges one view of the message, on top of those before.
func (j *judging) view(m *Model, text string) {
	windows(text, func(piece string) {
		j.hear(m, piece)
		if len(j.heard) == 1 && isLong(piece) {
			j.about = m.topics.name(j.reader)
		}
	})
}

// hear judges a piece of the message, on top of those before.
func (j *judging) hear(m *Model, piece string) {
	j.reader.read(piece)
	m.sums(j.reader, &j.hints, &j.piece)
	if j.heard = append(j.heard, ranksOf(&j.piece)); len(j.heard) == 1 {
		j.sums = j.piece
		return
	}
	for k := range nonPolice {
		j.sums[k] = max(j.sums[k], j.piece[k])
	}
}
