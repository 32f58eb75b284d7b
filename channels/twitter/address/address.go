// Package address is how a conversation on X is answered, as it is kept with
// the conversation.
package address

import (
	"encoding/json"
	"errors"

	"contactd/contact"
)

// The kinds of address.
const (
	Post = "post" // To is the post to answer, Writer its author
	DM   = "dm"   // To is the person, or Group the conversation of several
)

// Address says where an answer goes.
type Address struct {
	Kind   string `json:"k"`
	To     string `json:"to,omitempty"`
	Group  string `json:"group,omitempty"`
	Writer string `json:"by,omitempty"`
	// Root is the first post of the thread, empty when not known.
	Root string `json:"root,omitempty"`
	// Summoned says that the post named or quoted us; Under that it stands
	// under one of ours, where we may hide it.
	Summoned bool `json:"called,omitempty"`
	Under    bool `json:"under,omitempty"`
}

// The longest texts: of a post as X counts it, or with a long-post
// subscription, and of a direct message.
const (
	PostText = 280
	LongText = 25_000
	DMText   = 10_000
)

// NotSummoned is the reason why a post cannot be answered in public: since 23
// February 2026 X takes answers by the API only to who named or quoted the
// account, unless it has an Enterprise contract.
const NotSummoned = "not_summoned"

// Encode writes an address as contact.Answer keeps it.
func (a Address) Encode() string {
	raw, _ := json.Marshal(a) // texts and truth values alone
	return string(raw)
}

// Decode reads what Encode wrote.
func Decode(text string) (Address, error) {
	var a Address
	if json.Unmarshal([]byte(text), &a) != nil || a.Kind != Post && a.Kind != DM || a.To == "" && a.Group == "" {
		return a, errors.New("read address: it is none of this channel's")
	}
	return a, nil
}

// Rights are what an account may do.
type Rights struct {
	// Enterprise accounts may answer who did not call them.
	Enterprise bool
	// Long posts are allowed.
	Long bool
}

// Rules are the rules of an address; writer is who gets the answer.
func (a Address) Rules(may Rights, writer string) contact.ReplyRules {
	rules := contact.ReplyRules{Allowed: true, TextLimit: DMText}
	if writer != "" {
		rules.To = []string{writer}
	}
	if a.Kind == DM {
		return rules
	}
	if rules.TextLimit = PostText; may.Long {
		rules.TextLimit = LongText
	}
	if a.Writer != "" {
		rules.Ways = append(rules.Ways, contact.Privately)
	}
	if a.Under {
		rules.Ways = append(rules.Ways, contact.Hide, contact.Show)
	}
	if !a.Summoned && !may.Enterprise {
		rules.Allowed, rules.Reason = a.Writer != "", NotSummoned // in private
	}
	return rules
}
