package accounts

import (
	"errors"
	"slices"

	"contactd/contact"
)

// The modes of a channel. With AnswerOnly what people write is taken and
// handlers answer, but contactd writes nothing of its own accord and hides
// nothing. With Off nothing is taken or sent, and what was taken before can
// still be read.
const (
	On         = "on"
	AnswerOnly = "answer_only"
	Off        = "off"
)

// CheckMode says what is wrong with a mode.
func CheckMode(mode string) error {
	if slices.Contains([]string{On, AnswerOnly, Off}, mode) {
		return nil
	}
	return errors.New("mode: want on, answer_only or off")
}

// MaySend says what in the mode forbids a reply.
func MaySend(mode string, reply contact.Reply) error {
	switch {
	case mode == Off:
		return errors.New("the channel is switched off")
	case mode == AnswerOnly && reply.Automatic:
		return errors.New("the channel only answers: it sends no automatic text")
	case mode == AnswerOnly && reply.Way.Silent():
		return errors.New("the channel only answers: it hides nothing")
	default:
		return nil
	}
}
