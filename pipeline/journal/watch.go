package journal

import (
	"time"

	"zombiezen.com/go/sqlite"
)

// room returns an error when the disk is too full to take more.
func (j *Journal) room() error {
	if err := j.freeError.Load(); err != nil {
		return *err
	}
	return nil
}

// lookAtDisk notes how much room there is.
func (j *Journal) lookAtDisk() {
	free, err := freeBytes(j.config.Dir)
	if err != nil {
		return // the next write will say what is wrong
	}
	j.free.Store(free)
	full := j.config.tooFull(j.config.Dir, free)
	if full == nil {
		j.freeError.Store(nil)
		return
	}
	j.freeError.Store(&full)
}

// watch notices each second how full the disk is and whether a tool has
// changed the database.
func (j *Journal) watch(stop <-chan struct{}) {
	from := &reader{dir: j.config.Dir}
	defer from.close()
	tools := int64(-1)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		j.lookAtDisk()
		var now int64
		err := from.with(func(conn *sqlite.Conn) (err error) {
			now, err = queryInt(conn, "SELECT tools FROM state")
			return err
		})
		if err == nil && tools == -1 {
			tools = now
		}
		if err == nil && now != tools {
			tools = now
			j.recent.clear()
			j.unread.reload()
			j.outbox.reload()
		}
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}
