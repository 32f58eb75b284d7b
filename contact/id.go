package contact

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// MessageID derives the identity of a message from where it came in and the
// provider's id, so that redelivery and restart give the same one.
func MessageID(channel, account, providerID string) string {
	return derive("m-", channel, account, providerID)
}

// ConversationID derives the key of a conversation from its first message, or
// from the platform's own thread id.
func ConversationID(channel, account, thread string) string {
	return derive("c-", channel, account, thread)
}

// EventID derives the identity of an event from its type, the message it is
// about and what tells several such events apart (empty for the only one).
func EventID(eventType, messageID, which string) string {
	return derive("e-", eventType, messageID, which)
}

// derive hashes the parts, separated so that no two lists collide, to 130 bits
// in lower-case base32: short enough to read out, and safe in URLs and keys.
func derive(prefix string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return prefix + strings.ToLower(base32.HexEncoding.EncodeToString(sum[:])[:26])
}
