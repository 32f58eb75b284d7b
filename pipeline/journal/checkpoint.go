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
// beginning, right after it was written back, so that little is left to do.
const (
	checkpointEach = 200 * time.Millisecond
	checkpointFrom = 4 << 20  // bytes of log worth writing back
	restartFrom    = 64 << 20 // bytes of log after which it starts anew
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
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		size := j.logSize()
		if size < checkpointFrom {
			continue
		}
		if conn == nil {
			opened, err := openCheckpointer(j.config.Dir)
			if err != nil {
				continue // the writer meets and reports the same error
			}
			conn = opened
		}
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint(PASSIVE)", nil); err != nil {
			_ = conn.Close()
			conn = nil
			continue
		}
		if size > restartFrom {
			j.later(&restarting{})
		}
	}
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

// restarting asks the writer to start the log anew after this commit.
type restarting struct{}

func (*restarting) apply(*tx) error { return nil }

func (*restarting) committed(j *Journal) { restartLog(j.tx.conn) }

// restartLog writes the rest of the log back and empties it. Readers may hold
// it back; then the next time succeeds.
func restartLog(conn *sqlite.Conn) {
	conn.SetBusyTimeout(20 * time.Millisecond)
	defer conn.SetBusyTimeout(busyTimeout)
	_ = sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint(TRUNCATE)", nil)
}
