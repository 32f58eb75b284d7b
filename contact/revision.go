package contact

// Revision makes a message the news that another one was changed: its new text
// and attachments, if it has any, are those of the message itself. Platforms
// deliver in any order, so a revision may come before what it revises. Of two,
// the one that was sent later counts; a withdrawal stands whatever comes after.
type Revision struct {
	// Of is the contact that was changed: MessageID of its channel, account
	// and platform id.
	Of string `json:"contactId"`
	// Action is what was done to it.
	Action Revising `json:"action"`
	// By is "sender", or "force" for what was done in the force's name; empty
	// when the platform does not say.
	By string `json:"by,omitempty"`
	// Value is the reaction, such as an emoji.
	Value string `json:"value,omitempty"`
}

// Revising is a way of changing a message. Treat a word that you do not know
// as a change that a person should look at.
type Revising string

// The ways of changing a message.
const (
	Edited    Revising = "edited"    // the text is now this one
	Withdrawn Revising = "withdrawn" // deleted or unsent; what was said stays on record
	Hidden    Revising = "hidden"    // the public no longer sees it
	Shown     Revising = "shown"     // the public sees it again
	Reacted   Revising = "reacted"   // somebody set a reaction
	Unreacted Revising = "unreacted" // and took it back
	Attached  Revising = "attached"  // a file that came with it has been fetched
	Mentioned Revising = "mentioned" // it names the force; the platform told no more
	Otherwise Revising = "other"     // a change that has no word here
)
