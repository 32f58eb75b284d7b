package journal

import (
	"fmt"
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

// spareFloors is how many times MinFree must be free for what may be refused.
const spareFloors = 4

// Spare says why nothing is to be stored now that may be refused, such as a
// stranger's file; nil while there is room. The last of the disk is for messages,
// or whoever fills it with files would stop all of them.
func (j *Journal) Spare() error {
	free := j.free.Load()
	if j.config.MinFree < 0 || free/spareFloors >= j.config.MinFree {
		return nil
	}
	return fmt.Errorf("store file: %d bytes are free in %s, less than %d times min_free_bytes %d: the rest is for messages",
		free, j.config.Dir, spareFloors, j.config.MinFree)
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
