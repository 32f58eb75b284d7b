package store

import (
	"fmt"

	"zombiezen.com/go/sqlite"
)

// bind fills the parameters of a statement.
func bind(stmt *sqlite.Stmt, args []any) {
	for i, arg := range args {
		switch v := arg.(type) {
		case int64:
			stmt.BindInt64(i+1, v)
		case string:
			stmt.BindText(i+1, v)
		case []byte:
			stmt.BindBytes(i+1, v)
		case bool:
			stmt.BindBool(i+1, v)
		case nil:
			stmt.BindNull(i + 1)
		default:
			panic(fmt.Sprintf("bind parameter %d of type %T", i+1, arg))
		}
	}
}

// all calls row for each row of a query.
func all(conn *sqlite.Conn, query string, row func(*sqlite.Stmt), args ...any) error {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	bind(stmt, args)
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return err
		}
		row(stmt)
	}
}

// one calls row for the first row, and returns ErrUnknown when there is none.
func one(conn *sqlite.Conn, query string, row func(*sqlite.Stmt), args ...any) error {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	bind(stmt, args)
	found, err := stmt.Step()
	if err != nil {
		return err
	}
	if !found {
		return ErrUnknown
	}
	row(stmt)
	return stmt.Reset()
}

// run executes a statement that returns no rows.
func run(conn *sqlite.Conn, query string, args ...any) error {
	return all(conn, query, func(*sqlite.Stmt) {}, args...)
}

// text is a value that is NULL when empty.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}
