package contact

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
