package contact

import "time"

// Opinion is what one classifier thinks of one message.
type Opinion struct {
	// By names the classifier and its version, such as "rules@2026.11".
	By string `json:"by"`
	// Grade is the classifier's grade; Unknown when Failed is set.
	Grade Grade `json:"grade"`
	// Categories are the kinds of risk or need seen, most serious first,
	// such as "domestic_abuse".
	Categories []string `json:"categories,omitempty"`
	// Reasons explain the grade; at least one unless Failed is set.
	Reasons []Reason `json:"reasons,omitempty"`
	// Failed says why there is no judgement: "error", "timeout", "panic" or
	// "empty". Empty when the classifier answered.
	Failed string `json:"failed,omitempty"`
	// Language is the BCP 47 tag of the language the classifier saw, or empty.
	Language string `json:"language,omitempty"`
	// Micros is how long the judgement took, in microseconds.
	Micros int64 `json:"micros"`
	// Signs are what the classifier noticed that means nothing by itself, for
	// classifiers that judge after it and have learned what it is worth.
	Signs []string `json:"-"`
	// NotPolice is how likely the message is to be for somebody else to deal
	// with, from 0 to 1, by a classifier that can tell; 0 by others.
	NotPolice float64 `json:"-"`
	// Topic is what the message is about that is for somebody else to deal
	// with, by a classifier that can tell and believes it; or empty.
	Topic string `json:"-"`
}

// Reason is one cause of a grade.
type Reason struct {
	// Rule identifies what fired, unique within the classifier.
	Rule string `json:"rule"`
	// Grade is the floor that this reason alone sets.
	Grade Grade `json:"grade"`
	// Category is the kind of risk this reason points to, or empty.
	Category string `json:"category,omitempty"`
	// Text says it to a handler, in words that hold nothing of the message.
	Text string `json:"text,omitempty"`
	// Spans are the places in the message's text that caused it.
	Spans []Span `json:"spans,omitempty"`
}

// Span is a piece of a message's text. Start and End count Unicode code
// points, End exclusive, so that readers in any language cut the same piece.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
	// Quote is the piece itself. It is contact's text: never log it.
	Quote string `json:"quote,omitempty"`
}

// Assessment is the grade of a message, with who judged and why. The grade is
// the highest of the opinions: a machine may only raise it.
type Assessment struct {
	Grade      Grade     `json:"grade"`
	Categories []string  `json:"categories"`
	Reasons    []Reason  `json:"reasons"`
	JudgedBy   []string  `json:"judgedBy"`
	Opinions   []Opinion `json:"opinions,omitempty"`
	// Shadow is what a candidate thinks that is being tried beside the
	// classifiers: it counts for nothing.
	Shadow *Opinion `json:"shadow,omitempty"`
	// At is when the message was judged.
	At time.Time `json:"at"`
	Notes
}
