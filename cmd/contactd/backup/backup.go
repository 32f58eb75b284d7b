// Package backup copies the data folder of contactd while it runs: databases
// as they are at one moment, and what they refer to after them, so that nothing
// that a copied row refers to is missing.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Copied is what lies in a backup.
type Copied struct {
	Files int
	Bytes int64
}

// Plan says what is copied where.
type Plan struct {
	// From is the folder, To where its copy is to be: nothing is there yet.
	From, To string
	// First is the folder in it whose databases are copied before others: what
	// those say of what it does is then never behind it.
	First string
	// Leave are folders in it that are left out, and Passing the names of files and
	// folders that are, wherever they stand: they matter to a running process alone.
	Leave, Passing []string
	// Mark is a file of the copy that says that it is one.
	Mark string
}

// Take copies a folder. Databases are those named *.db. A file that is named by its digest never changes,
// and is linked where it can be. To is there when all of it is.
func Take(ctx context.Context, plan Plan) (Copied, error) {
	t := &taking{Plan: plan, to: filepath.Clean(plan.To) + ".part"}
	err := t.begin()
	if err == nil {
		if err = t.all(ctx); err == nil {
			err = os.Rename(t.to, t.To)
		}
		if err != nil {
			err = errors.Join(err, os.RemoveAll(t.to))
		}
	}
	if err != nil {
		err = fmt.Errorf("back up %s: %w", t.From, err)
	}
	return t.copied, err
}

type taking struct {
	Plan
	to     string // where it is until it is whole
	copied Copied
}

// begin makes the folder that nobody else has.
func (t *taking) begin() error {
	inside, err := within(t.To, t.From)
	switch {
	case err != nil:
		return err
	case inside:
		return fmt.Errorf("%s lies in the folder that is backed up: the next backup would hold this one; give one outside of it", t.To)
	}
	if _, err := os.Lstat(t.To); err == nil {
		return fmt.Errorf("%s: %w", t.To, fs.ErrExist)
	}
	err = os.Mkdir(t.to, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there: another backup runs, or one broke off; then remove it", t.to)
	}
	return err
}

func (t *taking) all(ctx context.Context) error {
	mark := filepath.Join(t.to, t.Mark)
	if err := os.MkdirAll(filepath.Dir(mark), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(mark, []byte("a backup of "+time.Now().UTC().Format(time.RFC3339)+"\n"), 0o600); err != nil {
		return err
	}
	err := t.walk(ctx, filepath.Join(t.From, t.First), true)
	for _, databases := range []bool{true, false} {
		if err == nil {
			err = t.walk(ctx, t.From, databases)
		}
	}
	return err
}

// walk copies the databases of a folder, or all the rest. It follows links: a
// part of the folder may lie on another disk.
func (t *taking) walk(ctx context.Context, dir string, databases bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone meanwhile
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // gone meanwhile
			continue
		case slices.Contains(t.Passing, entry.Name()):
			continue
		case err == nil && info.IsDir() && !t.left(path):
			err = t.walk(ctx, path, databases)
		case err == nil && info.Mode().IsRegular() && !besides(entry.Name()) && isDatabase(path) == databases:
			err = t.copy(ctx, path)
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	return err
}

// left reports whether a folder is not copied.
func (t *taking) left(path string) bool {
	for _, each := range t.Leave {
		if same(path, each) {
			return true
		}
	}
	return false
}

// within reports whether a path leads into a folder.
func within(path, dir string) (bool, error) {
	path, err := filepath.Abs(path)
	for err == nil && path != filepath.Dir(path) {
		if path = filepath.Dir(path); same(path, dir) {
			return true, nil
		}
	}
	return false, err
}

func same(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

func isDatabase(path string) bool { return filepath.Ext(path) == ".db" }

// isDigest reports whether a name is a SHA-256.
func isDigest(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

// besides reports whether a file is part of a database, which is copied as a
// whole.
func besides(name string) bool {
	return strings.HasSuffix(name, ".db-wal") || strings.HasSuffix(name, ".db-shm")
}

func (t *taking) copy(ctx context.Context, path string) error {
	inside, err := filepath.Rel(t.From, path)
	if err != nil {
		return err
	}
	to := filepath.Join(t.to, inside)
	if _, err := os.Lstat(to); err == nil {
		return nil // it was among the first
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if isDatabase(path) {
		err = snapshot(ctx, path, to)
	} else if !isDigest(filepath.Base(path)) || os.Link(path, to) != nil {
		err = copyFile(path, to)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone meanwhile
	}
	info, statErr := os.Stat(to)
	if err = errors.Join(err, statErr); err != nil {
		return err
	}
	t.copied.Files++
	t.copied.Bytes += info.Size()
	return nil
}

// pagesAtOnce is how many pages are copied between two looks at the context.
const pagesAtOnce = 4096

// snapshot copies a database as it is when it begins. One read transaction around
// all keeps what is written meanwhile from making it begin again.
func snapshot(ctx context.Context, path, to string) (err error) {
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Sync(), file.Close()) }()
	source, err := sqlite.OpenConn(path, sqlite.OpenReadWrite) // what a killed process left needs writing
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := sqlite.OpenConn(to, sqlite.OpenReadWrite)
	if err != nil {
		return fmt.Errorf("open %s: %w", to, err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	for _, query := range []string{"BEGIN", "SELECT count(*) FROM sqlite_schema"} {
		if err := sqlitex.ExecuteTransient(source, query, nil); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	backup, err := sqlite.NewBackup(target, "", source, "")
	if err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, backup.Close()) }()
	for more := true; more && err == nil; {
		if more, err = backup.Step(pagesAtOnce); err == nil {
			err = ctx.Err()
		}
	}
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", path, to, err)
	}
	return nil
}

func copyFile(path, to string) (err error) {
	source, err := os.Open(path)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Sync(), target.Close()) }()
	_, err = io.Copy(target, source)
	return err
}
