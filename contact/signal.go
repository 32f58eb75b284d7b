package contact

import "time"

// Signals are events on contact.signals that matter for seconds only: they are
// neither kept nor counted nor repeated, and may be lost.

// Presence is the data of desk.presence.v1: who is at the desk now. The desk
// says it at every change and every 20 seconds; after Until it counts as gone.
type Presence struct {
	SchemaVersion string `json:"schemaVersion"`
	// Handlers is how many are signed in and take chats; 0 closes the desk.
	Handlers int `json:"handlers"`
	// WaitSeconds is how long a new conversation waits for its first answer
	// as things are, 0 when unknown.
	WaitSeconds int       `json:"waitSeconds,omitempty"`
	At          time.Time `json:"at"`
	Until       time.Time `json:"until"`
}

// Typing is the data of contact.typing.v1: somebody is writing. It holds for
// ten seconds.
type Typing struct {
	SchemaVersion  string    `json:"schemaVersion"`
	ConversationID string    `json:"conversationId"`
	By             string    `json:"by"` // sender or handler
	At             time.Time `json:"at"`
}
