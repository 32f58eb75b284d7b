package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
)

// Tokens makes and verifies what our mails are known by: thread tokens, a
// conversation key with a keyed digest, short and safe enough for the local
// part of an address, in any case; and Message-IDs, which name the reply too.
// Whoever answers a mail of ours carries them back; nobody can make one for
// another conversation or reply. Safe for concurrent use.
type Tokens struct{ keys [][]byte }

const (
	minKeyBytes     = 16
	conversationLen = 26 // of contact.ConversationID after "c-"
	digestBytes     = 10 // 80 bits: an online guess never succeeds
	digestLen       = digestBytes * 8 / 5
	tokenLen        = conversationLen + digestLen
	replyLen        = 26 // of contact.ReplyID after "r-"
	messageIDLen    = conversationLen + 1 + replyLen + 1 + digestLen
)

// NewTokens returns Tokens that sign with the first key and verify with all.
func NewTokens(keys ...[]byte) Tokens { return Tokens{keys} }

// Sign returns the token of a conversation, a contact.ConversationID.
func (t Tokens) Sign(conversation string) (string, error) {
	if len(t.keys) == 0 {
		return "", errors.New("sign thread token: no key")
	}
	key, ok := strings.CutPrefix(conversation, "c-")
	if !ok || len(key) != conversationLen || !isBase32(key) {
		return "", errors.New("sign thread token: not a conversation key")
	}
	return key + digest(t.keys[0], key), nil
}

// Verify returns the conversation that a token names, and whether one of the
// keys signed it.
func (t Tokens) Verify(token string) (conversation string, ok bool) {
	if len(token) != tokenLen || len(t.keys) == 0 {
		return "", false
	}
	token = strings.ToLower(token)
	key := token[:conversationLen]
	if !isBase32(token) {
		return "", false
	}
	for _, each := range t.keys {
		if hmac.Equal([]byte(digest(each, key)), []byte(token[conversationLen:])) {
			return "c-" + key, true
		}
	}
	return "", false
}

// Address puts the token of a conversation into an address of ours:
// contact@force becomes contact+TOKEN@force.
func (t Tokens) Address(address, conversation string) (string, error) {
	local, domain, ok := cutAddress(address)
	if !ok {
		return "", errors.New("sign address: not an address")
	}
	token, err := t.Sign(conversation)
	if err != nil {
		return "", err
	}
	local, _, _ = strings.Cut(local, "+")
	return local + "+" + token + "@" + domain, nil
}

// MessageID returns a Message-ID, without brackets, for a reply of ours. Who
// sees it back, in an answer, a bounce or a copy, knows the reply and its
// conversation.
func (t Tokens) MessageID(conversation, reply, domain string) (string, error) {
	token, err := t.Sign(conversation)
	if err != nil {
		return "", err
	}
	id, ok := strings.CutPrefix(reply, "r-")
	if !ok || len(id) != replyLen || !isBase32(id) {
		return "", errors.New("sign message id: not the id of a reply")
	}
	key := token[:conversationLen]
	return key + "." + id + "." + replyDigest(t.keys[0], key, id) + "@" + domain, nil
}

// Reply returns what a Message-ID of ours names, and whether one of the keys
// signed it.
func (t Tokens) Reply(id string) (conversation, reply string, ok bool) {
	local, _, _ := strings.Cut(id, "@")
	if len(local) != messageIDLen || local[conversationLen] != '.' || local[conversationLen+1+replyLen] != '.' {
		return "", "", false
	}
	local = strings.ToLower(local)
	key, reply, signed := local[:conversationLen], local[conversationLen+1:][:replyLen], local[messageIDLen-digestLen:]
	for _, each := range t.keys {
		if hmac.Equal([]byte(replyDigest(each, key, reply)), []byte(signed)) {
			return "c-" + key, "r-" + reply, true
		}
	}
	return "", "", false
}

// fromAddress returns the conversation that a plus-address names.
func (t Tokens) fromAddress(address string) (conversation string, ok bool) {
	local, _, ok := cutAddress(address)
	if !ok {
		return "", false
	}
	_, token, ok := strings.Cut(local, "+")
	if !ok {
		return "", false
	}
	return t.Verify(token)
}

// fromID returns the conversation that a Message-ID of ours names.
func (t Tokens) fromID(id string) (conversation string, ok bool) {
	conversation, _, ok = t.Reply(id)
	return conversation, ok
}

func digest(key []byte, conversation string) string {
	return keyed(key, "contactd thread 1\x00"+conversation)
}

// replyDigest is another than that of the conversation alone, so that who has
// the one cannot make the other.
func replyDigest(key []byte, conversation, reply string) string {
	return keyed(key, "contactd reply 1\x00"+conversation+"\x00"+reply)
}

func keyed(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return strings.ToLower(base32.HexEncoding.EncodeToString(mac.Sum(nil)[:digestBytes]))
}

func isBase32(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isDigit(c) && (c < 'a' || c > 'v') {
			return false
		}
	}
	return true
}

// cutAddress splits at the last @.
func cutAddress(address string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 {
		return "", "", false
	}
	return address[:at], address[at+1:], true
}
