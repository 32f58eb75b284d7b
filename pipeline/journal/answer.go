package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"contactd/contact"
	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

// answer is how a conversation is answered, as its latest message said.
type answer struct {
	source  int64
	until   int64 // when the platform stops taking answers, 0 for never
	rules   []byte
	address string
	// careful is ReplyRules.PeopleOnly of the rules.
	careful bool
}

// newAnswer encodes what a message says about answers, in the caller's
// goroutine. Its rules are empty when it says nothing.
func newAnswer(p *pipeline.Placement) answer {
	a := answer{until: toMicros(p.AnswerUntil), address: p.Answer.Address, careful: p.Answer.Rules.PeopleOnly}
	if a.address == "" && p.Answer.Rules.Reason == "" && !a.careful {
		return a
	}
	a.rules, _ = json.Marshal(p.Answer.Rules) // texts and numbers alone
	return a
}

// keepAnswer notes how a conversation is answered from now on. A message
// without an address only says why there is none, where nobody said otherwise.
// What was said once about safety holds for good.
func (t *tx) keepAnswer(conversation, source int64, begun bool, a answer) error {
	if len(a.rules) == 0 {
		return nil
	}
	if begun {
		var err error
		if a, source, err = t.carefully(conversation, source, a); err != nil {
			return err
		}
	}
	query := "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)"
	if a.address == "" {
		query = "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?)"
	}
	stmt, err := t.conn.Prepare(query)
	if err != nil {
		return err
	}
	a.source = source
	stmt.BindInt64(1, conversation)
	stmt.BindInt64(2, a.source)
	stmt.BindInt64(3, a.until)
	stmt.BindBytes(4, a.rules)
	stmt.BindText(5, a.address)
	stmt.BindInt64(6, a.mark(conversation))
	_, err = stmt.Step()
	return err
}

// carefully makes an answer as careful as the one before in the conversation,
// or the one before as careful as an answer that has no address.
func (t *tx) carefully(conversation, source int64, a answer) (answer, int64, error) {
	old, rules, found, err := t.answerOf(conversation)
	switch {
	case errors.Is(err, errDamaged) || err == nil && !found:
		return a, source, nil // it is replaced
	case err != nil || a.careful == rules.PeopleOnly:
		return a, source, err
	case rules.PeopleOnly:
		rules = contact.ReplyRules{}
		if err := json.Unmarshal(a.rules, &rules); err != nil {
			return a, source, fmt.Errorf("read how conversation %d is answered: %w", conversation, err)
		}
	case a.address == "":
		a, source = old, old.source
	default:
		return a, source, nil
	}
	rules.PeopleOnly = true
	a.rules, err = json.Marshal(rules)
	return a, source, err
}

// mark is a checksum: a damaged address must not lead to somebody else.
func (a answer) mark(conversation int64) int64 {
	b := make([]byte, 0, 64+len(a.rules)+len(a.address))
	for _, n := range [...]int64{conversation, a.source, a.until, int64(len(a.rules))} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return short(sha256.Sum256(append(append(b, a.rules...), a.address...)))
}

// answerOf returns how a conversation is answered; false when no message said.
func (t *tx) answerOf(conversation int64) (answer, contact.ReplyRules, bool, error) {
	var a answer
	var rules contact.ReplyRules
	stmt, err := t.conn.Prepare("SELECT source, until, rules, address, mark FROM answers WHERE conversation = ?")
	if err != nil {
		return a, rules, false, err
	}
	stmt.BindInt64(1, conversation)
	found, err := stmt.Step()
	if err != nil || !found {
		return a, rules, false, err
	}
	a = scanAnswer(stmt)
	sound := stmt.ColumnInt64(4) == a.mark(conversation)
	if err := stmt.Reset(); err != nil {
		return a, rules, false, err
	}
	if !sound || json.Unmarshal(a.rules, &rules) != nil {
		return a, rules, false, refusal{fmt.Errorf("read how conversation %d is answered: %w", conversation, errDamaged)}
	}
	return a, rules, true, nil
}

// scanAnswer reads source, until, rules and address.
func scanAnswer(stmt *sqlite.Stmt) answer {
	a := answer{source: stmt.ColumnInt64(0), until: stmt.ColumnInt64(1), address: stmt.ColumnText(3)}
	a.rules = make([]byte, stmt.ColumnLen(2))
	stmt.ColumnBytes(2, a.rules)
	return a
}

// over reports whether the platform has stopped taking answers.
func (a answer) over(now time.Time) bool { return a.until != 0 && now.UnixMicro() > a.until }
