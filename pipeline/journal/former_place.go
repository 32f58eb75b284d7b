package journal

import (
	"context"
	"strconv"
	"strings"
	"time"

	"contactd/channels"
	"contactd/contact"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// A message that was published before the journal was put back from a backup is
// published again under its id, when the backup has it, or its platform gives it
// once more. It is placed where it was: else who passes over known ids would miss
// a place for ever. Until then its place is kept beside the cursors, under this
// name and the message's id, or rowName.
const (
	formerPlace    = "place/"
	formerPlaceEnd = "place0" // what sorts behind all of them
)

// rowName stands for the id of a message whose row is here.
func rowName(seq int64) string { return "row " + strconv.FormatInt(seq, 10) }

// keepPlace keeps the place of a message that is still to be placed.
func (t *tx) keepPlace(message, conversation string, sequence int64) error {
	t.formerPlaces = true
	return t.moveCursor(channels.Cursor{Name: formerPlace + message, Value: conversation + "/" + strconv.FormatInt(sequence, 10)})
}

// takePlace gives the conversation of a message that had a place in it before,
// with that place as its next; false when it had none.
func (t *tx) takePlace(s *source, seq int64) (c conversation, found bool, err error) {
	if !t.formerPlaces {
		return c, false, nil
	}
	id, err := textOf(t.conn, "SELECT id FROM messages WHERE seq = ?", seq)
	if err != nil {
		return c, false, err
	}
	message := contact.MessageID(s.channel, s.account, id)
	for _, name := range []string{rowName(seq), message, contact.EventID(contact.AbandonedV1, message, "")} {
		place, err := textOf(t.conn, "SELECT value FROM cursors WHERE name = ?", formerPlace+name)
		if err != nil {
			return c, false, err
		}
		if place != "" {
			return t.placeAgain(formerPlace+name, place)
		}
	}
	return c, false, nil
}

func (t *tx) placeAgain(name, place string) (c conversation, found bool, err error) {
	key, sequence, _ := strings.Cut(place, "/")
	if c.id, err = t.conversationID(key); err != nil || c.id == 0 {
		return c, false, err
	}
	if c.next, err = strconv.ParseInt(sequence, 10, 64); err != nil {
		return c, false, nil //nolint:nilerr // damaged: it gets another place
	}
	c.key = key
	err = sqlitex.Execute(t.conn, "DELETE FROM cursors WHERE name = ?", &sqlitex.ExecOptions{Args: []any{name}})
	return c, err == nil, err
}

// textOf returns the first column of the first row, "" when there is none.
func textOf(conn *sqlite.Conn, query string, arg any) (text string, err error) {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return "", err
	}
	switch arg := arg.(type) {
	case int64:
		stmt.BindInt64(1, arg)
	case string:
		stmt.BindText(1, arg)
	}
	found, err := stmt.Step()
	if err != nil || !found {
		return "", err
	}
	text = stmt.ColumnText(0)
	return text, stmt.Reset()
}

// loadFormerPlaces learns whether there are any.
func (t *tx) loadFormerPlaces() error {
	first, err := textOf(t.conn, "SELECT name FROM cursors WHERE name >= ? LIMIT 1", formerPlace)
	t.formerPlaces = strings.HasPrefix(first, formerPlace)
	return err
}

// forgetPlaces forgets the places of messages that did not come in the time in
// which platforms give them again.
func (j *Journal) forgetPlaces(ctx context.Context, before time.Time) error {
	if r := j.Restored(); r.At.IsZero() || r.At.After(before) {
		return nil
	}
	for {
		change := &forgettingPlaces{}
		if err := j.do(ctx, change, 0); err != nil || change.rows == 0 {
			return err
		}
	}
}

// forgettingPlaces forgets some of them.
type forgettingPlaces struct{ rows int }

func (f *forgettingPlaces) apply(t *tx) error {
	if f.rows = 0; !t.formerPlaces {
		return nil
	}
	err := execute(t.conn, `DELETE FROM cursors WHERE name IN (
		SELECT name FROM cursors WHERE name >= '`+formerPlace+`' AND name < '`+formerPlaceEnd+`' LIMIT ?)`, pruneRows)
	f.rows = t.conn.Changes()
	t.formerPlaces = f.rows > 0
	return err
}

func (*forgettingPlaces) committed(*Journal) {}
