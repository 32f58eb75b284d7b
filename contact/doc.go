// Package contact holds the words that every part of contactd uses: what a
// member of the public sent (Message), how urgent it was judged (Grade,
// Opinion, Assessment) and what the world is told about it (Event).
//
// It is pure data with the rules that belong to the data: how identities are
// derived, how grades are ordered. It does no input or output, imports the
// standard library only, and knows no channel, no classifier, no broker.
package contact
