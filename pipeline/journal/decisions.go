package journal

import (
	"context"
	"errors"

	"contactd/pipeline"
	"zombiezen.com/go/sqlite"
)

// Begun says by which channel and account a conversation was begun. It
// implements pipeline.Decisions.
func (j *Journal) Begun(ctx context.Context, conversation string) (channel, account string, known bool, err error) {
	err = j.reader.with(func(conn *sqlite.Conn) error {
		conn.SetInterrupt(ctx.Done())
		defer conn.SetInterrupt(nil)
		stmt, err := conn.Prepare("SELECT s.channel, s.account FROM conversations c JOIN sources s ON s.id = c.source WHERE c.key = ?")
		if err != nil {
			return err
		}
		stmt.BindText(1, conversation)
		if known, err = stmt.Step(); err != nil || !known {
			return err
		}
		channel, account = stmt.ColumnText(0), stmt.ColumnText(1)
		return stmt.Reset()
	})
	return channel, account, known, err
}

// Lookup returns the entry of an identity, without bytes when those are pruned,
// and nothing but its number when it is damaged. It implements pipeline.Decisions.
func (j *Journal) Lookup(ctx context.Context, channel, account, id string) (e pipeline.Entry, known bool, err error) {
	identity := identityOf(channel, account, id)
	err = j.reader.atOnce(func(conn *sqlite.Conn) error {
		conn.SetInterrupt(ctx.Done())
		defer conn.SetInterrupt(nil)
		stmt, err := conn.Prepare("SELECT seq FROM messages WHERE identity = ?")
		if err != nil {
			return err
		}
		stmt.BindBytes(1, identity[:])
		if known, err = stmt.Step(); err != nil || !known {
			return err
		}
		seq := stmt.ColumnInt64(0)
		if err := stmt.Reset(); err != nil {
			return err
		}
		if e, _, err = readEntry(conn, seq); errors.Is(err, errDamaged) {
			e, err = pipeline.Entry{Seq: seq}, nil
		}
		return err
	})
	return e, known, err
}

// Message returns the entry of a message by its contact.MessageID. It
// implements pipeline.Decisions.
func (j *Journal) Message(ctx context.Context, id string) (e pipeline.Entry, known bool, err error) {
	tools := j.Tools()
	defer func() { _ = tools.Close() }()
	seq, err := tools.Find(ctx, id)
	if err == nil {
		e, err = tools.Show(ctx, seq)
	}
	switch {
	case errors.Is(err, ErrNoMessage):
		return pipeline.Entry{}, false, nil
	case errors.Is(err, errDamaged):
		return pipeline.Entry{Seq: seq}, true, nil
	}
	return e, err == nil, err
}

var _ pipeline.Decisions = (*Journal)(nil)
