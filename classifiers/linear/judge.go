package linear

import "contactd/contact"

// judging is the scratch of one judgement.
type judging struct {
	reader *reader
	hints  hints
	piece  [headCount]float32
	sums   [headCount]float32
}

// judge adds up what a message says to each head, for a long text the most
// that any window of it says; what speaks for calm must be true of the whole.
func (j *judging) judge(m *Model, message contact.Message, before []contact.Opinion) {
	j.hints.gather(message, before)
	j.view(m, text(message), true)
	if message.Authored != "" && message.Authored != message.Text {
		j.view(m, message.Authored, false)
	}
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
func (j *judging) view(m *Model, text string, first bool) {
	windows(text, func(piece string) {
		j.reader.read(piece)
		m.sums(j.reader, &j.hints, &j.piece)
		if first {
			j.sums, first = j.piece, false
			return
		}
		for k := range nonPolice {
			j.sums[k] = max(j.sums[k], j.piece[k])
		}
	})
}
