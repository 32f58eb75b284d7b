package contact

import "time"

// Assessed is the data of contact.assessed.v1: a later assessment of a message
// that was published before, by a machine or a person. The last of a message
// counts: after a person, a machine tells only what is higher than the
// person's grade and than all that machines had said.
type Assessed struct {
	SchemaVersion  string `json:"schemaVersion"`
	ContactID      string `json:"contactId"`
	ConversationID string `json:"conversationId"`
	// Classification is the whole assessment, the earlier reasons and the notes
	// on the message included; of a person, what that person says.
	Classification Classification `json:"classification"`
	// Locations are those of the message's own event.
	Locations []Location `json:"locations,omitempty"`
	// Previous is the grade before.
	Previous Grade `json:"previous"`
	// ChangeReason says why it changed, in words that hold nothing of the
	// message; required of a person who lowers a grade.
	ChangeReason string `json:"changeReason,omitempty"`
	// Author is the handler's name at the desk, for the audit; empty for a
	// machine.
	Author string `json:"author,omitempty"`
}

// Human is who judged when a person did: Opinion.By of what handlers decide.
const Human = "human"

// ByPerson reports whether a person made this assessment.
func (a Assessed) ByPerson() bool {
	if n := len(a.Classification.Opinions); n > 0 {
		return a.Classification.Opinions[n-1].By == Human
	}
	n := len(a.Classification.JudgedBy)
	return n > 0 && a.Classification.JudgedBy[n-1] == Human
}

// Graded is the data of contact.graded.v1, a command on contact.replies: a
// handler has graded a conversation, having read it up to a message. What comes
// of it is contact.assessed.v1, caused by the command; when it cannot be, the
// command is rejected.
type Graded struct {
	SchemaVersion  string `json:"schemaVersion"`
	ConversationID string `json:"conversationId"`
	// ContactID is the latest message that was read.
	ContactID string `json:"contactId"`
	Grade     Grade  `json:"grade"`
	// Previous is the grade of that message as the handler saw it. When another
	// was told since, the handler must look again: the command is rejected.
	Previous Grade `json:"previous"`
	// Categories are the kinds of risk or need from now on, most serious
	// first: what stood before unless the handler changed it.
	Categories []string `json:"categories,omitempty"`
	// Reason is required when Grade is below Previous; it holds nothing of the
	// message.
	Reason string `json:"reason,omitempty"`
	// Author is the handler's name at the desk, for the audit.
	Author string    `json:"author,omitempty"`
	At     time.Time `json:"at"`
}

// Suggested is the data of contact.suggested.v1: a classifier that judged
// later would have graded the message lower. The grade stands; only a person
// lowers it.
type Suggested struct {
	SchemaVersion  string `json:"schemaVersion"`
	ContactID      string `json:"contactId"`
	ConversationID string `json:"conversationId"`
	// Standing is the message's grade, which stays.
	Standing Grade `json:"standing"`
	// Opinion is what the classifier thought, its grade the suggestion.
	Opinion Opinion `json:"opinion"`
	// At is when it was judged.
	At time.Time `json:"at"`
}
