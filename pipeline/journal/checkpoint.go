package journal

import (
	"os"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// The log is written back into the database by another connection, beside the
// commits. When it has grown long, the writer itself starts it from the
// beginning, right after it was written back, so that little is left to do. Its
// file keeps its length while much is going on: to give 64 MiB back to the disk
// would hold every message up for some 30 ms.
const (
	checkpointEach = 200 * time.Millisecond
	checkpointFrom = 4 << 20  // bytes of file worth writing back
	restartFrom    = 64 << 20 // bytes of log after which it starts anew
	calmCommits    = 8        // so many commits in between can wait a moment
)

// checkpoint is the goroutine that writes the log back.
func (j *Journal) checkpoint(stop <-chan struct{}) {
	var conn *sqlite.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	tick := time.NewTicker(checkpointEach)
	defer tick.Stop()
	for before := int64(0); ; {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		commits := j.commits.Load()
		calm := commits-before <= calmCommits
		before = commits
		if j.logSize() < checkpointFrom {
			continue
		}
		if conn == nil {
			opened, err := openCheckpointer(j.config.Dir)
			if err != nil {
				continue // the writer meets and reports the same error
			}
			conn = opened
		}
		left, err := writeBack(conn)
		if err != nil {
			_ = conn.Close()
			conn = nil
			continue
		}
		switch {
		case calm:
			j.later(&restarting{restartShort})
		case left > restartFrom:
			j.later(&restarting{restartKept})
		}
	}
}

// writeBack copies the log into the database, as far as readers let it, and
// returns the bytes of log in use.
func writeBack(conn *sqlite.Conn) (int64, error) {
	frames := int64(0)
	err := sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint(PASSIVE)", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		frames = stmt.ColumnInt64(1)
		return nil
	}})
	return frames * pageSize, err
}

func openCheckpointer(dir string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(filepath.Join(dir, databaseName), sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	if err := setPragmas(conn, "synchronous = FULL", "wal_autocheckpoint = 0", "cache_size = -1000"); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func (j *Journal) logSize() int64 {
	info, err := os.Stat(filepath.Join(j.config.Dir, databaseName+"-wal"))
	if err != nil {
		return 0
	}
	return info.Size()
}

// How the log is started anew: its file keeps its length, or is given back.
const (
	restartKept  = "RESTART"
	restartShort = "TRUNCATE"
)

// restarting asks the writer to start the log anew after this commit.
type restarting struct{ how string }

func (*restarting) apply(*tx) error { return nil }

func (r *restarting) committed(j *Journal) { restartLog(j.tx.conn, r.how) }

// restartLog writes the rest of the log back and begins it anew. Readers may
// hold it back; then the next time succeeds.
func restartLog(conn *sqlite.Conn, how string) {
	conn.SetBusyTimeout(20 * time.Millisecond)
	defer conn.SetBusyTimeout(busyTimeout)
	_ = sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint("+how+")", nil)
}
