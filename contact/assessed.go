package contact

import "time"

// Assessed is the data of contact.assessed.v1: a later and different
// assessment of a message that was published before.
type Assessed struct {
	SchemaVersion  string `json:"schemaVersion"`
	ContactID      string `json:"contactId"`
	ConversationID string `json:"conversationId"`
	// Classification is the whole assessment, the earlier reasons included.
	Classification Classification `json:"classification"`
	// Previous is the grade before.
	Previous Grade `json:"previous"`
	// ChangeReason says why it changed, in words that hold nothing of the
	// message; required of a person who lowers a grade.
	ChangeReason string `json:"changeReason,omitempty"`
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
