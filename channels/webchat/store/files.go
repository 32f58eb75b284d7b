package store

import (
	"context"
	"errors"
	"time"

	"zombiezen.com/go/sqlite"
)

// File is something that was uploaded to, or comes with a reply in, a session.
type File struct {
	// ID is its secret name on the wire.
	ID string
	// SHA256, Size, MediaType (sniffed), Claimed (stated) and Name describe it.
	SHA256, Name, MediaType, Claimed string
	Size                             int64
	// Scan is "clean", "infected", "failed", or empty without a scanner.
	Scan string
	// At is when the person uploaded it, zero when it comes with a reply.
	At time.Time
}

func insertFile(conn *sqlite.Conn, session int64, f File) error {
	return run(conn, "INSERT INTO files (file, session, sha256, name, size, media, claimed, scan, uploaded) VALUES (?,?,?,?,?,?,?,?,?)",
		f.ID, session, f.SHA256, f.Name, f.Size, f.MediaType, f.Claimed, f.Scan, micros(f.At))
}

// ErrFull says that a session has as many files as it may have.
var ErrFull = errors.New("too many files in this session")

// AddFile keeps an upload, unless the session has limit uploads already.
func (s *Store) AddFile(ctx context.Context, session int64, limit int, f File) error {
	return s.do(ctx, func(conn *sqlite.Conn) error {
		files, err := countFiles(conn, session)
		if err == nil && files >= limit {
			err = ErrFull
		}
		if err != nil {
			return err
		}
		return insertFile(conn, session, f)
	})
}

// File finds a file of a session.
func (s *Store) File(ctx context.Context, session int64, id string) (f File, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT file, sha256, name, size, media, claimed, scan, uploaded FROM files WHERE file = ? AND session = ?",
			func(stmt *sqlite.Stmt) {
				f = File{
					ID: stmt.ColumnText(0), SHA256: stmt.ColumnText(1), Name: stmt.ColumnText(2), Size: stmt.ColumnInt64(3),
					MediaType: stmt.ColumnText(4), Claimed: stmt.ColumnText(5), Scan: stmt.ColumnText(6), At: instant(stmt.ColumnInt64(7)),
				}
			}, id, session)
	})
	return f, err
}

// Files counts what was uploaded to a session.
func (s *Store) Files(ctx context.Context, session int64) (files int, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		files, err = countFiles(conn, session)
		return err
	})
	return files, err
}

func countFiles(conn *sqlite.Conn, session int64) (files int, err error) {
	err = one(conn, "SELECT count(*) FROM files WHERE session = ? AND uploaded > 0", func(stmt *sqlite.Stmt) { files = stmt.ColumnInt(0) }, session)
	return files, err
}
